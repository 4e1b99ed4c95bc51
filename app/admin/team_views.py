"""Pages of teams, posts, template posts and who holds which post."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, validators

from app.admin import queries, standing_in, teams
from app.admin.models import Post, PostTemplate, Team, TeamMember
from app.core import clock
from app.web.actions import Related, RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.crud_forms import ChoiceField, DayField
from app.web.menu import MenuItem

NEEDED = validators.InputRequired(message=_l("This is needed."))

describe_choice(
    Team, ChoiceOf(("name",), ("name",), load=("project",), detail=lambda row: row.project)
)
describe_choice(
    Post,
    ChoiceOf(("name", "team.name"), ("name",), load=("team",), detail=lambda row: row.team.name),
)
describe_choice(PostTemplate, ChoiceOf(("name",), ("name",), detail=lambda _row: ""))


class TeamView(CrudView):
    """团队."""

    datamodel = SQLAInterface(Team)
    route_base = "/teams"
    permission = "admin.team"
    list_title = _l("Teams")
    add_title = _l("New team")
    empty_sentence = _l("No team yet. A supervisor sees the customers of his team's consultants.")
    list_columns = ("name", "project", "organization", "people")
    search_columns = ("name", "project", "organization")
    order = ("name",)
    label_columns = {"name": _l("Team"), "people": _l("People")}
    computed = {"people": lambda team: queries.team_sizes().get(team.id, 0)}
    show_fieldsets = (("", ("name", "project", "organization")),)
    form_extra = {
        "with_templates": BooleanField(
            _l("Posts of the template"),
            default=True,
            description=_l("The team begins with a post for every template post."),
        )
    }
    add_fieldsets = (("", ("project", "name", "organization", "with_templates")),)
    edit_fieldsets = (("", ("name", "organization")),)
    form_optional = frozenset({"organization"})
    add_operation = teams.add_team
    edit_operation = teams.edit_team
    delete_operation = teams.delete_team
    show_template = "admin/team.html"
    related = (
        Related(_l("Members"), "TeamMemberView", "team", ("user", "post", "from_on", "until_on")),
        Related(_l("Posts"), "PostView", "team", ("name", "superior", "template")),
    )
    exportable = False

    def chart(self, team: Any) -> list[dict[str, Any]]:
        """Return the posts as a tree with the people who hold them today, for the team's page."""
        return queries.team_chart(team.id, clock.today())


class PostView(CrudView):
    """岗位."""

    datamodel = SQLAInterface(Post)
    route_base = "/posts"
    permission = "admin.team"
    method_rights = {"add": "edit", "delete": "edit"}
    list_title = _l("Posts")
    add_title = _l("New post")
    list_columns = ("name", "team", "superior", "template")
    search_columns = ("name", "team", "template")
    order = ("team.name", "name")
    label_columns = {
        "name": _l("Post"),
        "team": _l("Team"),
        "superior": _l("Superior post"),
        "template": _l("Follows the template post"),
    }
    help_columns = {
        "name": _l("Left empty if the post follows a template post."),
        "superior": _l("Whoever holds it sees what this post sees."),
        "template": _l("Name and superior then come from the template post."),
    }
    show_fieldsets = (("", ("name", "team", "superior", "template")),)
    add_fieldsets = (("", ("team", "template", "name", "superior")),)
    edit_fieldsets = (("", ("template", "name", "superior")),)
    form_optional = frozenset({"name", "superior", "template"})
    add_operation = teams.add_post
    edit_operation = teams.edit_post
    delete_operation = teams.delete_post
    related = (
        Related(_l("Members"), "TeamMemberView", "post", ("user", "post", "from_on", "until_on")),
    )
    exportable = False


class TeamMemberView(CrudView):
    """团队成员."""

    datamodel = SQLAInterface(TeamMember)
    route_base = "/team-members"
    permission = "admin.team"
    method_rights = {"add": "edit"}
    list_title = _l("Members of teams")
    add_title = _l("New member")
    list_columns = ("user", "team", "post", "from_on", "until_on")
    search_columns = ("user", "team", "post", "from_on", "until_on")
    order = ("team.name", "-from_on")
    label_columns = {
        "team": _l("Team"),
        "post": _l("Post"),
        "from_on": _l("From day"),
        "until_on": _l("To day"),
    }
    help_columns = {
        "user": _l("He reaches the project and its phases, and signs in again."),
        "until_on": _l("Left empty until further notice; it ends by itself after this day."),
    }
    show_fieldsets = (("", ("user", "team", "post", "from_on", "until_on", "project")),)
    add_fieldsets = (("", ("post", "user", "from_on", "until_on")),)
    edit_fieldsets = (("", ("post", "from_on", "until_on")),)
    form_optional = frozenset({"until_on"})
    add_operation = teams.join_team
    edit_operation = teams.edit_membership
    row_actions = (
        RowAction(
            "stand_in",
            _l("Stand in on another post"),
            "edit",
            standing_in.stand_in,
            fields={
                "post": ChoiceField(_l("Post"), target=Post, validators=[NEEDED]),
                "from_on": DayField(_l("From day"), default=clock.today, validators=[NEEDED]),
                "until_on": DayField(
                    _l("To day"),
                    description=_l("Afterwards the person holds the own post again, by itself."),
                    validators=[NEEDED],
                ),
            },
            done=_l("Saved. It begins and ends by itself."),
            many=False,
            when=lambda member: member.until_on is None or member.until_on >= clock.today(),
        ),
        RowAction(
            "end",
            _l("End the membership"),
            "edit",
            teams.end_membership,
            confirm=_l("From today on the person no longer belongs to the team. Go on?"),
            done=_l("The membership has ended."),
            when=lambda member: member.until_on is None or member.until_on >= clock.today(),
        ),
    )
    exportable = False

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:
        """Let a membership begin today."""
        found = super().prefill(purpose, row)
        return {**found, "from_on": clock.today()} if purpose == "add" else found


class PostTemplateView(CrudView):
    """模板岗位."""

    datamodel = SQLAInterface(PostTemplate)
    route_base = "/post-templates"
    permission = "admin.post_template"
    method_rights = {"add": "edit", "delete": "edit"}
    list_title = _l("Template posts")
    add_title = _l("New template post")
    empty_sentence = _l("No template post yet. Posts of all teams can follow one.")
    list_columns = ("name", "superior")
    search_columns = ("name",)
    order = ("name",)
    label_columns = {"name": _l("Post"), "superior": _l("Superior post")}
    show_fieldsets = (("", ("name", "superior")),)
    form_fieldsets = (("", ("name", "superior")),)
    form_optional = frozenset({"superior"})
    add_operation = teams.add_template
    edit_operation = teams.edit_template
    delete_operation = teams.delete_template
    related = (Related(_l("Posts"), "PostView", "template", ("name", "team", "superior")),)
    exportable = False


VIEWS = [TeamView, PostView, TeamMemberView, PostTemplateView]
MENU = [
    MenuItem(_l("Teams"), "system", 18, "admin.team:see", view=TeamView, icon="users"),
    MenuItem(
        _l("Template posts"),
        "system",
        20,
        "admin.post_template:see",
        view=PostTemplateView,
        icon="tree",
    ),
]
RESOURCES = [crud_api(TeamView), crud_api(TeamMemberView)]

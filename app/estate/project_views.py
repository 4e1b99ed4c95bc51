"""Pages of projects, their permits and their people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import url_for
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.core.money import ROUNDING_STEPS, parse_yuan
from app.estate import entries, facts, operations, policies
from app.estate.models import Permit, Project, ProjectMember
from app.web.actions import PageLink, Related
from app.web.crud import CrudView
from app.web.projects import current_project_id, work_in


def rounding_field() -> Any:
    """Return the choice of what totals are rounded to."""
    steps = [SelectChoice(f"{step:f}", step_words(step)) for step in ROUNDING_STEPS]
    return SelectField(_l("Totals are rounded to"), choices=steps, coerce=parse_yuan)


def step_words(step: Decimal) -> Any:
    """Return what totals are rounded to, in words: 1 元."""
    return _l("%(step)s yuan", step=next((one for one in ROUNDING_STEPS if one == step), step))


def drawings_of(project: Project) -> str:
    """Return where the project's drawings are: their page shows those of the current project."""
    return url_for("DrawingView.gallery") if project.id == current_project_id() else ""


class ProjectView(CrudView):
    """项目."""

    datamodel = SQLAInterface(Project)
    route_base = "/projects"
    permission = policies.PROJECT
    list_title = _l("Projects")
    add_title = _l("New project")
    empty_sentence = _l("No project within your scope yet.")
    list_columns = ("code", "name", "organization", "parent", "city", "company")
    search_columns = ("code", "name", "organization", "parent", "city")
    label_columns = {
        "company": _l("Company"),
        "city": _l("City"),
        "parent": _l("Phase of"),
        "total_rounding": _l("Totals are rounded to"),
        "team_shares": _l("Teams share their customers"),
        "map_point": _l("Point on the map"),
        "plot_place": _l("Plot"),
        "plot_number": _l("Plot number"),
        "plot_area": _l("Area of the plot"),
        "land_use": _l("Land use"),
        "grant_contract": _l("Land grant contract"),
        "term_from": _l("Term of use from"),
        "term_until": _l("Term of use until"),
        "land_certificate": _l("Land use certificate"),
        "planning_permit": _l("Planning permit"),
        "construction_permit": _l("Construction permit"),
        "title_number": _l("Title number of the whole"),
        "saleable_area": _l("Saleable area"),
        "started_on": _l("Construction began"),
        "opened_on": _l("Opened for sale"),
    }
    formatters = {"total_rounding": step_words}
    units = {"plot_area": "㎡", "saleable_area": "㎡"}
    help_columns = {
        "team_shares": _l(
            "Consultants see the customers and deals of their whole team, not only their own."
        ),
        "map_point": _l("Latitude and longitude as map apps copy them (GCJ-02), in either order."),
        "parent": _l("Leave it empty unless this is a phase of another project."),
        "organization": _l("Whoever belongs to this organization reaches the project."),
    }
    load = ("organization", "parent")
    order = ("code",)
    show_fieldsets = (
        ("", ("code", "name", "organization", "parent")),
        (_l("Place and company"), ("company", "city", "address", *facts.PLACE)),
        (_l("Land"), facts.LAND),
        (_l("Building and opening"), facts.BUILDING),
        (_l("Prices"), ("total_rounding",)),
        (_l("Customers"), ("team_shares",)),
    )
    form_fieldsets = show_fieldsets
    form_extra = {"total_rounding": rounding_field()}
    add_operation = operations.create_project
    also_check = entries.check_project
    edit_operation = operations.edit_project
    delete_operation = operations.delete_project
    related = (
        Related(_l("Phases"), "ProjectView", "parent", quiet=True),
        Related(_l("Zones"), "ZoneView", "project"),
        Related(_l("Buildings"), "BuildingView", "project"),
        Related(
            _l("Milestones"),
            "MilestoneView",
            "project",
            columns=("building", "kind", "planned_on", "actual_on", "stand"),
        ),
        Related(_l("Launch batches"), "LaunchBatchView", "project"),
        Related(_l("Pre-sale permits"), "PermitView", "project"),
        Related(_l("Teams"), "TeamView", "project"),
        Related(_l("People"), "ProjectMemberView", "project"),
    )
    page_links = (PageLink(_l("Drawings"), f"{policies.DRAWING}:see", drawings_of, icon="drawing"),)
    exportable = False

    def was_added(self, pk: int, actor: Actor) -> None:  # noqa: ARG002 - the signature is general
        """Work in the new project from now on: the next steps are meant for it."""
        work_in(pk)


class PermitView(CrudView):
    """预售许可证."""

    datamodel = SQLAInterface(Permit)
    route_base = "/permits"
    permission = policies.PERMIT
    list_title = _l("Pre-sale permits")
    add_title = _l("Enter permit")
    empty_sentence = _l("No permit yet. Without one, rooms of a building cannot be released.")
    list_columns = ("number", "granted_on", "building_names", "project")
    search_columns = ("number", "granted_on", "buildings", "project")
    computed = {"building_names": lambda permit: "、".join(map(str, permit.buildings))}
    label_columns = {
        "number": _l("Permit number"),
        "granted_on": _l("Granted on"),
        "buildings": _l("Buildings"),
        "building_names": _l("Buildings"),
    }
    load = ("buildings",)
    order = ("-granted_on",)
    show_fieldsets = (("", ("number", "granted_on", "building_names", "project")),)
    add_fieldsets = (("", ("project", "number", "granted_on", "buildings")),)
    edit_fieldsets = (("", ("number", "granted_on", "buildings")),)
    add_operation = operations.add_permit
    also_check = entries.check_permit
    edit_operation = operations.edit_permit
    delete_operation = operations.delete_permit
    exportable = False


def member_title(member: ProjectMember) -> str:
    """Return who belongs to what."""
    return f"{member.user} · {member.project}"


class ProjectMemberView(CrudView):
    """项目成员."""

    datamodel = SQLAInterface(ProjectMember)
    route_base = "/project-members"
    permission = policies.PROJECT_MEMBER
    list_title = _l("People of projects")
    add_title = _l("Attach somebody")
    empty_sentence = _l("Nobody is attached to this project directly.")
    list_columns = ("user", "user.username", "project", "from_on", "until_on")
    search_columns = ("user", "project", "from_on", "until_on")
    label_columns = {
        "user.username": _l("User name"),
        "from_on": _l("From day"),
        "until_on": _l("To day"),
    }
    help_columns = {
        "user": _l("He reaches the project and its phases, and signs in again."),
        "until_on": _l("Left empty until further notice; it ends by itself after this day."),
    }
    show_fieldsets = (("", ("user", "user.username", "project", "from_on", "until_on")),)
    add_fieldsets = (("", ("project", "user", "from_on", "until_on")),)
    edit_fieldsets = (("", ("from_on", "until_on")),)
    form_optional = frozenset({"from_on", "until_on"})
    method_rights = {"edit": "add"}
    add_operation = operations.add_member
    edit_operation = operations.edit_member
    delete_operation = operations.remove_member
    row_title = staticmethod(member_title)
    exportable = False

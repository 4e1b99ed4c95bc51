"""System pages: users, roles, organizations and their members, the audit, settings."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, PasswordField, validators

from app.admin import (
    handover_views,
    operations,
    policies,
    queries,
    rights,
    team_views,
    tree_views,
    view_as_views,
)
from app.admin.audit_views import AuditView
from app.admin.models import AppUser, Organization, OrganizationMember
from app.admin.reach import nodes_within, users_offered, users_within
from app.admin.role_views import AREA_TITLES, RoleView, role_title
from app.admin.second_factor import has_factor
from app.admin.session_views import (
    SIGN_IN_ACTIONS,
    SIGN_INS_OF_USER,
    SessionView,
    SignInSecurityView,
)
from app.admin.tree_views import OrganizationTreeView
from app.core import settings
from app.core.actor import Actor
from app.core.errors import DomainError, NotAllowed
from app.core.permissions import ROLE_TITLES
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.actions import Related, RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.crud_forms import ChoiceField, LineField
from app.web.formats import yes_no
from app.web.menu import MenuItem
from app.web.offered import narrow_rows
from app.web.rest import current

NEEDED = validators.InputRequired(message=_l("This is needed."))


describe_choice(
    AppUser,
    ChoiceOf(
        ("first_name", "username"),
        ("first_name",),
        detail=lambda u: u.username,
        private=("username",),
        private_right="admin.user:see",
    ),
)
narrow_rows(AppUser, users_offered)
narrow_rows(Organization, nodes_within)
describe_choice(Organization, ChoiceOf(("name", "code"), ("name",), detail=lambda o: o.code))


class UserView(CrudView):
    """用户."""

    datamodel = SQLAInterface(AppUser)
    route_base = "/users"
    permission = "admin.user"
    list_title = _l("Users")
    search_rank = 60
    add_title = _l("New user")
    list_columns = ["first_name", "username", "roles", "whole_group", "last_login", "active"]
    search_columns = ["first_name", "username", "roles", "active"]
    order = ("first_name",)
    label_columns = {
        "first_name": _l("Full name"),
        "username": _l("User name"),
        "roles": _l("Roles"),
        "whole_group": _l("Whole group"),
        "last_login": _l("Last signed in"),
        "login_count": _l("Times signed in"),
        "active": _l("In use"),
        "email": _l("Mail"),
        "must_change_password": _l("Must change the password"),
        "second_factor": _l("Second factor"),
    }
    help_columns = {"whole_group": _l("Reaches every project of the group.")}
    formatters = {"roles": lambda roles: "、".join(role_title(role) for role in roles)}
    computed = {"second_factor": lambda user: yes_no(has_factor(user.id))}
    show_fieldsets = [
        (_l("Person"), ["first_name", "username", "email", "active"]),
        (_l("Access"), ["roles", "whole_group", "must_change_password"]),
        (_l("Signing in"), ["last_login", "login_count", "second_factor"]),
    ]
    form_extra = {
        "full_name": LineField(_l("Full name"), validators=[NEEDED, validators.Length(max=60)]),
        "password": PasswordField(
            _l("First password"),
            description=_l("At least 10 characters, not an everyday word; the person changes it."),
            validators=[NEEDED],
        ),
        "whole_group": BooleanField(
            _l("Whole group"), description=_l("Reaches every project of the group.")
        ),
        "role": ChoiceField(_l("Roles"), target=Role, address="/choices/UserView/role", many=True),
    }
    add_fieldsets = [
        (_l("Person"), ["full_name", "username", "email"]),
        (_l("Access"), ["role", "whole_group", "password"]),
    ]
    edit_fieldsets = [(_l("Person"), ["full_name", "active"]), (_l("Access"), ["role"])]
    form_optional = frozenset({"email"})
    add_operation = operations.add_user
    edit_operation = operations.edit_user
    row_actions = [
        *SIGN_IN_ACTIONS,
        RowAction(
            "entrust",
            _l("Roles he may give"),
            "edit",
            operations.entrust_roles,
            fields={
                "role": ChoiceField(
                    _l("Roles"),
                    target=Role,
                    many=True,
                    description=_l(
                        "He gives these roles within his own scope and looks after the accounts"
                        " that hold them. What they do, he may not do himself. What is chosen here"
                        " takes the place of what was chosen before."
                    ),
                )
            },
            done=_l("Saved: he may give these roles."),
            many=False,
            when=lambda user: (
                policies.administers_group(current())
                and not user.whole_group
                and "admin.user:edit" in rights.rights_of_user(user.id)
            ),
        ),
    ]
    related = [
        Related(_l("Organizations"), "MemberView", "user", ("organization", "from_on", "until_on")),
        Related(_l("Teams"), "TeamMemberView", "user", ("team", "post", "from_on", "until_on")),
        SIGN_INS_OF_USER,
    ]
    show_template = "admin/user.html"
    exportable = False

    def narrow(self, actor: Actor) -> Any:
        """Keep to the accounts within the actor's reach."""
        return users_within(actor)

    def governs(self, user: AppUser) -> bool:
        """Tell whether the person at the page may act on the account, beyond taking away."""
        return policies.is_governed(user, current())

    def entrusted(self, user: AppUser) -> str:
        """Return the roles that an administrator may give beside what he holds."""
        codes = queries.entrusted_roles(user.id)
        return "、".join(str(queries.title_of_role(code)) for code in codes)

    def why_not(self, user: AppUser) -> str:
        """Return why some steps are missing on an account's page, or nothing."""
        try:
            policies.require_governed(user, current())
        except NotAllowed as error:
            return str(error.message)
        return ""

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:
        """Fill in what the model keeps under other names."""
        if purpose == "edit" and row is not None:
            return {"full_name": row.full_name, "role": row.roles}
        return super().prefill(purpose, row)


class OrganizationView(CrudView):
    """组织."""

    datamodel = SQLAInterface(Organization)
    route_base = "/organizations"
    permission = "admin.organization"
    list_title = _l("Organizations")
    add_title = _l("New organization")
    empty_sentence = _l("No organization yet. Begin with the group; companies hang under it.")
    list_columns = ["name", "code", "parent"]
    search_columns = ["name", "code", "parent"]
    order = ("code",)
    help_columns = {"code": _l("Short and unique; programs use it.")}
    show_fieldsets = [("", ["name", "code", "parent"])]
    form_fieldsets = [("", ["name", "code", "parent"])]
    add_operation = operations.add_organization
    edit_operation = operations.edit_organization
    delete_operation = operations.delete_organization
    related = [
        Related(_l("Below it"), "OrganizationView", "parent"),
        Related(
            _l("Members"),
            "MemberView",
            "organization",
            ("user", "user.username", "from_on", "until_on"),
        ),
    ]
    exportable = False

    def narrow(self, actor: Actor) -> Any:
        """Keep to the nodes within the actor's reach."""
        return nodes_within(actor)


class MemberView(CrudView):
    """组织成员."""

    datamodel = SQLAInterface(OrganizationMember)
    route_base = "/members"
    permission = "admin.organization"
    method_rights = {"add": "edit", "delete": "edit"}
    list_title = _l("Members of organizations")
    add_title = _l("New member")
    list_columns = ["user", "user.username", "organization", "from_on", "until_on"]
    search_columns = ["user", "organization", "from_on", "until_on"]
    label_columns = {
        "user.username": _l("User name"),
        "from_on": _l("From day"),
        "until_on": _l("To day"),
    }
    help_columns = {
        "until_on": _l("Left empty until further notice; it ends by itself after this day.")
    }
    order = ("organization.name", "user.first_name")
    show_fieldsets = [("", ["user", "user.username", "organization", "from_on", "until_on"])]
    add_fieldsets = [("", ["user", "organization", "from_on", "until_on"])]
    edit_fieldsets = [("", ["from_on", "until_on"])]
    form_optional = frozenset({"from_on", "until_on"})
    row_title = staticmethod(lambda row: f"{row.user} · {row.organization}")
    exportable = False

    add_operation = operations.join_organization
    edit_operation = operations.edit_organization_member
    delete_operation = operations.leave_organization

    def narrow(self, actor: Actor) -> Any:
        """Keep to the members of nodes within the actor's reach."""
        within = nodes_within(actor)
        if not within:
            return ()
        return [OrganizationMember.organization_id.in_(select(Organization.id).where(*within))]


class SettingsView(BaseView):
    """参数: business settings of the group."""

    route_base = "/settings"
    default_view = "edit"

    @expose("/")
    @needs("admin.setting:see")
    def edit(self) -> Any:
        """Show every setting with its value."""
        return self._page(None, "")

    @expose("/<name>", methods=["POST"])
    @needs("admin.setting:edit")
    def save(self, name: str) -> Any:
        """Store one setting."""
        try:
            with unit_of_work(current()):
                operations.change_setting(name, typed_setting(name, request.form), actor=current())
        except DomainError as error:
            return self._page(name, str(error.message)), error.status
        flash(_("The setting has been stored."))
        return redirect(f"{self.route_base}/#{name}")

    def _page(self, wrong: str | None, sentence: str) -> Any:
        groups: dict[str, list[Any]] = {}
        for one in settings.declared():
            value = settings.get_setting(one)
            if one.name == wrong:
                value = typed_setting(one.name, request.form)
            groups.setdefault(one.name.partition(".")[0], []).append((one, value))
        return self.render_template(
            "admin/settings.html",
            groups=[(AREA_TITLES.get(area, area), values) for area, values in groups.items()],
            wrong=wrong,
            sentence=sentence,
            roles=ROLE_TITLES,
            editable=current().may("admin.setting:edit"),
        )


def typed_setting(name: str, given: MultiDict[str, str]) -> Any:
    """Return what was typed for a setting, in the shape of its default."""
    default = next((one.default for one in settings.declared() if one.name == name), "")
    if isinstance(default, bool):
        return "value" in given
    if isinstance(default, dict):
        whole = all(isinstance(one, int) for one in default.values())
        typed = {key.removeprefix("of."): text for key, text in given.items() if key[:3] == "of."}
        typed[given.get("new_key", "")] = given.get("new_value", "")
        return {
            key: _whole(text) if whole else text.strip()
            for key, text in typed.items()
            if key and text.strip()
        }
    text = given.get("value", "").strip()
    return _whole(text) if isinstance(default, int) else text


def _whole(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isdecimal() else text


VIEWS = [
    UserView,
    RoleView,
    *tree_views.VIEWS,
    OrganizationView,
    MemberView,
    *team_views.VIEWS,
    SessionView,
    SignInSecurityView,
    *view_as_views.VIEWS,
    *handover_views.VIEWS,
    AuditView,
    SettingsView,
]
MENU = [
    MenuItem(_l("Users"), "system", 10, "admin.user:see", view=UserView, icon="user"),
    MenuItem(
        _l("Roles and permissions"), "system", 12, "admin.role:see", view=RoleView, icon="key"
    ),
    MenuItem(
        _l("Organizations"),
        "system",
        14,
        "admin.organization:see",
        view=OrganizationTreeView,
        icon="tree",
    ),
    *team_views.MENU,
    MenuItem(
        _l("Signed in now"), "system", 22, "admin.session:see", view=SessionView, icon="screen"
    ),
    MenuItem(
        _l("Sign-in security"),
        "system",
        24,
        "admin.role:see",
        view=SignInSecurityView,
        icon="lock",
    ),
    MenuItem(_l("Settings"), "system", 30, "admin.setting:see", view=SettingsView, icon="settings"),
    MenuItem(_l("Audit"), "system", 26, "admin.audit:see", view=AuditView, icon="shield"),
]
RESOURCES = [crud_api(OrganizationView), *team_views.RESOURCES]

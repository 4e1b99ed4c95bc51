"""Pages of roles: the matrix by area, one role with its changes before saving, two compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import validators

from app.admin import policies, queries, roles
from app.admin.reach import users_offered
from app.core.actor import Actor
from app.core.errors import DomainError, NotFound
from app.core.permissions import Permission, all_permissions
from app.core.uow import unit_of_work
from app.web.actions import RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView, guarded
from app.web.crud_forms import LineField, LinesField
from app.web.rest import current

#: what may be an id in an address: short enough for the database's integers
LIKE_AN_ID = re.compile(r"[0-9]{1,9}")
NEEDED = validators.InputRequired(message=_l("This is needed."))

#: areas in the order of the work day
AREA_TITLES: dict[str, Any] = {
    "workflows": _l("Approvals"),
    "grid": _l("Sales control"),
    "estate": _l("Rooms"),
    "pricing": _l("Prices"),
    "customers": _l("Customers"),
    "sales": _l("Sales"),
    "finance": _l("Finance"),
    "devices": _l("Devices"),
    "lists": _l("Lists"),
    "upkeep": _l("How it runs"),
    "admin": _l("System"),
}


def role_title(role: Any) -> str:
    """Return a role's name in the reader's language."""
    return str(queries.title_of_role(role.name))


describe_choice(Role, ChoiceOf(("name",), ("id",), title=role_title))


def permission_groups() -> list[tuple[Any, list[Permission]]]:
    """Return the permissions by area, in the order of the menu, and by what they act upon."""
    found: dict[str, list[Permission]] = {}
    for permission in all_permissions():
        found.setdefault(permission.name.partition(".")[0], []).append(permission)
    order = list(AREA_TITLES)
    names = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return [(AREA_TITLES.get(name, name), found[name]) for name in names]


def titles_of(rights: Iterable[str]) -> list[str]:
    """Return the rights in words, in the order of the matrix."""
    wanted = set(rights)
    return [str(one.title) for _area, some in permission_groups() for one in some
            if one.name in wanted]  # fmt: skip


class RoleView(CrudView):
    """角色: what each may do; presets can be changed, and keep the change at the next sync."""

    datamodel = SQLAInterface(Role)
    route_base = "/roles"
    permission = "admin.role"
    list_title = _l("Roles and permissions")
    list_columns = ["title", "name"]
    search_columns = ["name"]
    order = ("name",)
    label_columns = {"name": _l("Code"), "title": _l("Role")}
    computed = {"title": role_title}
    row_title = staticmethod(role_title)
    exportable = False
    form_extra = {
        "title": LineField(_l("Name"), validators=[NEEDED, validators.Length(max=60)]),
        "description": LinesField(_l("What it is for"), validators=[validators.Length(max=400)]),
    }
    edit_fieldsets = [("", ["title", "description"])]
    form_optional = frozenset({"description"})
    edit_operation = roles.describe_role
    delete_operation = roles.delete_role
    row_actions = [
        RowAction(
            "copy",
            _l("Copy"),
            "add",
            roles.copy_role,
            fields={
                "title": LineField(
                    _l("Name of the copy"), validators=[NEEDED, validators.Length(max=60)]
                ),
                "description": LinesField(
                    _l("What it is for"), validators=[validators.Length(max=400)]
                ),
            },
            done=_l("The role has been copied."),
            many=False,
        ),
        RowAction(
            "restore",
            _l("Restore the preset"),
            "edit",
            roles.restore_preset,
            confirm=_l("Bring the role back to what the preset says? People sign in again."),
            done=_l("The preset has been restored."),
            many=False,
        ),
    ]

    @expose("/list/")
    @guarded("see")
    def list(self, *, actor: Actor) -> Any:
        """Show all roles side by side: rows are rights by area."""
        found = queries.list_roles()
        return self.render_template(
            "admin/roles.html",
            view=self,
            roles=found,
            presets={one.code: roles.preset_rights(one.code) for one in found if one.is_preset},
            groups=permission_groups(),
            may_copy=actor.may("admin.role:add"),
        )

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:
        """Fill in what the role's profile holds."""
        if row is None:
            return super().prefill(purpose, row)
        one = self._summary(row.id)
        return {"title": one.title, "description": one.description}

    @expose("/show/<int:pk>", methods=["GET", "POST"])
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show what the role may do; a post shows what would change, a confirmed one changes it."""
        self.get(pk, actor)
        if request.method == "GET":
            return self._page(pk, actor, held=self._summary(pk).rights)
        actor.require("admin.role:edit")
        wanted = set(request.form.getlist("right"))
        if "confirmed" not in request.form:
            return self._preview(pk, wanted)
        seen = set(request.form.getlist("seen"))
        try:
            with unit_of_work(actor):
                roles.edit_role(self.get(pk, actor), permissions=wanted, seen=seen, actor=actor)
        except DomainError as error:
            return self._page(pk, actor, held=wanted, problem=error.message), error.status
        flash(_("%(record)s has been changed.", record=self._summary(pk).title))
        return redirect(self.url("show", pk=pk))

    @expose("/compare/")
    @guarded("see")
    def compare(self, *, actor: Actor) -> Any:  # noqa: ARG002 - guarded gives it
        """Show two roles side by side, what differs first."""
        found = queries.list_roles()
        chosen = [self._chosen(found, request.args.get(name), at) for at, name in enumerate("ab")]
        first, second = (one.rights for one in chosen)
        return self.render_template(
            "admin/role_compare.html",
            view=self,
            roles=found,
            chosen=chosen,
            differing=_within(first ^ second),
            common=_within(first & second),
        )

    def _chosen(self, found: Any, given: str | None, place: int) -> queries.RoleSummary:
        key = found[min(place, len(found) - 1)].id
        if given and LIKE_AN_ID.fullmatch(given):
            key = int(given)
        return self._summary(key, found)

    def _summary(self, pk: int, found: Any = None) -> queries.RoleSummary:
        known = found if found is not None else queries.list_roles()
        one = next((role for role in known if role.id == pk), None)
        if one is None:
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        return one

    def _page(self, pk: int, actor: Actor, *, held: Any, problem: Any = None) -> Any:
        one = self._summary(pk)
        preset = roles.preset_rights(one.code)
        fixed = roles.why_fixed(self.get(pk, actor), actor)
        return self.render_template(
            "admin/role.html",
            view=self,
            role=one,
            groups=permission_groups(),
            held=set(held),
            preset=preset,
            added=titles_of(one.rights - preset) if one.is_preset else [],
            missing=titles_of(preset - one.rights) if one.is_preset else [],
            people=queries.names_with_role(pk, *users_offered(actor)),
            problem=problem,
            editable=actor.may("admin.role:edit") and not fixed,
            fixed=fixed,
            in_hand=policies.is_in_hand(one.rights, actor),
            actor=actor,
        )

    def _preview(self, pk: int, wanted: set[str]) -> Any:
        one = self._summary(pk)
        if wanted == one.rights:
            flash(_("Nothing was changed."))
            return redirect(self.url("show", pk=pk))
        return self.render_template(
            "admin/role_change.html",
            view=self,
            role=one,
            wanted=sorted(wanted),
            given=titles_of(wanted - one.rights),
            taken=titles_of(one.rights - wanted),
            people=queries.names_with_role(pk, *users_offered(current())),
        )


def _within(rights: Iterable[str]) -> list[tuple[Any, list[Permission]]]:
    wanted = set(rights)
    found = [(area, [one for one in some if one.name in wanted])
             for area, some in permission_groups()]  # fmt: skip
    return [(area, some) for area, some in found if some]

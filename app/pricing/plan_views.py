"""Pages of price plans: drafted by hand or by change, typed in a table, shown before and after."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from flask import flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import validators

from app.core import audit
from app.core.actor import Actor
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.estate.models import Building, HouseType, Zone
from app.estate.queries import get_project
from app.pricing import entries, operations, policies
from app.pricing.models import PricePlan, PricePlanState
from app.pricing.operations import Adjustment, PlanHead
from app.pricing.plan_sheet import write_plan
from app.pricing.plan_words import terms_words
from app.pricing.queries import (
    LineFilter,
    RoomSelection,
    iterate_plan_lines,
    list_plan_lines,
    list_requests_of_plan,
    list_waiting_plans,
    plan_counts,
    plan_figures,
    plan_figures_by_building,
    plan_figures_by_house_type,
)
from app.pricing.reading import read_percent
from app.pricing.settings import floor_terms, noted_change
from app.pricing.titles import LEFT_BECAUSE, PLAN_ORIGINS, PRICE_BASES
from app.web import show_page
from app.web.crud import CrudView, guarded
from app.web.crud_forms import AmountField, ChoiceField, DayField, WholeField
from app.web.export import XLSX

#: rooms of a plan that one page shows
PLAN_PAGE = 100
#: what one chooses rooms by
SELECTION = ("zones", "buildings", "house_types", "floor_from", "floor_to")
CHANGES = ("percent", "per_area", "per_room")


def draft_plan(  # noqa: PLR0913 - one argument a field of the form
    *,
    project_id: int,
    name: str,
    takes_effect_on: date | None,
    zone_ids: list[int],
    building_ids: list[int],
    house_type_ids: list[int],
    floor_from: int | None,
    floor_to: int | None,
    actor: Actor,
    **changes: Decimal | None,
) -> PricePlan:
    """Draft the plan of the form: by the change that was given, or by hand without one."""
    selection = RoomSelection(
        project_id,
        tuple(building_ids),
        tuple(house_type_ids),
        floor_from,
        floor_to,
        zone_ids=tuple(zone_ids),
    )
    head = PlanHead(name, selection, takes_effect_on)
    if any(change is not None for change in changes.values()):
        return operations.draft_adjusted_plan(head, adjustment=Adjustment(**changes), actor=actor)
    return operations.draft_plan_by_hand(head, actor=actor)


def _choice(label: Any, target: type, name: str, **more: Any) -> ChoiceField:
    address = f"/choices/PricePlanView/{name}"
    return ChoiceField(label, target=target, address=address, many=True, **more)  # type: ignore[return-value]


class PricePlanView(CrudView):
    """定价方案: before and after of every room, totals, and the way to approval."""

    datamodel = SQLAInterface(PricePlan)
    route_base = "/price-plans"
    permission = policies.PLAN
    list_title = _l("Price plans")
    search_rank = 45
    add_title = _l("New price plan")
    empty_sentence = _l("No price plan yet. Import a price list; its prices become a draft.")
    list_columns = (
        "number",
        "name",
        "state",
        "origin",
        "created_at",
        "takes_effect_on",
        "effective_at",
        "project",
    )
    search_columns = ("number", "name", "state", "created_at", "takes_effect_on")
    states = {"state": PricePlanState}
    formatters = {"origin": lambda origin: PLAN_ORIGINS.get(origin, origin)}
    computed = {"worked_out": terms_words}
    label_columns = {
        "name": _l("Price plan"),
        "origin": _l("Source"),
        "worked_out": _l("How the prices were worked out"),
        "takes_effect_on": _l("Takes effect on"),
        "approved_at": _l("Approved"),
        "effective_at": _l("In force since"),
        "closing_note": _l("Why it was cancelled"),
        "zones": _l("Zones"),
        "buildings": _l("Buildings"),
        "house_types": _l("House types"),
        "floor_from": _l("From floor"),
        "floor_to": _l("To floor"),
        "percent": _l("By percent"),
        "per_area": _l("By yuan per m²"),
        "per_room": _l("By yuan a room"),
    }
    help_columns = {
        "name": _l("What the approvers will know it by."),
        "takes_effect_on": _l("Prices change at 0:00 of this day. Empty: with the last yes."),
    }
    wide = ("worked_out", "closing_note")
    show_fieldsets = (
        (
            "",
            (
                "number",
                "name",
                "state",
                "origin",
                "created_at",
                "takes_effect_on",
                "approved_at",
                "effective_at",
                "project",
                "worked_out",
                "closing_note",
            ),
        ),
    )
    add_fieldsets = (
        (_l("Price plan"), ("project", "name", "takes_effect_on")),
        (_l("Unsold rooms"), SELECTION),
        (_l("Change of the prices in force"), CHANGES),
    )
    edit_fieldsets = (("", ("name", "takes_effect_on")),)
    add_operation = draft_plan
    also_check = entries.check_plan
    edit_operation = operations.edit_price_plan
    delete_operation = operations.delete_price_plan
    can_edit = staticmethod(policies.is_open)
    list_template = "pricing/price_plans.html"
    form_template = "pricing/price_plan_form.html"
    show_template = "pricing/price_plan.html"
    exportable = False

    form_extra = {
        "takes_effect_on": DayField(_l("Takes effect on")),
        "zones": _choice(_l("Zones"), Zone, "zones", description=_l("With the zones inside them.")),
        "buildings": _choice(
            _l("Buildings"), Building, "buildings", description=_l("Empty: the whole project.")
        ),
        "house_types": _choice(
            _l("House types"), HouseType, "house_types", description=_l("Empty: all of them.")
        ),
        "floor_from": WholeField(_l("From floor"), [validators.Optional()]),
        "floor_to": WholeField(_l("To floor"), [validators.Optional()]),
        "percent": AmountField(
            _l("By percent"),
            description=_l("3 raises, -3 lowers. Leave all three empty to type prices by hand."),
        ),
        "per_area": AmountField(_l("By yuan per m²")),
        "per_room": AmountField(_l("By yuan a room")),
    }
    form_optional = frozenset({"takes_effect_on", *SELECTION, *CHANGES})

    def _after(self, row: Any, actor: Actor) -> str:
        if row.origin == "hand" and policies.can_edit_plan(row, actor):
            return url_for("PricePlanView.table", pk=row.id)
        return super()._after(row, actor)

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show a plan with its rooms before and after."""
        plan = self.get(pk, actor)
        beyond = read_percent(request.args.get("beyond"), noted_change(plan.project_id))
        only = _filter(actor)
        after = request.args.get("after", default=0, type=int)
        lines = list_plan_lines(pk, after=after, limit=PLAN_PAGE + 1, only=only, beyond=beyond)
        return self.render_template(
            self.show_template,
            page=show_page.build(self, plan, actor),
            figures=plan_figures(pk),
            parts=plan_figures_by_building(pk),
            kinds=plan_figures_by_house_type(pk),
            counts=plan_counts(pk, beyond=beyond),
            beyond=beyond,
            only=only.value,
            lines=lines[:PLAN_PAGE],
            next_after=lines[PLAN_PAGE - 1].row_id if len(lines) > PLAN_PAGE else None,
            after=after,
            waiting=list_waiting_plans(pk) if policies.is_open(plan) else [],
            left_words=LEFT_BECAUSE,
            bases=PRICE_BASES,
            sees_floor=policies.can_see_floor(actor),
            may_type=policies.can_edit_plan(plan, actor),
            may_submit=policies.can_submit_plan(plan, actor),
            may_cancel=policies.can_cancel_plan(plan, actor),
            may_export=actor.may(f"{policies.PLAN}:export"),
            requests=list_requests_of_plan(pk),
        )

    @expose("/table/<int:pk>")
    @guarded("see")
    def table(self, pk: int, *, actor: Actor) -> Any:
        """Show the table in which a plan's prices are typed; its rows are read by the script."""
        plan = self.get(pk, actor)
        percent, step = floor_terms(plan.project_id)
        setup = {
            "plan": plan.id,
            "rows": url_for("PlanTableApi.table", plan_id=plan.id),
            "save": url_for("PlanTableApi.cells", plan_id=plan.id),
            "remove": url_for("PlanTableApi.remove_rooms", plan_id=plan.id),
            "editable": policies.can_edit_plan(plan, actor),
            "floors": policies.can_see_floor(actor),
            "rounding": str(get_project(plan.project_id).total_rounding),
            "floorPercent": str(percent),
            "floorStep": str(step),
            "bases": {name: str(title) for name, title in PRICE_BASES.items()},
        }
        return self.render_template("pricing/plan_table.html", plan=plan, setup=setup)

    @expose("/cancel/<int:pk>", methods=["POST"])
    @guarded("cancel")
    def cancel(self, pk: int, *, actor: Actor) -> Any:
        """Cancel an approved plan before its day."""
        plan = self.get(pk, actor)
        try:
            with unit_of_work(actor):
                operations.cancel_scheduled_plan(
                    self.get(pk, actor), reason=request.form.get("reason", ""), actor=actor
                )
        except DomainError as error:
            flash(str(error.message), "danger")
        else:
            flash(_("%(plan)s is cancelled; prices stay as they are.", plan=str(plan)))
        return redirect(self.url("show", pk=pk))

    @expose("/show/<int:pk>/rows.xlsx")
    @guarded("export")
    def rows_sheet(self, pk: int, *, actor: Actor) -> Any:
        """Send the plan's rows as an Excel sheet; written into the audit."""
        plan = self.get(pk, actor)
        stream, name = BytesIO(), f"{plan.number}.xlsx"
        with unit_of_work(actor):
            count = write_plan(
                iterate_plan_lines(pk), stream, sees_floor=policies.can_see_floor(actor)
            )
            note = {"rows": count}
            audit.record("export", table_name=PricePlan.__tablename__, row_id=pk, note=note)
        stream.seek(0)
        return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


def _filter(actor: Actor) -> LineFilter:
    """Return which rooms were asked for; what rests on floor prices only for who sees them."""
    try:
        asked = LineFilter(request.args.get("only", "all"))
    except ValueError:
        return LineFilter.ALL
    if asked is LineFilter.BELOW_FLOOR and not policies.can_see_floor(actor):
        return LineFilter.ALL
    return asked

"""Pages of price plans and prices; the index of all that prices show."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

from flask import request, send_file
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.core import audit
from app.core.actor import Actor, current_actor
from app.core.uow import unit_of_work
from app.estate.models import Building
from app.estate.policies import ROOM, ROOM_IMPORT
from app.pricing import operations, policies
from app.pricing.import_views import PriceListView, RoomImportView
from app.pricing.models import PricePlan, PricePlanState, RoomPrice
from app.pricing.plan_sheet import write_plan
from app.pricing.queries import (
    iterate_plan_lines,
    list_plan_lines,
    list_requests_of_plan,
    plan_figures,
    plan_figures_by_building,
)
from app.pricing.sale_views import RELEASE, WITHDRAW, SaleView
from app.pricing.terms_views import DiscountView, PaymentMethodView
from app.pricing.titles import PLAN_ORIGINS
from app.web import show_page
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView, guarded
from app.web.crud_api import crud_api
from app.web.crud_forms import AmountField, ChoiceField
from app.web.export import XLSX
from app.web.menu import MenuItem

#: rooms of a plan that one page shows
PLAN_PAGE = 100


class PricePlanView(CrudView):
    """定价方案: before and after of every room, totals, and the way to approval."""

    datamodel = SQLAInterface(PricePlan)
    route_base = "/price-plans"
    permission = policies.PLAN
    list_title = _l("Price plans")
    search_rank = 45
    add_title = _l("Adjust today's prices")
    empty_sentence = _l("No price plan yet. Import a price list; its prices become a draft.")
    list_columns = ("number", "name", "state", "origin", "created_at", "effective_at", "project")
    search_columns = ("number", "name", "state", "created_at")
    states = {"state": PricePlanState}
    formatters = {"origin": lambda origin: PLAN_ORIGINS.get(origin, origin)}
    label_columns = {
        "name": _l("Price plan"),
        "origin": _l("Source"),
        "effective_at": _l("In force since"),
        "building": _l("Building"),
        "percent": _l("By percent"),
        "per_area": _l("By yuan per m²"),
        "per_room": _l("By yuan a room"),
    }
    help_columns = {"name": _l("What the approvers will know it by.")}
    show_fieldsets = (
        ("", ("number", "name", "state", "origin", "created_at", "effective_at", "project")),
    )
    add_fieldsets = (
        (_l("Price plan"), ("project", "name")),
        (_l("Change of the prices in force"), ("building", "percent", "per_area", "per_room")),
    )
    edit_fieldsets = (("", ("name",)),)
    add_operation = operations.draft_adjusted_plan
    edit_operation = operations.rename_price_plan
    delete_operation = operations.delete_price_plan
    can_edit = staticmethod(policies.is_open)
    show_template = "pricing/price_plan.html"
    exportable = False

    form_extra = {
        "building": ChoiceField(
            _l("Building"),
            target=Building,
            address="/choices/PricePlanView/building",
            description=_l("Empty: the whole project."),
        ),
        "percent": AmountField(_l("By percent"), description=_l("3 raises, -3 lowers.")),
        "per_area": AmountField(_l("By yuan per m²")),
        "per_room": AmountField(_l("By yuan a room")),
    }

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show a plan with its rooms before and after."""
        plan = self.get(pk, actor)
        after = request.args.get("after", default=0, type=int)
        lines = list_plan_lines(pk, after=after, limit=PLAN_PAGE + 1)
        return self.render_template(
            self.show_template,
            page=show_page.build(self, plan, actor),
            figures=plan_figures(pk),
            parts=plan_figures_by_building(pk),
            lines=lines[:PLAN_PAGE],
            below=list_plan_lines(pk, limit=PLAN_PAGE, below_floor=True),
            next_after=lines[PLAN_PAGE - 1].row_id if len(lines) > PLAN_PAGE else None,
            after=after,
            sees_floor=policies.can_see_floor(actor),
            may_submit=policies.can_submit_plan(plan, actor),
            may_export=actor.may(f"{policies.PLAN}:export"),
            requests=list_requests_of_plan(pk),
        )

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


def floor_of(price: RoomPrice) -> Decimal | None:
    """Return the floor total for those who may see it, else nothing."""
    actor = current_actor()
    return price.floor_total if actor is not None and policies.can_see_floor(actor) else None


class RoomPriceView(CrudView):
    """房间价格: what every room cost from when to when."""

    datamodel = SQLAInterface(RoomPrice)
    route_base = "/room-prices"
    permission = policies.ROOM_PRICE
    list_title = _l("Prices")
    empty_sentence = _l("No price yet. Prices come in force with an approved price plan.")
    list_columns = (
        "room",
        "list_unit_price",
        "list_total",
        "floor",
        "plan",
        "valid_from",
        "valid_to",
    )
    search_columns = ("room", "plan", "list_total", "valid_from", "valid_to")
    quick_columns = ("room.number", "plan.number")
    computed = {"floor": floor_of}
    figures = ("floor",)
    label_columns = {
        "list_unit_price": _l("List price per m²"),
        "list_total": _l("List total"),
        "floor": _l("Floor total"),
        "plan": _l("Price plan"),
        "valid_from": _l("In force since"),
        "valid_to": _l("Until"),
    }
    load = ("room.building", "room.entrance", "plan")
    row_title = staticmethod(lambda price: f"{price.room}")
    order = ("-id",)
    show_fieldsets = (("", list_columns),)
    exportable = True


describe_choice(
    PricePlan, ChoiceOf(("number", "name"), order=("number",), detail=lambda plan: plan.name)
)

VIEWS = [
    PriceListView,
    RoomImportView,
    PricePlanView,
    RoomPriceView,
    SaleView,
    PaymentMethodView,
    DiscountView,
]
MENU = [
    MenuItem(
        _l("Release and withdraw"), "rooms", 25, (RELEASE, WITHDRAW), view=SaleView, icon="sign"
    ),
    MenuItem(
        _l("Price plans"), "rooms", 30, f"{policies.PLAN}:see", view=PricePlanView, icon="tag"
    ),
    MenuItem(
        _l("Prices"), "rooms", 35, f"{policies.ROOM_PRICE}:see", view=RoomPriceView, icon="money"
    ),
    MenuItem(
        _l("Payment methods"),
        "base",
        60,
        f"{policies.PAYMENT_METHOD}:see",
        view=PaymentMethodView,
        icon="calendar",
    ),
    MenuItem(
        _l("Discounts"), "base", 70, f"{policies.DISCOUNT}:see", view=DiscountView, icon="percent"
    ),
    MenuItem(_l("Import rooms"), "rooms", 55, f"{ROOM}:import", view=PriceListView, icon="import"),
    MenuItem(
        _l("Imports of price lists"),
        "base",
        80,
        f"{ROOM_IMPORT}:see",
        view=RoomImportView,
        icon="history",
    ),
]
RESOURCES = [
    crud_api(RoomPriceView),
    # What may be chosen today, and methods with their lines, are answered by quote_api.
    crud_api(PaymentMethodView, without=("index", "get", "post", "put")),
    crud_api(DiscountView, without=("index",)),
]

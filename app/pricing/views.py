"""Pages of price plans and prices; the index of all that prices show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor, current_actor
from app.core.errors import Invalid
from app.core.money import plain
from app.estate.models import BaseDataLock, Room
from app.estate.policies import ROOM, ROOM_IMPORT
from app.estate.queries import get_room
from app.pricing import policies
from app.pricing.base_data_views import (
    SEE,
    BaseDataChangeLineView,
    BaseDataChangeView,
    BaseDataView,
)
from app.pricing.import_views import PriceListView, RoomImportLineView, RoomImportView
from app.pricing.loan_views import SEE as LOANS_SEE
from app.pricing.loan_views import LoanView
from app.pricing.models import (
    BaseDataChange,
    BaseDataChangeLine,
    Discount,
    DiscountBuilding,
    PaymentMethod,
    PaymentMethodBuilding,
    PricePlan,
    PricePlanRow,
    PricePublication,
    RoomPrice,
)
from app.pricing.plan_views import PricePlanView
from app.pricing.public_views import PublicPricesView
from app.pricing.publication_views import PricePublicationView
from app.pricing.queries import list_prices, price_at_end_of
from app.pricing.reading import read_day
from app.pricing.rule_views import PriceRuleView
from app.pricing.sale_views import RELEASE, WITHDRAW, SaleView
from app.pricing.terms_views import DiscountView, PaymentMethodView
from app.pricing.titles import PRICE_BASES
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView, guarded
from app.web.crud_api import crud_api
from app.web.menu import MenuItem
from app.web.story_words import StoryOf, describe_story


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
        "price_basis",
        "list_unit_price",
        "list_total",
        "floor",
        "plan",
        "valid_from",
        "valid_to",
    )
    search_columns = ("room", "plan", "list_total", "valid_from", "valid_to")
    quick_columns = ("room.number", "plan.number")
    formatters = {"price_basis": lambda basis: PRICE_BASES.get(basis, basis)}
    computed = {"floor": floor_of}
    figures = ("floor",)
    label_columns = {
        "price_basis": _l("Priced by"),
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

    @expose("/of/<int:room_id>")
    @guarded("see")
    def of_room(self, room_id: int, *, actor: Actor) -> Any:
        """Show what a room cost over time, and what it cost on a day."""
        room, typed = get_room(room_id), request.args.get("on", "")
        prices = list_prices(room_id)
        day, sentence = None, None
        if typed:
            try:
                day = read_day(typed)
            except Invalid as error:
                sentence = error.message
        sees_floor = policies.can_see_floor(actor)
        page = self.render_template(
            "pricing/room_prices.html",
            room=room,
            prices=prices,
            chart=_chart(room, prices, sees_floor=sees_floor),
            on=day,
            typed=typed,
            then=price_at_end_of(room_id, day) if day else None,
            sentence=sentence,
            bases=PRICE_BASES,
            sees_floor=sees_floor,
            sees_plans=actor.may(f"{policies.PLAN}:see"),
        )
        return page, 422 if sentence else 200


def _chart(room: Room, prices: list[RoomPrice], *, sees_floor: bool) -> dict[str, Any]:
    """Return what the chart is drawn from: the table beside it says the same."""
    words = {
        "total": _("List total"),
        "floor": _("Floor total"),
        "ten_thousand": _("ten thousand"),
        "description": _(
            "List total of %(room)s over time; the table below has every figure.", room=room.title
        ),
    }
    points = [
        {
            "from": price.valid_from.isoformat(),
            "total": plain(price.list_total),
            "floor": plain(price.floor_total) if sees_floor else None,
        }
        for price in reversed(prices)
    ]
    return {"points": points, "words": words, "until": clock.now().isoformat()}


for table in (PricePlanRow.__tablename__, RoomPrice.__tablename__):
    describe_story(
        table,
        StoryOf(
            labels={
                "price_basis": _l("Priced by"),
                "left_because": _l("Why it was left alone"),
            }
        ),
    )
describe_story(PricePlan.__tablename__, StoryOf(labels={"terms": _l("How it was worked out")}))
describe_story(
    PricePublication.__tablename__,
    StoryOf(labels={"approvals": _l("Approved price plans"), "is_final": _l("Final")}),
)
for table in (PaymentMethodBuilding.__tablename__, DiscountBuilding.__tablename__):
    describe_story(
        table,
        StoryOf(labels={"method_id": _l("Payment method"), "discount_id": _l("Discount")}),
    )
describe_story(
    BaseDataLock.__tablename__,
    StoryOf(
        labels={
            "sales_reviewed_at": _l("Reviewed for sales"),
            "sales_reviewed_by_id": _l("Reviewed for sales by"),
            "finance_reviewed_at": _l("Reviewed for finance"),
            "finance_reviewed_by_id": _l("Reviewed for finance by"),
            "locked_at": _l("Locked"),
            "opened_for": _l("Open for the change"),
        },
        silent=frozenset({"sales_digest", "finance_digest"}),
    ),
)
describe_story(
    BaseDataChangeLine.__tablename__,
    StoryOf(labels={"room_id": _l("Room"), "house_type_id": _l("House type"),
                    "payment_method_id": _l("Payment method"), "discount_id": _l("Discount")}),
)  # fmt: skip
describe_choice(
    BaseDataChange,
    ChoiceOf(("number", "name"), order=("number",), detail=lambda change: change.name),
)
describe_choice(PaymentMethod, ChoiceOf(("name",), order=("position",)))
describe_choice(Discount, ChoiceOf(("name",), order=("position",)))
describe_choice(
    PricePlan, ChoiceOf(("number", "name"), order=("number",), detail=lambda plan: plan.name)
)

VIEWS = [
    PriceListView,
    RoomImportView,
    RoomImportLineView,
    PriceRuleView,
    PricePlanView,
    RoomPriceView,
    PricePublicationView,
    SaleView,
    PaymentMethodView,
    DiscountView,
    LoanView,
    PublicPricesView,
    BaseDataView,
    BaseDataChangeView,
    BaseDataChangeLineView,
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
        _l("Published price lists"),
        "rooms",
        37,
        f"{policies.PUBLICATION}:see",
        view=PricePublicationView,
        icon="print",
    ),
    MenuItem(_l("Loan calculator"), "rooms", 39, LOANS_SEE, view=LoanView, icon="calculator"),
    MenuItem(
        _l("Payment methods"),
        "base",
        60,
        f"{policies.PAYMENT_METHOD}:see",
        view=PaymentMethodView,
        icon="cards",
        section="terms",
    ),
    MenuItem(
        _l("Discounts"),
        "base",
        62,
        f"{policies.DISCOUNT}:see",
        view=DiscountView,
        icon="percent",
        section="terms",
    ),
    MenuItem(
        _l("Review and lock base data"),
        "base",
        70,
        SEE,
        view=BaseDataView,
        icon="lock",
        section="review",
    ),
    MenuItem(
        _l("Changes of base data"),
        "base",
        72,
        f"{policies.BASE_DATA_CHANGE}:see",
        view=BaseDataChangeView,
        icon="flow",
        section="review",
    ),
    MenuItem(_l("Import rooms"), "rooms", 55, f"{ROOM}:import", view=PriceListView, icon="import"),
    MenuItem(
        _l("Imports of price lists"),
        "base",
        38,
        f"{ROOM_IMPORT}:see",
        view=RoomImportView,
        icon="history",
        section="room",
    ),
]
RESOURCES = [
    crud_api(RoomPriceView),
    # What may be chosen today, and methods with their lines, are answered by quote_api.
    crud_api(PaymentMethodView, without=("index", "get", "post", "put")),
    crud_api(DiscountView, without=("index",)),
    crud_api(BaseDataChangeView),
    crud_api(BaseDataChangeLineView),
]

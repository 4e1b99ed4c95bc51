"""Special discounts 特殊折扣: checked when asked for, granted by approval, used once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin.handover import require_staying
from app.core import clock
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.db import db
from app.core.errors import DomainError, Invalid, NotFound, WrongState
from app.core.money import HUNDRED, ZERO, format_yuan, parse_percent, percent_of
from app.core.settings import get_setting
from app.customers.models import Customer
from app.customers.policies import sees
from app.estate.models import Room, RoomStatus
from app.estate.queries import get_room
from app.pricing.models import RoomPrice
from app.pricing.queries import get_current_price
from app.sales.models import SpecialDiscount
from app.sales.queries import get_special_discount, live_holds, who_has
from app.sales.refusals import room_refusal, room_taken
from app.sales.settings import OWN_DISCOUNT

AGENCY = "agency"
OPEN = (RoomStatus.AVAILABLE.value, RoomStatus.RESERVED.value)


@dataclass(frozen=True, slots=True)
class DiscountWish:
    """A special discount as it is asked for: ``percent`` of the list total, until a day."""

    customer_id: int
    percent: Decimal
    valid_until: date


@dataclass(frozen=True, slots=True)
class DiscountEffect:
    """What a special discount alone does to a room's price, in yuan."""

    list_total: Decimal
    floor_total: Decimal
    amount: Decimal

    @property
    def total(self) -> Decimal:
        """Return the list total less this discount."""
        return self.list_total - self.amount

    @property
    def below_floor(self) -> bool:
        """Tell whether this discount alone leads below the room's floor price."""
        return self.total < self.floor_total


def read_wish(values: dict[str, Any]) -> DiscountWish:
    """Return what was asked for. Raises Invalid naming every wrong value."""
    wrong: dict[str, Any] = {}
    wish = DiscountWish(
        customer_id=_read_id(values.get("customer_id"), wrong),
        percent=_read_percent(values.get("percent"), wrong),
        valid_until=_read_day(values.get("valid_until"), wrong),
    )
    if wrong:
        first = next(iter(wrong.values()))
        raise Invalid(
            first if len(wrong) == 1 else _l("Something in the form is wrong."), fields=wrong
        )
    return wish


def check_wish(room: Room, wish: DiscountWish, *, actor: Actor) -> None:
    """Check what granting will check, and that the room is this customer's to have.

    Raises NotFound for a customer outside scope, Invalid for one of another project, Conflict
    ``room_taken`` and WrongState as holding does.
    """
    customer = db.session.execute(
        select(Customer.project_id, Customer.owner_id).where(Customer.id == wish.customer_id)
    ).first()
    if customer is None or not sees(customer.owner_id, customer.project_id, actor):
        raise NotFound(_l("There is no such customer within your scope."))
    if customer.project_id != room.project_id:
        sentence = _l("This customer belongs to another project; register it in this one.")
        raise Invalid(sentence, fields={"customer_id": sentence})
    _require_open(room, actor)
    hold = live_holds([room.id]).get(room.id)
    if hold is None or hold.holder_id == actor.id or hold.customer_id == wish.customer_id:
        return
    taker = who_has(room.id)
    if taker is not None:
        raise room_taken(room, taker, actor)


def discount_effect(room: Room, percent: Decimal) -> DiscountEffect:
    """Return what ``percent`` of the list total, and nothing else, does to the room's price.

    Source: roles.md, "percent of the list total, this special discount alone". Raises WrongState
    for a room without a price.
    """
    price = require_price(room)
    return DiscountEffect(
        price.list_total, price.floor_total, percent_of(price.list_total, percent)
    )


def grant_special_discount(
    room: Room, wish: DiscountWish, *, applicant_id: int, request_id: int, actor: Actor
) -> SpecialDiscount:
    """Grant the discount on the room's list total of now; called by the approval's last step.

    Raises WrongState if the room has been sold or is no longer for sale, Invalid if the day until
    which it would hold has passed.
    """
    _require_open(room, actor)
    if wish.valid_until < clock.today():
        raise _late()
    require_staying(applicant_id)
    granted = SpecialDiscount(
        project_id=room.project_id,
        room_id=room.id,
        customer_id=wish.customer_id,
        percent=wish.percent,
        list_total=require_price(room).list_total,
        valid_until=wish.valid_until,
        owner_id=applicant_id,
        request_id=request_id,
        created_at=clock.now(),
    )
    db.session.add(granted)
    db.session.flush()
    return granted


def take_special_discount(
    special_id: int, *, room_id: int, buyer_ids: Collection[int], list_total: Decimal
) -> SpecialDiscount:
    """Return the discount, locked, if it may be used for this deal now.

    Raises NotFound outside scope, Invalid with a sentence that says what does not fit.
    """
    found: SpecialDiscount | None = db.session.scalar(
        select(SpecialDiscount)
        .where(SpecialDiscount.id == special_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("There is no such special discount within your scope."))
    reason = _why_not(found, room_id, buyer_ids, list_total)
    if reason is not None:
        raise Invalid(reason, code="special_discount_unfit", fields={"special_discount_id": reason})
    return found


def find_usable_special(special_id: int, *, room_id: int) -> SpecialDiscount:
    """Return a discount that may still be used for the room, for a quotation; nothing is locked.

    Raises NotFound outside scope, Invalid with a sentence that says what does not fit.
    """
    found = get_special_discount(special_id)
    list_total = require_price(get_room(room_id)).list_total
    _refuse_unfit(found, room_id, [found.customer_id], list_total)
    return found


def own_authority(percent: Decimal, actor: Actor, project_id: int) -> str | None:
    """Return the role by which the actor may grant so many percent of the list total by himself.

    Source: roles.md, "discount by own authority"; an agency has none, whatever else it holds.
    """
    if AGENCY in actor.roles:
        return None
    by_role: dict[str, str] = get_setting(OWN_DISCOUNT, project_id)
    covering = [role for role in actor.roles if Decimal(by_role.get(role, 0)) >= percent]
    return min(covering, default=None)


def require_price(room: Room) -> RoomPrice:
    """Return the room's price in force. Raises WrongState if no plan has priced it."""
    price = get_current_price(room.id)
    if price is None:
        raise WrongState(
            _l("%(room)s has no price yet. Get a price plan approved first.", room=room.title),
            code="price_missing",
        )
    return price


def _refuse_unfit(
    special: SpecialDiscount, room_id: int, buyer_ids: Collection[int], list_total: Decimal
) -> None:
    reason = _why_not(special, room_id, buyer_ids, list_total)
    if reason is not None:
        raise Invalid(reason, code="special_discount_unfit", fields={"special_discount_id": reason})


def _why_not(
    special: SpecialDiscount, room_id: int, buyer_ids: Collection[int], list_total: Decimal
) -> Any:
    if special.room_id != room_id:
        return _l("This special discount was granted for another room.")
    if special.used_at is not None:
        return _l("This special discount has been used already. Ask for a new one.")
    if special.valid_until < clock.today():
        return _l(
            "This special discount was valid until %(day)s. Ask for a new one.",
            day=special.valid_until.isoformat(),
        )
    if special.customer_id not in buyer_ids:
        return _l(
            "This special discount was granted to a customer who is not among the buyers. Add that"
            " customer, or ask for a new one."
        )
    if special.list_total != list_total:
        return _l(
            "This special discount was granted on a list total of %(then)s; it is %(now)s now. Ask"
            " for a new one.",
            then=format_yuan(special.list_total),
            now=format_yuan(list_total),
        )
    return None


def _require_open(room: Room, actor: Actor) -> None:
    if room.status not in OPEN:
        raise room_refusal(room.id, actor)


def _late() -> DomainError:
    sentence = _l("The discount would have to be used before today; choose a later day.")
    return Invalid(sentence, fields={"valid_until": sentence})


def _read_id(value: Any, wrong: dict[str, Any]) -> int:
    text = str(value if value is not None else "")
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        wrong["customer_id"] = _l("Choose the customer.")
        return 0
    return int(text)


def _read_percent(value: Any, wrong: dict[str, Any]) -> Decimal:
    try:
        percent = parse_percent(value)
    except BadValue as error:
        wrong["percent"] = error.message
        return ZERO
    if not 0 < percent < HUNDRED:
        wrong["percent"] = _l("A discount is above 0 and below 100 percent.")
    return percent


def _read_day(value: Any, wrong: dict[str, Any]) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        wrong["valid_until"] = _l("Give a day as 2026-11-30.")
        return clock.today()
    if day < clock.today():
        wrong["valid_until"] = _late().message
    return day

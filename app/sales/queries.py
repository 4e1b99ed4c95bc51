"""Reads holds, special discounts and subscriptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.actor import current_actor, system_actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.identity import mask_name
from app.core.scope import scope_parameters
from app.estate.models import Room, RoomStatus
from app.sales.models import LIVE_SUBSCRIPTIONS, Change, Hold, SpecialDiscount, Subscription

Row = TypeVar("Row")

COUNT_BOUND = 1000
#: what a subscription's row shows
WITH_ROOM = (
    joinedload(Subscription.room).joinedload(Room.building),
    joinedload(Subscription.room).joinedload(Room.entrance),
    joinedload(Subscription.consultant),
)


@dataclass(frozen=True, slots=True)
class Taker:
    """Who has a room: a colleague's name, since when, and as what; nothing of the customer."""

    user_id: int
    name: str
    since: datetime
    #: ``held``, ``reserved``, ``subscribed`` or ``contracted``: the room's status
    kind: str

    @property
    def what(self) -> Any:
        """Return the kind in words."""
        return RoomStatus(self.kind).title

    def as_details(self) -> dict[str, str]:
        """Return what a REST answer tells of it."""
        return {
            "who": self.name,
            "since": self.since.isoformat(),
            "kind": self.kind,
            "what": str(self.what),
        }


_WHO = text("""
SELECT u.id, u.first_name || coalesce(u.last_name, ''), t.since, t.kind
  FROM (SELECT h.holder_id AS user_id, h.created_at AS since, h.kind
          FROM sales_hold h WHERE h.room_id = :room_id AND h.state = 'live'
        UNION ALL
        SELECT s.consultant_id, s.subscribed_at,
               CASE s.state WHEN 'contracted' THEN 'contracted' ELSE 'subscribed' END
          FROM sales_subscription s WHERE s.room_id = :room_id AND s.state = ANY(:live)) t
  JOIN ab_user u ON u.id = t.user_id
 ORDER BY t.since LIMIT 1
""")


def who_has(room_id: int) -> Taker | None:
    """Return who holds or has subscribed the room, or None if it is free.

    The caller has read the room within scope; the name of a colleague is told to everybody who
    sees the room, so a consultant learns of deals that are not his own no more than that.
    """
    row = db.session.execute(_WHO, {"room_id": room_id, "live": list(LIVE_SUBSCRIPTIONS)}).first()
    return None if row is None else Taker(*row)


def user_name(user_id: int) -> str:
    """Return a colleague's name."""
    found = db.session.execute(
        text("SELECT first_name || coalesce(last_name, '') FROM ab_user WHERE id = :id"),
        {"id": user_id},
    )
    return str(found.scalar_one())


@dataclass(frozen=True, slots=True)
class LiveHold:
    """A hold in force, as the grid and the room's panel show it."""

    id: int
    room_id: int
    kind: str
    reason: str
    holder_id: int
    holder_name: str
    customer_id: int | None
    #: 王**
    customer: str | None
    since: datetime
    until: datetime | None


_HOLDS = text("""
SELECT h.id, h.room_id, h.kind, h.reason, h.holder_id, h.customer_id, c.name AS customer,
       u.first_name || coalesce(u.last_name, '') AS holder_name, h.created_at AS since, h.until
  FROM sales_hold h JOIN ab_user u ON u.id = h.holder_id
  LEFT JOIN customers_customer c ON c.id = h.customer_id
 WHERE h.room_id = ANY(:room_ids) AND h.state = 'live'
   AND (:scope_all OR h.project_id = ANY(CAST(:scope_projects AS bigint[])))
""")


def live_holds(room_ids: Collection[int]) -> dict[int, LiveHold]:
    """Return the holds in force of the rooms within scope, by room id; names are masked."""
    rows = db.session.execute(_HOLDS, {"room_ids": list(room_ids), **_scope()}).mappings()
    found = [
        LiveHold(**{**row, "customer": mask_name(row["customer"]) if row["customer"] else None})
        for row in rows
    ]
    return {hold.room_id: hold for hold in found}


@dataclass(frozen=True, slots=True)
class LiveSubscription:
    """A deal in force, as the grid and the room's panel show it."""

    id: int
    room_id: int
    number: str
    state: str
    consultant_id: int
    consultant_name: str
    #: 王**、李**
    buyers: str
    deal_total: Decimal
    subscribed_at: datetime
    lapses_at: datetime
    sign_by: date


_DEALS = text("""
SELECT s.id, s.room_id, s.number, s.state, s.consultant_id,
       u.first_name || coalesce(u.last_name, '') AS consultant_name,
       (SELECT array_agg(c.name ORDER BY b.position) FROM sales_subscription_buyer b
          JOIN customers_customer c ON c.id = b.customer_id
         WHERE b.subscription_id = s.id) AS buyers,
       s.deal_total, s.subscribed_at, s.lapses_at, s.sign_by
  FROM sales_subscription s JOIN ab_user u ON u.id = s.consultant_id
 WHERE s.room_id = ANY(:room_ids) AND s.state = ANY(:live)
   AND (:scope_all OR s.project_id = ANY(CAST(:scope_projects AS bigint[])))
""")


def live_subscriptions(room_ids: Collection[int]) -> dict[int, LiveSubscription]:
    """Return the deals in force of the rooms within scope, by room id; buyers are masked.

    Colleagues' deals are among them: everybody who works on the project sees on the grid who sold
    what. What it was sold for is for the caller to hide from those who may not see deals.
    """
    parameters = {"room_ids": list(room_ids), "live": list(LIVE_SUBSCRIPTIONS), **_scope()}
    rows = db.session.execute(_DEALS, parameters).mappings()
    found = [LiveSubscription(**{**row, "buyers": mask_names(row["buyers"] or [])}) for row in rows]
    return {deal.room_id: deal for deal in found}


@dataclass(frozen=True, slots=True)
class BuyerRow:
    """A buyer of a deal with its share in percent, and whose customer it is."""

    subscription_id: int
    customer_id: int
    name: str
    share: Decimal
    owner_id: int


_BUYERS = text("""
SELECT b.subscription_id, b.customer_id, c.name, b.share, c.owner_id
  FROM sales_subscription_buyer b JOIN customers_customer c ON c.id = b.customer_id
 WHERE b.subscription_id = ANY(:ids) ORDER BY b.subscription_id, b.position
""")


def list_buyers(subscription_ids: Collection[int]) -> dict[int, list[BuyerRow]]:
    """Return the buyers of deals that the caller has read within scope, in order, by deal.

    Past the scope of customers: finance has none of its own, and whoever may see a deal may see,
    masked, who bought.
    """
    found: dict[int, list[BuyerRow]] = {one: [] for one in subscription_ids}
    for row in db.session.execute(_BUYERS, {"ids": list(subscription_ids)}):
        found[row[0]].append(BuyerRow(*row))
    return found


def mask_names(names: Collection[str]) -> str:
    """Return 王**、李**."""
    return "、".join(mask_name(name) for name in names)


def get_hold(hold_id: int) -> Hold:
    """Return the hold. Raises NotFound if there is none within scope."""
    found: Hold | None = db.session.scalar(select(Hold).where(Hold.id == hold_id))
    return _there(found, _l("There is no such hold within your scope."))


def get_subscription(subscription_id: int) -> Subscription:
    """Return the subscription with room and consultant. Raises NotFound outside scope."""
    found: Subscription | None = db.session.scalar(
        select(Subscription).where(Subscription.id == subscription_id).options(*WITH_ROOM)
    )
    return _there(found, _l("There is no such subscription within your scope."))


def list_changes(subscription_id: int) -> list[Change]:
    """Return the changes of a deal, the oldest first."""
    return list(
        db.session.scalars(
            select(Change).where(Change.subscription_id == subscription_id).order_by(Change.id)
        )
    )


def list_subscriptions(
    *,
    project_id: int | None = None,
    states: Collection[str] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Subscription]:
    """Return the newest subscriptions within scope; ``before`` is the id of the page's last."""
    found = _narrowed(select(Subscription), project_id, states).options(*WITH_ROOM)
    if before is not None:
        found = found.where(Subscription.id < before)
    return list(db.session.scalars(found.order_by(Subscription.id.desc()).limit(limit)))


def count_subscriptions(
    *, project_id: int | None = None, states: Collection[str] = ()
) -> tuple[int, bool]:
    """Return how many there are, up to 1,000, and whether there are more."""
    some = _narrowed(select(Subscription.id), project_id, states).limit(COUNT_BOUND + 1)
    found = int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)
    return min(found, COUNT_BOUND), found > COUNT_BOUND


def _narrowed(
    statement: Select[Any], project_id: int | None, states: Collection[str]
) -> Select[Any]:
    if project_id is not None:
        statement = statement.where(Subscription.project_id == project_id)
    if states:
        statement = statement.where(Subscription.state.in_(states))
    return statement


def get_special_discount(special_id: int) -> SpecialDiscount:
    """Return the special discount. Raises NotFound if there is none within scope."""
    found: SpecialDiscount | None = db.session.scalar(
        select(SpecialDiscount).where(SpecialDiscount.id == special_id)
    )
    return _there(found, _l("There is no such special discount within your scope."))


def usable_special_discounts(room_id: int) -> list[SpecialDiscount]:
    """Return the special discounts within scope that may still be used for the room."""
    found = select(SpecialDiscount).where(
        SpecialDiscount.room_id == room_id,
        SpecialDiscount.used_at.is_(None),
        SpecialDiscount.valid_until >= clock.today(),
    )
    return list(db.session.scalars(found.order_by(SpecialDiscount.id.desc())))


def _scope() -> dict[str, Any]:
    return scope_parameters(current_actor() or system_actor("query"))


def _there(row: Row | None, sentence: Any) -> Row:
    if row is None:
        raise NotFound(sentence)
    return row

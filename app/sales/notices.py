"""What sales tells consultants: holds and deals that end, money that came, rooms released."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell, tell_each
from app.sales.models import Subscription

#: how long before its end somebody is reminded of a hold or of a deposit that is missing
LEAD: Final = timedelta(hours=2)
#: how many days before the last day somebody is reminded of a contract to sign
SIGNING_LEAD: Final = timedelta(days=1)
#: how many reminders one run of the periodic job writes
BATCH: Final = 500

declare_notices(
    NoticeKind(
        "hold_ends_soon",
        _l("A hold of yours ends soon"),
        _l("%(room)s is yours until %(until)s only. Subscribe it, or ask for a longer hold."),
        icon="calendar",
        tone="warn",
        when=_l("Two hours before a hold of yours ends."),
    ),
    NoticeKind(
        "hold_lapsed",
        _l("A hold of yours has ended"),
        _l("The time of your hold on %(room)s is over; the room is for sale again."),
        icon="calendar",
        tone="bad",
        when=_l("The time of a hold of yours is over."),
    ),
    NoticeKind(
        "hold_released",
        _l("Your hold was released"),
        _l("%(who)s released %(room)s, which you held. %(reason)s"),
        icon="hand",
        tone="bad",
        when=_l("Somebody else released a room that you held."),
    ),
    NoticeKind(
        "deal_made",
        _l("Your customer subscribed"),
        _l("%(who)s made %(number)s for %(room)s; the deal is yours."),
        icon="sign",
        tone="ok",
        when=_l("Somebody else made a subscription for a customer of yours."),
    ),
    NoticeKind(
        "deposit_due_soon",
        _l("A deposit is missing"),
        _l("%(number)s, %(room)s, lapses at %(until)s unless its deposit comes."),
        icon="money",
        tone="warn",
        when=_l("Two hours before a subscription of yours lapses."),
    ),
    NoticeKind(
        "deal_lapsed",
        _l("A subscription of yours lapsed"),
        _l("No deposit came for %(number)s; %(room)s is for sale again."),
        icon="sign",
        tone="bad",
        when=_l("A subscription of yours lapsed without its deposit."),
    ),
    NoticeKind(
        "signing_due",
        _l("A contract is to be signed"),
        _l("%(number)s, %(room)s, is to be signed by %(day)s."),
        icon="edit",
        tone="warn",
        when=_l("The day before the last day to sign a contract of yours."),
    ),
    NoticeKind(
        "money_came",
        _l("Money came in"),
        _l("%(amount)s yuan were received for %(number)s (%(receipt)s)."),
        icon="money",
        tone="ok",
        when=_l("The cashier confirmed money for a deal of yours."),
    ),
    NoticeKind(
        "money_reversed",
        _l("Money was taken back"),
        _l("%(amount)s yuan for %(number)s were taken back (%(receipt)s)."),
        icon="money",
        tone="bad",
        when=_l("A receipt for a deal of yours was reversed."),
    ),
)


def _hold_link(hold_id: int) -> str:
    return f"/sales/holds/show/{hold_id}"


def _deal_link(deal_id: int) -> str:
    return f"/sales/subscriptions/show/{deal_id}"


def _until(moment: datetime) -> str:
    return clock.local(moment).strftime("%m-%d %H:%M")


def tell_released(hold: Any, reason: str, actor: Actor) -> None:
    """Tell the holder that somebody else released his room."""
    words = {"who": actor.name, "room": hold.room.title, "reason": reason}
    news = News("hold_released", _hold_link(hold.id), words, project_id=hold.room.project_id)
    tell(news, [hold.holder_id], actor=actor)


def tell_lapsed(freed: Iterable[tuple[Any, Any]], actor: Actor) -> None:
    """Tell the holders whose time is over: pairs of a freed room and the hold it had."""
    tell_each(
        (
            (
                News(
                    "hold_lapsed",
                    _hold_link(hold.id),
                    {"room": room.title},
                    project_id=room.project_id,
                ),
                hold.holder_id,
            )
            for room, hold in freed
        ),
        actor=actor,
    )


def tell_deal_made(deal: Subscription, room: str, actor: Actor) -> None:
    """Tell the consultant whose customer somebody else subscribed."""
    _tell_deal("deal_made", deal, {"who": actor.name, "room": room}, actor)


def tell_deal_lapsed(deal: Subscription, room: str, actor: Actor) -> None:
    """Tell the consultant that a deal of his lapsed."""
    _tell_deal("deal_lapsed", deal, {"room": room}, actor)


def tell_money(deal: Subscription, receipt: Any, reversal: Any, actor: Actor) -> None:
    """Tell the consultant that money came, or was taken back."""
    words = {"amount": f"{receipt.amount:,.2f}", "receipt": (reversal or receipt).number}
    _tell_deal("money_reversed" if reversal else "money_came", deal, words, actor)


def _tell_deal(kind: str, deal: Subscription, words: dict[str, Any], actor: Actor) -> None:
    words = {"number": deal.number, **words}
    news = News(kind, _deal_link(deal.id), words, project_id=deal.project_id)
    tell(news, [deal.consultant_id], actor=actor)


_ROOM = "concat_ws('-', b.name, e.name, r.number)"
_ROOM_OF = """
  JOIN estate_room r ON r.id = x.room_id JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
"""
_REMINDERS = {
    "hold_ends_soon": text(
        f"SELECT x.id, x.project_id, x.holder_id AS who, {_ROOM} AS room, '' AS number, x.until,"
        f" NULL::date AS day FROM sales_hold x {_ROOM_OF}"
        " WHERE x.state = 'live' AND x.until > :now AND x.until <= :soon"
        " AND x.created_at < x.until - cast(:lead AS interval)"
        " AND NOT EXISTS (SELECT 1 FROM notices_notice n WHERE n.user_id = x.holder_id"
        " AND n.once = 'hold_ends_soon:' || x.id) LIMIT :most"
    ),
    "deposit_due_soon": text(
        f"SELECT x.id, x.project_id, x.consultant_id AS who, {_ROOM} AS room, x.number,"
        f" x.lapses_at AS until, NULL::date AS day FROM sales_subscription x {_ROOM_OF}"
        " WHERE x.state = 'awaiting_deposit' AND x.lapses_at > :now AND x.lapses_at <= :soon"
        " AND x.subscribed_at < x.lapses_at - cast(:lead AS interval)"
        " AND NOT EXISTS (SELECT 1 FROM notices_notice n WHERE n.user_id = x.consultant_id"
        " AND n.once = 'deposit_due_soon:' || x.id) LIMIT :most"
    ),
    "signing_due": text(
        f"SELECT x.id, x.project_id, x.consultant_id AS who, {_ROOM} AS room, x.number,"
        f" NULL::timestamptz AS until, x.sign_by AS day FROM sales_subscription x {_ROOM_OF}"
        " WHERE x.state = 'active' AND x.sign_by BETWEEN :today AND :last_day"
        " AND NOT EXISTS (SELECT 1 FROM notices_notice n WHERE n.user_id = x.consultant_id"
        " AND n.once = 'signing_due:' || x.id) LIMIT :most"
    ),
}


def remind(*, actor: Actor) -> int:
    """Tell people once of what ends soon: holds, deposits, days to sign; return how many.

    For the worker. Any number of runs may go on at once: the same thing is told only once.
    """
    now = clock.now()
    given = {
        "now": now,
        "soon": now + LEAD,
        "lead": f"{LEAD.total_seconds():.0f} seconds",
        "today": clock.today(),
        "last_day": clock.today() + SIGNING_LEAD,
        "most": BATCH,
    }
    told = [
        (_reminder(kind, row), row.who)
        for kind, found in _REMINDERS.items()
        for row in db.session.execute(found, given)
    ]
    return tell_each(told, actor=actor)


def _reminder(kind: str, row: Any) -> News:
    words = {"room": row.room, "number": row.number}
    if row.until is not None:
        words["until"] = _until(row.until)
    if row.day is not None:
        words["day"] = row.day.isoformat()
    link = _hold_link(row.id) if kind == "hold_ends_soon" else _deal_link(row.id)
    return News(kind, link, words, project_id=row.project_id, once=f"{kind}:{row.id}")

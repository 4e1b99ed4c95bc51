"""Tiles of sales: my holds, deals without their deposit, contracts to sign, the figures."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.admin.models import AppUser
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.estate.models import Project, Room, RoomStatus
from app.sales import policies
from app.sales.models import Hold, Subscription, SubscriptionState
from app.web.formats import day_text, room_status_chip, short_yuan, state_chip
from app.web.tiles import MOST_ROWS, Bar, Bars, Figure, Figures, Row, Rows, Tile

#: a count on a tile is exact up to here
BOUND = 100
NAMED_ROOM = (joinedload(Room.building), joinedload(Room.entrance))


def my_holds(actor: Actor) -> Rows:
    """Return the actor's live holds, those that end first first."""
    found = (
        select(Hold)
        .where(Hold.holder_id == actor.id, Hold.state == "live")
        .options(joinedload(Hold.room).options(*NAMED_ROOM))
        .order_by(Hold.until.asc().nulls_last(), Hold.id)
        .limit(BOUND)
    )
    rows = list(db.session.scalars(found))
    return Rows(
        [
            Row(
                hold.room.title,
                url=f"/grid/?room={hold.room_id}",
                detail=hold.reason,
                chip=room_status_chip(RoomStatus(hold.kind)),
                due=hold.until,
            )
            for hold in rows[:MOST_ROWS]
        ],
        empty=_l("You hold no room. A room is held from the sales-control grid."),
        count=len(rows),
    )


def _deals(condition: Any, order: Any) -> list[Any]:
    found = (
        select(
            Subscription.id,
            Subscription.number,
            Subscription.state,
            Subscription.deal_total,
            Subscription.lapses_at,
            Subscription.sign_by,
            Room,
        )
        .join(Room, Room.id == Subscription.room_id)
        .options(*NAMED_ROOM)
        .where(condition)
        .order_by(order)
        .limit(BOUND)
    )
    return list(db.session.execute(found))


def deposits(actor: Actor) -> Rows:
    """Return deals whose deposit is missing, those that lapse first first."""
    del actor  # the deals are read within his scope
    waiting = Subscription.state.in_(("awaiting_deposit", "deposit_short"))
    rows = _deals(waiting, Subscription.lapses_at)
    return Rows(
        [
            Row(
                row.Room.title,
                url=f"/sales/subscriptions/show/{row.id}",
                detail=f"{row.number} · {short_yuan(row.deal_total)}",
                chip=state_chip(
                    row.state,
                    SubscriptionState(row.state).title,
                    "warn" if row.state == "deposit_short" else "info",
                ),
                due=row.lapses_at if row.state == "awaiting_deposit" else None,
            )
            for row in rows[:MOST_ROWS]
        ],
        empty=_l("No deal waits for its deposit."),
        count=len(rows),
    )


def signing(actor: Actor) -> Rows:
    """Return deals whose contract is to be signed, the nearest last day first."""
    del actor  # the deals are read within his scope
    rows = _deals(Subscription.state == "active", Subscription.sign_by)
    today = clock.today()
    return Rows(
        [
            Row(
                row.Room.title,
                url=f"/sales/subscriptions/show/{row.id}",
                detail=f"{row.number} · {short_yuan(row.deal_total)}",
                chip=state_chip("overdue", _("Overdue"), "bad") if row.sign_by < today else "",
                aside=day_text(row.sign_by),
            )
            for row in rows[:MOST_ROWS]
        ],
        empty=_l("No contract waits to be signed."),
        count=len(rows),
    )


def figures(actor: Actor) -> Figures:
    """Return the subscriptions of the day and of the month, and what is held now."""
    today = clock.today()
    begun = Subscription.subscribed_at >= clock.start_of(today)
    this_month = Subscription.subscribed_at >= clock.start_of(today.replace(day=1))
    lives = Subscription.state.not_in(("lapsed", "ended"))
    row = db.session.execute(
        select(
            func.count().filter(begun, lives),
            func.coalesce(func.sum(Subscription.deal_total).filter(begun, lives), 0),
            func.count().filter(lives),
            func.coalesce(func.sum(Subscription.deal_total).filter(lives), 0),
            func.count().filter(Subscription.state == "lapsed"),
        ).where(this_month)
    ).one()
    shown = [
        Figure(_("Subscriptions today"), row[0], note=_sum(row[1]), url=_since(today)),
        Figure(
            _("Subscriptions this month"),
            row[2],
            note=_sum(row[3]),
            url=_since(today.replace(day=1)),
        ),
        Figure(_("Lapsed this month"), row[4], tone="warn" if row[4] else ""),
    ]
    if actor.may(policies.SEE_HOLDS):
        live = select(func.count()).select_from(Hold).where(Hold.state == "live")
        shown.append(
            Figure(_("Held now"), db.session.scalar(live), url="/sales/holds/list/?state=live")
        )
    return Figures(shown)


def _sum(total: Any) -> str:
    return _("%(sum)s yuan", sum=short_yuan(total)) if total else ""


def _since(day: Any) -> str:
    return f"/sales/subscriptions/list/?subscribed_at.min={day.isoformat()}&everywhere=1"


def ranking(actor: Actor) -> Bars:
    """Return the month's subscriptions by project, or by consultant within a single one."""
    several = actor.projects is None or len(actor.projects) > 1
    name: Any = Project.name if several else AppUser.first_name
    joined = (
        (Project, Project.id == Subscription.project_id)
        if several
        else (AppUser, AppUser.id == Subscription.consultant_id)
    )
    total = func.sum(Subscription.deal_total)
    first = clock.start_of(clock.today().replace(day=1))
    found = (
        select(name, func.count(), total)
        .select_from(Subscription)
        .join(*joined)
        .where(
            Subscription.subscribed_at >= first,
            Subscription.state.not_in(("lapsed", "ended")),
        )
        .group_by(joined[0].id, name)
        .order_by(total.desc())
        .limit(MOST_ROWS + 2)
    )
    return Bars(
        [
            Bar(row[0], float(row[2]), _("%(n)s · %(sum)s", n=row[1], sum=short_yuan(row[2])))
            for row in db.session.execute(found)
        ],
        empty=_l("Nothing has been subscribed this month."),
    )


TILES = [
    Tile(
        "sales_figures",
        _l("Sales of the day and the month"),
        policies.SEE_SUBSCRIPTIONS,
        figures,
        order=5,
        roles="CKSMDFXLB",
        size="wide",
        icon="chart",
        url="/sales/subscriptions/list/",
    ),
    Tile(
        "my_holds",
        _l("My holds"),
        policies.ADD_HOLD,
        my_holds,
        order=20,
        roles="CKSMDB",
        icon="hand",
        url="/sales/holds/list/",
    ),
    Tile(
        "deposits",
        _l("Deposits missing"),
        policies.SEE_SUBSCRIPTIONS,
        deposits,
        order=22,
        roles="CKSMHAB",
        icon="money",
        url="/sales/subscriptions/list/?state=awaiting_deposit&state=deposit_short",
    ),
    Tile(
        "signing",
        _l("Contracts to sign"),
        policies.SEE_SUBSCRIPTIONS,
        signing,
        order=24,
        roles="CKSMGVB",
        icon="sign",
        url="/sales/subscriptions/list/?state=active",
    ),
    Tile(
        "sales_ranking",
        _l("Subscriptions of the month"),
        policies.SEE_ALL_SUBSCRIPTIONS,
        ranking,
        order=40,
        roles="MDFXLB",
        icon="chart",
        deferred=True,
    ),
]

"""Tiles of pricing: plans that are not in force yet, buildings that could be put on sale."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.pricing import policies
from app.pricing.models import PricePlan, PricePlanState
from app.pricing.queries import list_building_sales
from app.web.formats import moment_text, state_chip
from app.web.projects import current_project_id
from app.web.tiles import MOST_ROWS, Row, Rows, Tile

WAITING = ("draft", "in_approval", "rejected")


def plans(actor: Actor) -> Rows:
    """Return price plans within scope that are not in force yet, the newest first."""
    del actor  # plans are read within his scope
    found = select(PricePlan).where(PricePlan.state.in_(WAITING)).order_by(PricePlan.id.desc())
    return Rows(
        [
            Row(
                plan.number,
                url=f"/price-plans/show/{plan.id}",
                detail=plan.name,
                chip=state_chip(PricePlanState(plan.state)),
                aside=moment_text(plan.created_at),
            )
            for plan in db.session.scalars(found.limit(MOST_ROWS))
        ],
        empty=_l("No price plan waits."),
    )


def releases(actor: Actor) -> Rows:
    """Return the buildings of the project with rooms that are not on sale yet."""
    project_id = current_project_id()
    sales = list_building_sales(project_id, actor=actor) if project_id else []
    waiting = [sale for sale in sales if sale.unreleased]
    return Rows(
        [
            Row(
                sale.name,
                url="/sale/" if actor.may(f"{policies.SALE}:release") else "",
                detail=_("%(n)s rooms not on sale", n=sale.unreleased),
                chip=state_chip("ready", _("Can be released"), "ok")
                if sale.can_release
                else state_chip("lacking", _lack(sale.may_sell), "mute"),
            )
            for sale in waiting[:MOST_ROWS]
        ],
        empty=_l("Every room of this project has been put on sale."),
        count=len(waiting),
    )


def _lack(may_sell: bool) -> str:
    return _("Prices missing") if may_sell else _("No permit")


TILES = [
    Tile(
        "price_plans",
        _l("Price plans that wait"),
        f"{policies.PLAN}:see",
        plans,
        order=34,
        roles="MDO",
        icon="tag",
        url="/price-plans/list/",
    ),
    Tile(
        "releases",
        _l("Not on sale yet"),
        (f"{policies.SALE}:release", f"{policies.PLAN}:add"),
        releases,
        order=36,
        roles="DO",
        icon="sign",
    ),
]

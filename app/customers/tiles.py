"""Tiles of customers: the newest ones, who have to be looked after first."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.customers import policies
from app.customers.models import Customer
from app.web.formats import moment_text
from app.web.tiles import MOST_ROWS, Row, Rows, Tile


def newest(actor: Actor) -> Rows:
    """Return the actor's own customers, the newest first."""
    found = select(Customer).where(Customer.owner_id == actor.id).order_by(Customer.id.desc())
    return Rows(
        [
            Row(
                customer.name,
                url=f"/customers/show/{customer.id}",
                detail=customer.masked_mobile,
                aside=moment_text(customer.created_at),
            )
            for customer in db.session.scalars(found.limit(MOST_ROWS))
        ],
        empty=_l("You have no customer yet. Register one when he comes or calls."),
    )


TILES = [
    Tile(
        "my_customers",
        _l("My newest customers"),
        policies.ADD,
        newest,
        order=28,
        roles="CSB",
        icon="users",
        url="/customers/list/",
    ),
]

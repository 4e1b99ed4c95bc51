"""What customers hand over when somebody leaves."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.admin.handover import Item, Work, register_work
from app.core.actor import Actor
from app.core.db import db
from app.customers import policies
from app.customers.models import Customer


def _find(user_id: int) -> list[Item]:
    # All of them: what is left behind would belong to nobody.
    rows = db.session.execute(
        select(Customer.id, Customer.project_id, Customer.name)
        .where(Customer.owner_id == user_id)
        .order_by(Customer.id),
        execution_options={"whole_group": True},
    )
    return [Item(key, project_id, f"{name[:1]}**") for key, project_id, name in rows]


def _move(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
    db.session.execute(
        update(Customer)
        .where(Customer.id.in_(ids), Customer.owner_id == leaver_id)
        .values(owner_id=successor_id)
        # The administrator sees no customers himself; he hands over what he does not read.
        .execution_options(whole_group=True, synchronize_session="fetch")
    )


register_work(Work("customers", _l("Customers"), policies.EDIT, _find, _move, order=30))

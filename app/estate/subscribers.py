"""What the estate sees of how ready a project is to be sold: permits, rooms, people."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select, text

from app.admin.handover import Item, Work, register_work
from app.core.actor import Actor
from app.core.db import db
from app.estate.models import Building, OpeningItem, Room
from app.estate.opening import Finding, OpeningKind
from app.estate.policies import OPENING
from app.estate.queries import buildings_that_may_not_sell, rooms_of
from app.estate.signals import opening_examined

# The project is reached before its checklist is read.
_PEOPLE = text("""
SELECT p.code, count(DISTINCT u.id)
  FROM ab_user u
  JOIN ab_user_role ur ON ur.user_id = u.id
  JOIN admin_role_profile p ON p.role_id = ur.role_id AND p.code IN ('consultant', 'cashier')
 WHERE u.active AND (u.whole_group OR u.id IN (SELECT access_users(:project_id)))
 GROUP BY p.code
""")


@opening_examined.connect
def examine(_sender: Any, *, project_id: int, building_ids: tuple[int, ...]) -> dict[str, Finding]:
    """Judge permits and rooms of buildings, none for all, and users of a project."""
    wanted = rooms_of(project_id, building_ids)
    return {
        OpeningKind.PERMIT.value: _permit(wanted),
        OpeningKind.ROOMS.value: _rooms(wanted),
        OpeningKind.USERS.value: _users(project_id),
    }


def _permit(wanted: ColumnElement[bool]) -> Finding:
    with_rooms = select(Room.building_id).where(wanted)
    buildings = list(db.session.scalars(select(Building.id).where(Building.id.in_(with_rooms))))
    lacking = buildings_that_may_not_sell(buildings)
    if lacking:
        names = "、".join(building.name for building in lacking[:5])
        return Finding(
            False,
            _l("%(count)d buildings have no permit: %(names)s.", count=len(lacking), names=names),
        )
    if not buildings:
        return Finding(False, _l("No building has rooms yet."))
    return Finding(True, _l("All %(count)d buildings may be sold.", count=len(buildings)))


def _rooms(wanted: ColumnElement[bool]) -> Finding:
    count, typeless = db.session.execute(
        select(func.count(), func.count().filter(Room.house_type_id.is_(None))).where(wanted)
    ).one()
    if not count:
        return Finding(False, _l("There are no rooms yet."))
    if typeless:
        return Finding(
            True,
            _l(
                "%(count)d rooms, %(typeless)d without a house type.",
                count=count,
                typeless=typeless,
            ),
        )
    return Finding(True, _l("%(count)d rooms.", count=count))


def _users(project_id: int) -> Finding:
    rows = db.session.execute(_PEOPLE, {"project_id": project_id})
    found = {row[0]: row[1] for row in rows}
    consultants, cashiers = found.get("consultant", 0), found.get("cashier", 0)
    return Finding(
        bool(consultants and cashiers),
        _l(
            "%(consultants)d consultants, %(cashiers)d cashiers.",
            consultants=consultants,
            cashiers=cashiers,
        ),
    )


def _items(user_id: int) -> list[Item]:
    found = db.session.scalars(
        select(OpeningItem)
        .where(OpeningItem.responsible_id == user_id, OpeningItem.done_at.is_(None))
        .order_by(OpeningItem.id),
        # All of them: what nobody is responsible for is ready for nobody.
        execution_options={"whole_group": True},
    )
    return [Item(item.id, item.project_id, str(OpeningKind(item.kind).title)) for item in found]


def _move_items(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
    # The administrator hands over what he need not see himself.
    found = db.session.scalars(
        select(OpeningItem)
        .where(
            OpeningItem.id.in_(ids),
            OpeningItem.responsible_id == leaver_id,
            OpeningItem.done_at.is_(None),
        )
        .order_by(OpeningItem.id)
        .with_for_update(of=OpeningItem),
        execution_options={"whole_group": True, "populate_existing": True},
    )
    for item in found:
        item.responsible_id = successor_id
    db.session.flush()


register_work(
    Work(
        "openings", _l("Items of opening checklists"), f"{OPENING}:finish", _items, _move_items,
        order=60,
    )
)  # fmt: skip

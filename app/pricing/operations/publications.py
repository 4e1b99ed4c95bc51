"""Publishes the price list of a building (一房一价): a numbered version that never changes."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.estate.models import Building
from app.estate.policies import require_reach
from app.estate.queries import buildings_that_may_not_sell, get_building
from app.pricing import policies
from app.pricing.models import PricePublication

# What is published is what is in force when it is published, sold or not; rooms without a price
# are not for sale and are not in it.
_FREEZE = text("""
INSERT INTO pricing_publication_row
       (project_id, publication_id, room_id, position, entrance, floor_name, number, house_type,
        gross_area, inside_area, price_basis, list_unit_price, list_total, status)
SELECT r.project_id, :publication_id, r.id,
       row_number() OVER (ORDER BY e.position NULLS FIRST, e.id, r.floor, r.column_no, r.id),
       e.name, r.floor_name, r.number, h.name, r.gross_area, r.inside_area, v.price_basis,
       v.list_unit_price, v.list_total, r.status
  FROM estate_room r
  JOIN pricing_room_price v ON v.room_id = r.id AND v.valid_to IS NULL
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
 WHERE r.building_id = :building_id
""")
_DIGEST = text("""
SELECT encode(sha256(convert_to(string_agg(concat_ws('|', room_id, entrance, floor_name, number,
         house_type, gross_area, inside_area, price_basis, list_unit_price, list_total, status),
         ';' ORDER BY room_id), 'UTF8')), 'hex')
  FROM pricing_publication_row WHERE publication_id = :publication_id
""")
# Who said the last yes to the plans whose prices are in it, the newest first.
_APPROVERS = text("""
SELECT p.number, p.name, p.approved_at, u.first_name || coalesce(u.last_name, '') AS approver
  FROM (SELECT DISTINCT v.plan_id FROM pricing_room_price v
          JOIN estate_room r ON r.id = v.room_id
         WHERE r.building_id = :building_id AND v.valid_to IS NULL) AS used
  JOIN pricing_price_plan p ON p.id = used.plan_id
  LEFT JOIN LATERAL (
    SELECT t.decided_by_id FROM workflows_approval_request q
      JOIN workflows_approval_task t ON t.request_id = q.id AND t.decision = 'approve'
     WHERE q.subject_type = 'price_plan' AND q.subject_id = p.id AND q.state = 'approved'
     ORDER BY t.decided_at DESC, t.id DESC LIMIT 1) AS last ON true
  LEFT JOIN ab_user u ON u.id = last.decided_by_id
 ORDER BY p.approved_at DESC NULLS LAST, p.id DESC
""")
_PERMITS = text("""
SELECT string_agg(p.number, '、' ORDER BY p.granted_on, p.id)
  FROM estate_permit p JOIN estate_permit_building b ON b.permit_id = p.id
 WHERE b.building_id = :building_id
""")


def publish_price_list(
    *, building_id: int, remarks: str | None = None, actor: Actor
) -> PricePublication:
    """Publish what the building's rooms cost now as its next version; it never changes again.

    Raises NotAllowed, NotFound outside scope; Invalid without a permit or completion record, or
    where no room has a price; Conflict where nothing has changed since the last version.
    """
    actor.require(f"{policies.PUBLICATION}:publish")
    building = get_building(building_id)
    require_reach(actor, building.project_id)
    if buildings_that_may_not_sell([building_id]):
        raise Invalid(
            _l(
                "%(building)s has neither a pre-sale permit nor a completion record. Enter the"
                " permit first.",
                building=building.name,
            ),
            code="permit_missing",
        )
    # One after the other: versions are counted.
    db.session.execute(select(Building.id).where(Building.id == building_id).with_for_update())
    last = _last(building_id)
    published = _new(building, last, remarks, actor)
    frozen = db.session.execute(
        _FREEZE, {"publication_id": published.id, "building_id": building_id}
    )
    _sum_up(published, building, frozen.rowcount)
    if last is not None and last.digest == published.digest:
        raise Conflict(
            _l(
                "Nothing has changed since version %(version)d of %(building)s was published.",
                version=last.version,
                building=building.name,
            )
        )
    return published


def _last(building_id: int) -> PricePublication | None:
    found: PricePublication | None = db.session.scalar(
        select(PricePublication)
        .where(PricePublication.building_id == building_id)
        .order_by(PricePublication.version.desc())
        .limit(1)
    )
    return found


def _new(
    building: Building, last: PricePublication | None, remarks: str | None, actor: Actor
) -> PricePublication:
    published = PricePublication(
        project_id=building.project_id,
        building_id=building.id,
        building_name=building.name,
        version=last.version + 1 if last else 1,
        published_at=clock.now(),
        published_by_id=actor.id if actor.kind == "user" else None,
        permits=db.session.execute(_PERMITS, {"building_id": building.id}).scalar_one() or "",
        approvals=_approvals(building.id),
        remarks=(remarks or "").strip(),
    )
    db.session.add(published)
    db.session.flush()
    return published


def _approvals(building_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(_APPROVERS, {"building_id": building_id})
    return [
        {
            "plan": row.number,
            "name": row.name,
            "approver": row.approver,
            "approved_at": row.approved_at.isoformat() if row.approved_at else None,
        }
        for row in rows
    ]


def _sum_up(published: PricePublication, building: Building, rooms: int) -> None:
    if not rooms:
        raise Invalid(
            _l(
                "No room of %(building)s has a price yet. Get a price plan approved first.",
                building=building.name,
            ),
            code="price_missing",
        )
    known = {"publication_id": published.id}
    published.rooms = rooms
    published.list_total = db.session.execute(
        text(
            "SELECT sum(list_total) FROM pricing_publication_row"
            " WHERE publication_id = :publication_id"
        ),
        known,
    ).scalar_one()
    published.digest = db.session.execute(_DIGEST, known).scalar_one()
    published.is_final = True
    db.session.flush()

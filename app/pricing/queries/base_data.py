"""Reads base data as they are reviewed: how many of what, what is missing, and their digest."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text

from app.core.db import db
from app.core.errors import NotFound
from app.estate.models import BaseDataEntry
from app.pricing.models import BaseDataChange, BaseDataChangeState
from app.workflows.models import ApprovalRequest

#: entries of the log that its page shows
SHOWN_ENTRIES = 200
#: a change that somebody still has to carry out
TO_DO = (BaseDataChangeState.APPROVED.value, BaseDataChangeState.OPENED.value)


@dataclass(frozen=True, slots=True)
class BaseDataFigures:
    """What a project's base data come to; areas in m². ``digest`` is over every value of them."""

    buildings: int
    rooms: int
    gross_area: Decimal
    without_house_type: int
    without_inside_area: int
    house_types: int
    methods: int
    discounts: int
    digest: str


_FIGURES = text("""
SELECT count(DISTINCT r.building_id), count(*), coalesce(sum(r.gross_area), 0),
       count(*) FILTER (WHERE r.house_type_id IS NULL),
       count(*) FILTER (WHERE r.inside_area IS NULL),
       (SELECT count(*) FROM estate_house_type h WHERE h.project_id = :project_id),
       (SELECT count(*) FROM pricing_payment_method m
         WHERE m.project_id = :project_id AND m.is_active),
       (SELECT count(*) FROM pricing_discount d
         WHERE d.project_id = :project_id AND d.is_active)
  FROM estate_room r WHERE r.project_id = :project_id AND r.status <> 'merged'
""")
# Switching a method or discount off needs no approval, so it is no part of what was reviewed.
_DIGEST = text("""
SELECT encode(sha256(convert_to(concat_ws(E'\\n',
  (SELECT string_agg(jsonb_build_array(r.id, r.building_id, b.name, r.entrance_id, r.number,
            r.floor, r.column_no, r.gross_area, r.inside_area, r.house_type_id, r.orientation,
            r.view, r.structure, r.usage, r.is_accessory, r.main_room_id)::text, ';' ORDER BY r.id)
     FROM estate_room r JOIN estate_building b ON b.id = r.building_id
    WHERE r.project_id = :project_id AND r.status <> 'merged'),
  (SELECT string_agg(jsonb_build_array(h.id, h.name, h.structure, h.gross_area,
            h.inside_area)::text, ';' ORDER BY h.id)
     FROM estate_house_type h WHERE h.project_id = :project_id),
  (SELECT string_agg(jsonb_build_array(m.id, m.name, m.discount_percent, m.valid_from,
            m.valid_to)::text, ';' ORDER BY m.id)
     FROM pricing_payment_method m WHERE m.project_id = :project_id),
  (SELECT string_agg((to_jsonb(l) - 'id')::text, ';' ORDER BY l.method_id, l.position)
     FROM pricing_payment_method_line l WHERE l.project_id = :project_id),
  (SELECT string_agg(jsonb_build_array(d.id, d.name, d.kind, d.value, d.position, d.is_stackable,
            d.valid_from, d.valid_to, d.grantor_role)::text, ';' ORDER BY d.id)
     FROM pricing_discount d WHERE d.project_id = :project_id),
  (SELECT string_agg(concat_ws('-', b.method_id, b.building_id), ';'
            ORDER BY b.method_id, b.building_id)
     FROM pricing_payment_method_building b WHERE b.project_id = :project_id),
  (SELECT string_agg(concat_ws('-', b.discount_id, b.building_id), ';'
            ORDER BY b.discount_id, b.building_id)
     FROM pricing_discount_building b WHERE b.project_id = :project_id)
), 'UTF8')), 'hex')
""")


def base_data_figures(project_id: int) -> BaseDataFigures:
    """Return what the project's base data come to. The project is reached before this is asked."""
    row = db.session.execute(_FIGURES, {"project_id": project_id}).one()
    return BaseDataFigures(*row, digest=base_data_digest(project_id))


def base_data_digest(project_id: int) -> str:
    """Return the SHA-256 over every value of the project's base data."""
    return str(db.session.execute(_DIGEST, {"project_id": project_id}).scalar_one())


def list_base_data_entries(project_id: int) -> list[BaseDataEntry]:
    """Return the newest entries of the project's log of base data."""
    found = select(BaseDataEntry).where(BaseDataEntry.project_id == project_id)
    return list(db.session.scalars(found.order_by(BaseDataEntry.id.desc()).limit(SHOWN_ENTRIES)))


def get_base_data_change(change_id: int) -> BaseDataChange:
    """Return the change. Raises NotFound if there is none within scope."""
    found: BaseDataChange | None = db.session.scalar(
        select(BaseDataChange).where(BaseDataChange.id == change_id)
    )
    if found is None:
        raise NotFound(_l("There is no such change of base data within your scope."))
    return found


def list_changes_to_carry_out(project_id: int | None = None) -> list[BaseDataChange]:
    """Return the approved changes that are not carried out yet, the first due first."""
    found = select(BaseDataChange).where(BaseDataChange.state.in_(TO_DO))
    if project_id is not None:
        found = found.where(BaseDataChange.project_id == project_id)
    return list(db.session.scalars(found.order_by(BaseDataChange.execute_by, BaseDataChange.id)))


def count_open_changes(project_id: int) -> int:
    """Return how many changes of the project are written but not ended."""
    ended = ("executed", "cancelled")
    return db.session.scalar(
        select(func.count(BaseDataChange.id)).where(
            BaseDataChange.project_id == project_id, BaseDataChange.state.not_in(ended)
        )
    ) or 0  # fmt: skip


def list_requests_of_change(change_id: int) -> list[ApprovalRequest]:
    """Return the approval requests about a change, the newest first."""
    found = select(ApprovalRequest).where(
        ApprovalRequest.subject_type == "base_data_change", ApprovalRequest.subject_id == change_id
    )
    return list(db.session.scalars(found.order_by(ApprovalRequest.id.desc())))

"""Works out what a plan's rows cost: the one place where a typed price becomes a row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Invalid
from app.core.money import FEN, format_yuan, yuan
from app.estate.models import Project, Room, RoomStatus
from app.pricing.models import RoomPrice
from app.pricing.queries import in_force_of
from app.pricing.rules import Areas, default_floor, fits_area, total_of, unit_of
from app.pricing.settings import floor_terms
from app.pricing.terms import PriceBasis

#: rooms read at a time when rows are checked against them
BATCH = 5000
#: what a column of prices holds
LARGEST = Decimal("999999999999.99")


@dataclass(frozen=True, slots=True)
class PlanRowDraft:
    """What a plan is to make of one room, in yuan; what is None is worked out.

    Either the total or the unit price (yuan per m² of the basis' area) must be there, unless the
    row is to be blank. Without a basis the room keeps that of its price in force, gross without.
    """

    room_id: int
    list_total: Decimal | None = None
    list_unit_price: Decimal | None = None
    floor_total: Decimal | None = None
    price_basis: PriceBasis | None = None


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What is needed of a room to price it."""

    areas: Areas
    basis: PriceBasis


@dataclass(frozen=True, slots=True)
class Pricing:
    """By what a project's prices are worked out: rounding in yuan, terms of its floor totals."""

    rounding: Decimal
    floor_percent: Decimal
    floor_step: Decimal


class BadPrice(Exception):
    """A price is refused: in which column of the row, and the sentence that says why."""

    def __init__(self, column: str, sentence: Any) -> None:
        super().__init__(column)
        self.column = column
        self.sentence = sentence


def pricing_of(project: Project) -> Pricing:
    """Return by what the project's prices are worked out."""
    return Pricing(project.total_rounding, *floor_terms(project.id))


def facts_of_rooms(project_id: int, room_ids: Sequence[int]) -> dict[int, RoomFacts]:
    """Return those rooms of the project that are there, by id."""
    found: dict[int, RoomFacts] = {}
    for start in range(0, len(room_ids), BATCH):
        rows = db.session.execute(
            select(Room.id, Room.gross_area, Room.inside_area, RoomPrice.price_basis)
            .outerjoin(RoomPrice, in_force_of(Room.id))
            .where(
                Room.project_id == project_id,
                Room.id.in_(room_ids[start : start + BATCH]),
                Room.status != RoomStatus.MERGED.value,
            )
        )
        for row in rows:
            basis = PriceBasis(row.price_basis or PriceBasis.GROSS)
            found[row.id] = RoomFacts(Areas(row.gross_area, row.inside_area), basis)
    return found


def check_rows(
    project: Project, rows: Collection[PlanRowDraft], *, blanks: bool = False
) -> list[dict[str, Any]]:
    """Return the rows as they are to be written.

    A blank row has neither price. Raises Invalid naming the first wrong row by its place.
    """
    if not rows:
        raise _wrong(_l("A price plan needs at least one room."))
    facts = facts_of_rooms(project.id, [row.room_id for row in rows])
    terms = pricing_of(project)
    seen: set[int] = set()
    prices: list[dict[str, Any]] = []
    for place, row in enumerate(rows, 1):
        if row.room_id not in facts:
            raise _wrong(_l("Row %(row)d: there is no such room in this project.", row=place))
        if row.room_id in seen:
            raise _wrong(_l("Row %(row)d: this room is in the plan already.", row=place))
        seen.add(row.room_id)
        try:
            prices.append(work_out(row, facts[row.room_id], terms, blanks=blanks))
        except BadPrice as error:
            raise _wrong(_in_row(place, error.sentence)) from error
    return prices


def work_out(
    row: PlanRowDraft, room: RoomFacts, terms: Pricing, *, blanks: bool = False
) -> dict[str, Any]:
    """Return a row's figures; the total rules where both are given. Raises BadPrice."""
    basis = row.price_basis or room.basis
    area = room.areas.by(basis)
    if area is None:
        raise BadPrice(
            "price_basis",
            _l("The room has no inside area. Enter it first, or price by gross area."),
        )
    written: dict[str, Any] = {"room_id": row.room_id, "price_basis": basis.value}
    if row.list_total is None and row.list_unit_price is None:
        if not blanks:
            raise BadPrice("list_total", _l("There is neither a total nor a unit price."))
        return written | {"list_total": None, "list_unit_price": None, "floor_total": None}
    written |= _price(row, area, terms.rounding)
    return written | {"floor_total": _floor(row, written["list_total"], terms)}


def _price(row: PlanRowDraft, area: Decimal, rounding: Decimal) -> dict[str, Decimal]:
    total, unit = row.list_total, row.list_unit_price
    column = "list_unit_price" if total is None else "list_total"
    if unit is not None and not FEN <= unit <= LARGEST:
        raise BadPrice("list_unit_price", _l("A price must be above 0."))
    if total is None and unit is not None:
        total = total_of(unit, area, rounding)
    if total is None or not FEN <= total <= LARGEST:
        raise BadPrice(column, _l("A total is above 0 and at most 999,999,999,999.99 yuan."))
    if unit is not None and not fits_area(total, unit, area, rounding):
        raise BadPrice(
            "list_total",
            _l(
                "%(unit)s per m² on %(area)s m² does not come to %(total)s. Leave one of the two"
                " out; it is worked out.",
                unit=format_yuan(unit),
                area=area,
                total=format_yuan(total),
            ),
        )
    return {"list_total": yuan(total), "list_unit_price": unit or unit_of(total, area)}


def _floor(row: PlanRowDraft, total: Decimal, terms: Pricing) -> Decimal:
    if row.floor_total is None:
        return default_floor(total, terms.floor_percent, terms.floor_step)
    if not FEN <= row.floor_total <= total:
        raise BadPrice(
            "floor_total",
            _l(
                "A floor price is above 0 and at most the list total, %(total)s.",
                total=format_yuan(total),
            ),
        )
    return yuan(row.floor_total)


def _in_row(place: int, sentence: Any) -> Any:
    return _l("Row %(row)d: %(what)s", row=place, what=sentence)


def _wrong(sentence: Any) -> Invalid:
    return Invalid(sentence, fields={"rows": sentence})

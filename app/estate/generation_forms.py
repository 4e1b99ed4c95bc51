"""What a generation is asked for with, over REST and from the wizard: the body and its meaning."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from app.core.errors import Invalid
from app.estate.generator import (
    MOST_ROOMS,
    CellChange,
    ColumnPlan,
    EntrancePlan,
    FloorNames,
    ListFault,
    Mode,
    NumberRule,
    Specification,
    expand_numbers,
    list_plan,
    name_floors,
)
from app.estate.operations import GenerationRequest
from app.web.rest import Body, Truth, Yuan

#: more than any limit of the rules; those say in words what is too much
MANY = 30_000
WIDEST = 200


def _text(longest: int, **more: Any) -> fields.String:
    return fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=longest), **more
    )


def _says(sentence: str) -> dict[str, str]:
    """Return what the description of the interface says of a field."""
    return {"description": sentence}


def _count(least: int, most: int, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **more)


class ColumnBody(Body):
    """A column's rooms; areas are strings in m²."""

    house_type = _text(60)
    gross_area = Yuan(load_default=None, allow_none=True)
    inside_area = Yuan(load_default=None, allow_none=True)
    orientation = _text(20)


class EntranceBody(Body):
    name = _text(60)
    columns = fields.List(
        fields.Nested(ColumnBody), required=True, validate=validate.Length(max=MANY)
    )


class FloorNamesBody(Body):
    above = _count(0, 1000, load_default=0)
    below = _count(0, 1000, load_default=0)
    avoided = fields.List(_count(1, 1000), load_default=list, validate=validate.Length(max=100))
    by_letter = Truth(load_default=False, metadata={"description": "3A for 4"})
    basement = fields.String(load_default="B", validate=validate.OneOf(("B", "-")))


class CellBody(ColumnBody):
    floor = _count(0, MANY, required=True)
    entrance = _count(0, MANY, required=True)
    column = _count(1, MANY, required=True)
    blank = Truth(load_default=None, allow_none=True)
    number = _text(60)
    column_span = _count(1, WIDEST, load_default=1)
    row_span = _count(1, WIDEST, load_default=1)


class GenerationBody(Body):
    """One specification for all three modes; a mode leaves alone what it does not need."""

    mode = fields.String(
        load_default="grid", validate=validate.OneOf([mode.value for mode in Mode])
    )
    building_id = _count(1, 2**62, load_default=None, allow_none=True)
    building = _text(
        2000, metadata=_says("a new building's name; in the mode villa a list such as V1-V12")
    )
    floors = fields.List(
        fields.String(validate=validate.Length(max=60)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MANY),
        metadata=_says("names, lowest first; or else floor_names"),
    )
    floor_names = fields.Nested(FloorNamesBody, load_default=None, allow_none=True)
    entrances = fields.List(
        fields.Nested(EntranceBody), load_default=list, validate=validate.Length(max=MANY)
    )
    rule = fields.String(
        load_default=NumberRule.COLUMN.value,
        validate=validate.OneOf([rule.value for rule in NumberRule]),
    )
    digits = _count(1, 6, load_default=None, allow_none=True)
    cells = fields.List(
        fields.Nested(CellBody),
        load_default=list,
        validate=validate.Length(max=MANY),
        metadata=_says("what is different; floor and entrance count from 0, column from 1"),
    )
    numbers = _text(20_000, metadata=_says("in the mode list: A001-A120, B1"))
    entrance = _text(60)
    column = fields.Nested(ColumnBody, load_default=None, allow_none=True)


def request_of(body: dict[str, Any], given: dict[str, Any]) -> GenerationRequest:
    """Return what a cleaned body asks for; ``given`` is the body as it came. Raises Invalid."""
    mode = Mode(body["mode"])
    make = {Mode.GRID: _grid, Mode.LIST: _list, Mode.VILLA: _villa}[mode]
    return GenerationRequest(
        mode=mode,
        specification=make(body),
        building_id=None if mode is Mode.VILLA else body["building_id"],
        building_names=_building_names(body, mode),
        given=given,
    )


def _building_names(body: dict[str, Any], mode: Mode) -> tuple[str, ...]:
    written = (body["building"] or "").strip()
    if mode is Mode.VILLA:
        return tuple(_numbers(written, "building"))
    return (written,) if written and body["building_id"] is None else ()


def _floors(body: dict[str, Any]) -> tuple[str, ...]:
    if body["floors"] is not None:
        return tuple(name.strip() for name in body["floors"])
    wish = body["floor_names"]
    if wish is None:
        return ()
    if wish["above"] + wish["below"] > MOST_ROOMS:
        return ("1",) * MOST_ROOMS
    return tuple(name_floors(FloorNames(**{**wish, "avoided": frozenset(wish["avoided"])})))


def _grid(body: dict[str, Any]) -> Specification:
    return Specification(
        floors=_floors(body),
        entrances=tuple(
            EntrancePlan(
                (one["name"] or "").strip() or None,
                tuple(column_of(column) for column in one["columns"]),
            )
            for one in body["entrances"]
        ),
        rule=NumberRule(body["rule"]),
        digits=body["digits"],
        cells=tuple(_cell(cell) for cell in body["cells"]),
    )


def _list(body: dict[str, Any]) -> Specification:
    numbers = _numbers(body["numbers"] or "", "numbers")
    plan = list_plan(
        numbers,
        floor=(_floors(body) or ("1",))[0],
        entrance=(body["entrance"] or "").strip() or None,
        plan=column_of(body["column"] or {}),
    )
    changed = {cell["column"]: _cell(cell) for cell in body["cells"]}
    listed = {cell.column: cell for cell in plan.cells}
    # What was changed of a cell keeps the number of the list, unless that was changed too.
    cells = tuple(_numbered(changed.get(at, cell), cell) for at, cell in listed.items())
    return Specification(plan.floors, plan.entrances, cells=cells)


def _villa(body: dict[str, Any]) -> Specification:
    floors = _floors(body) or ("1",)
    column = column_of(body["column"] or {})
    number = (body["numbers"] or "").strip() or "101"
    cell = CellChange(len(floors) - 1, 0, 1, number=number, row_span=len(floors))
    return Specification(floors, (EntrancePlan(None, (column,)),), cells=(cell,))


def _numbered(cell: CellChange, listed: CellChange) -> CellChange:
    if cell.number is not None:
        return cell
    values = {name: getattr(cell, name) for name in CellChange.__dataclass_fields__}
    return CellChange(**{**values, "number": listed.number})


def column_of(given: dict[str, Any]) -> ColumnPlan:
    """Return the column that a cleaned body describes."""
    return ColumnPlan(
        house_type=_clean(given.get("house_type")),
        gross_area=given.get("gross_area"),
        inside_area=given.get("inside_area"),
        orientation=_clean(given.get("orientation")),
    )


def _cell(given: dict[str, Any]) -> CellChange:
    names = ("floor", "entrance", "column", "number", "house_type", "gross_area", "inside_area",
             "orientation", "column_span", "row_span")  # fmt: skip
    return CellChange(is_blank=given["blank"], **{name: given[name] for name in names})


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def _numbers(text: str, field: str) -> list[str]:
    try:
        return expand_numbers(text, most=MOST_ROOMS)
    except ListFault as fault:
        sentence = _LIST_FAULTS[fault.code] % {"part": fault.part, **fault.params}
        raise Invalid(sentence, fields={field: sentence}) from fault


_LIST_FAULTS = {
    "too_many": _l("“%(part)s” makes more than %(most)d numbers; make them in parts."),
    "ends_differ": _l("“%(part)s”: what stands before and behind the numbers must be the same on"
                      " both sides, as in A001-A120."),
    "backwards": _l("“%(part)s” runs backwards; write the smaller number first."),
}  # fmt: skip

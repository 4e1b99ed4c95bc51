"""Takes in a price list: its rooms, and one draft plan of its prices; all of it or nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.money import ZERO
from app.core.money import plain as plain_number
from app.estate import operations as estate
from app.estate.models import Project, RoomImport
from app.estate.operations import ImportOutcome, Progress, ReceivedFile
from app.estate.sheets import (
    Column,
    Fault,
    Matching,
    PriceList,
    Recall,
    compare,
    nothing_known,
    read_price_list,
)
from app.estate.sheets.matrix_matching import SEPARATOR, fault_of, is_of_matrix
from app.pricing.models import PricePlan
from app.pricing.operations.import_agreements import (
    TOLERANCE,
    Agreement,
    compare_known,
    from_comparison,
)
from app.pricing.operations.plans import new_plan
from app.pricing.rules import default_floor
from app.pricing.settings import floor_terms


@dataclass(frozen=True, slots=True)
class ListImport:
    """What came of a price list. With faults nothing but the record was written.

    ``list_total`` is the plan's sum in yuan, or what it would be.
    """

    record: RoomImport
    outcome: ImportOutcome
    plan: PricePlan | None
    list_total: Decimal
    agreements: tuple[Agreement, ...]
    #: what stood before every building's name
    project_name: str | None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the file, line by line."""
        return self.outcome.faults


@dataclass(frozen=True, slots=True)
class _Work:
    """One import while it is under way."""

    file: ReceivedFile
    price_list: PriceList
    project: Project
    update: bool
    actor: Actor


def import_price_list(  # noqa: PLR0913 - as wide as what may be said of a list
    data: bytes,
    file_name: str,
    *,
    project: Project,
    update: bool,
    dry_run: bool,
    actor: Actor,
    second: ReceivedFile | None = None,
    columns: Matching | None = None,
    progress: Progress | None = None,
) -> ListImport:
    """Import a price list in either shape: rooms, and a draft plan when it has prices.

    No room has a list price until that plan is approved. Rooms that are there are compared, and
    changed only with ``update``. A file with faults is refused as a whole: nothing but the record
    of the import with its faults is written. ``second`` is another list of the same prices that
    is only compared. Columns hold what ``columns`` says of their headings, else what was said last
    in this project of the same headings. Raises NotAllowed, NotFound for a project outside scope,
    Invalid for a column that does not exist.
    """
    file = ReceivedFile(file_name, data)
    recall = _said(columns or {}, estate.recall_columns(project.id))
    price_list = _read(data, project, recall)
    work = _Work(file, price_list, project, update, actor)
    comparison = _compare_second(work, second)
    result = _run(work, dry_run=dry_run, progress=progress)
    agreements = (*_first(comparison), *result.agreements)
    record = estate.record_import(
        file,
        project_id=project.id,
        shape=price_list.shape.value if price_list.shape else "",
        dry_run=dry_run,
        counts=_counts(work, result, agreements),
        faults=result.outcome.faults,
        actor=actor,
    )
    if dry_run and result.outcome.is_staged:
        estate.keep_lines(record, update=update, actor=actor)
    return ListImport(
        record, result.outcome, result.plan, result.list_total, agreements,
        price_list.project_name,
    )  # fmt: skip


def carry_out_import(
    record: RoomImport, *, actor: Actor, progress: Progress | None = None
) -> ListImport:
    """Carry out a dry run with the file that was checked then.

    Everything is looked at again: what was good then may have faults against today's rooms. What
    was seen is what is written: rooms that moved since refuse all, Conflict. Raises WrongState if
    somebody was first, NotFound when the file is no longer kept.
    """
    file = estate.take_checked_file(record)
    price_list = _read(
        file.content, record.project, _following(record.counts.get("matching") or {})
    )
    work = _Work(file, price_list, record.project, bool(record.counts.get("update")), actor)
    result = _run(work, dry_run=False, progress=progress, seen=record)
    kept = [found for found in record.counts.get("agreements", []) if found["other"]]
    counts = _counts(work, result, result.agreements)
    counts["has_lines"] = record.counts.get("has_lines", False)
    counts["agreements"] = [*kept, *counts["agreements"]]
    estate.finish_import(record, counts=counts, faults=result.outcome.faults)
    return ListImport(
        record, result.outcome, result.plan, result.list_total, result.agreements,
        price_list.project_name,
    )  # fmt: skip


def match_columns(record: RoomImport, columns: Matching, *, actor: Actor) -> ListImport:
    """Check the file of a dry run again, with what somebody says of its columns.

    Its project remembers it for lists with the same headings. A second list is not compared again.
    Raises Invalid for a column that does not exist, WrongState once it was carried out, NotFound
    when the file is no longer kept.
    """
    recall = _following(columns)
    file = estate.take_file_of_check(record)
    price_list = _read(file.content, record.project, recall)
    work = _Work(file, price_list, record.project, bool(record.counts.get("update")), actor)
    result = _run(work, dry_run=True, progress=None)
    counts = _counts(work, result, result.agreements)
    estate.renew_check(record, counts=counts, faults=result.outcome.faults)
    if result.outcome.is_staged:
        estate.keep_lines(record, update=work.update, actor=actor)
    return ListImport(
        record, result.outcome, result.plan, result.list_total, result.agreements,
        price_list.project_name,
    )  # fmt: skip


def known_matching(record: RoomImport) -> dict[str, str]:
    """Return what the columns, sheets and blocks of a check were taken for, by their keys."""
    known = {column["key"]: column["column"] for column in record.counts.get("columns", [])}
    matrix = record.counts.get("matrix") or {"sheets": [], "blocks": []}
    for sheet in matrix["sheets"]:
        known[sheet["key"]] = sheet["kind"]
        known |= {column["key"]: column["role"] for column in sheet["columns"]}
    blocks = matrix["blocks"]
    return known | {one["key"]: f"{one['building']}{SEPARATOR}{one['entrance']}" for one in blocks}


def check_again(record: RoomImport, *, actor: Actor) -> ListImport:
    """Check the file of a dry run again, against the rooms of now and with what was said of it.

    Raises WrongState once it was carried out, NotFound when the file is no longer kept.
    """
    return match_columns(record, record.counts.get("matching") or {}, actor=actor)


def _said(columns: Matching, recall: Recall) -> Recall:
    """Return what answers with what is remembered, and before it with what is said now."""
    if not columns:
        return recall
    _check_columns(columns)

    def answer(keys: frozenset[str]) -> Matching:
        return {**(recall(keys) or {}), **columns}

    return answer


def _following(columns: Matching) -> Recall:
    """Return what answers every set of headings with what was said of the columns."""
    _check_columns(columns)
    return lambda _keys: columns


def _check_columns(columns: Matching) -> None:
    """Raise Invalid for something that no column can hold."""
    known = {column.value for column in Column} | {""}
    for heading, column in columns.items():
        if fault_of(heading, column) if is_of_matrix(heading) else column not in known:
            raise Invalid(
                _l(
                    "“%(column)s” is nothing that the column “%(heading)s” can hold.",
                    column=column,
                    heading=heading,
                )
            )


@dataclass(frozen=True, slots=True)
class _Result:
    outcome: ImportOutcome
    plan: PricePlan | None
    list_total: Decimal
    agreements: tuple[Agreement, ...]


def _run(
    work: _Work, *, dry_run: bool, progress: Progress | None, seen: RoomImport | None = None
) -> _Result:
    percent, step = floor_terms(work.project.id)
    outcome = estate.import_rooms(
        work.price_list,
        project=work.project,
        update=work.update,
        dry_run=dry_run,
        actor=work.actor,
        floor_of=partial(default_floor, percent=percent, step=step),
        progress=progress,
        seen=seen,
    )
    if outcome.faults:
        return _Result(outcome, None, ZERO, ())
    agreements = _first(compare_known())
    plan = None
    if not dry_run and work.price_list.has_prices:
        plan = _draft_plan(work)
    total = db.session.execute(_TOTAL, {"update": work.update}).scalar_one()
    return _Result(outcome, plan, total, agreements)


# A room that the list would change, and does not, is left out: its price was made for another.
_WANTED = "p.list_total IS NOT NULL AND (:update OR NOT p.differs)"
_TOTAL = text(f"SELECT coalesce(sum(p.list_total), 0) FROM price_list_row p WHERE {_WANTED}")
_ROWS = text(f"""
INSERT INTO pricing_price_plan_row
       (project_id, plan_id, room_id, list_unit_price, list_total, floor_total)
SELECT r.project_id, :plan_id, r.id,
       coalesce(p.list_unit_price, round(p.list_total / r.gross_area, 2)),
       p.list_total, p.floor_total
  FROM price_list_row p JOIN estate_room r ON r.id = p.room_id
 WHERE {_WANTED} ORDER BY p.place
""")


def _read(data: bytes, project: Project, recall: Recall) -> PriceList:
    return read_price_list(
        data,
        project_name=_own_name(project),
        known_buildings=estate.list_building_names(project.id),
        recall=recall,
    )


def _own_name(project: Project) -> str | None:
    """Return the name that may stand before buildings; a bare code such as A is none."""
    return None if project.name == project.code else project.name


def _draft_plan(work: _Work) -> PricePlan | None:
    plan = new_plan(
        project_id=work.project.id,
        name=str(_l("Price list %(file)s", file=work.file.name)),
        origin="import",
        actor=work.actor,
    )
    added = db.session.execute(_ROWS, {"plan_id": plan.id, "update": work.update})
    if not added.rowcount:
        db.session.delete(plan)
        db.session.flush()
        return None
    return plan


def _compare_second(work: _Work, second: ReceivedFile | None) -> Agreement | None:
    """Compare with a second file; what is wrong with that one is a fault like any other."""
    if second is None:
        return None
    other = _read(second.content, work.project, nothing_known)
    if other.faults:
        work.price_list.faults.extend(_of_file(fault, second.name) for fault in other.faults)
        return None
    return from_comparison(second.name, compare(work.price_list, other, tolerance=TOLERANCE))


def _of_file(fault: Fault, name: str) -> Fault:
    sheet = f"{name} · {fault.sheet}" if fault.sheet else name
    return Fault(sheet, fault.line, fault.column, fault.value, fault.code, fault.params)


def _first(agreement: Agreement | None) -> tuple[Agreement, ...]:
    return () if agreement is None else (agreement,)


def _counts(work: _Work, result: _Result, agreements: tuple[Agreement, ...]) -> dict[str, Any]:
    """Return what is kept of an import, as JSON."""
    outcome, plan = result.outcome, result.plan
    counts: dict[str, Any] = {
        "update": work.update,
        "rooms": outcome.rooms,
        "new": outcome.new,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "absent": outcome.absent,
        "faults": len(outcome.faults),
        "list_total": result.list_total,
        "buildings": [asdict(building) for building in outcome.buildings],
        "changes": [asdict(change) for change in outcome.changes],
        "building_changes": [asdict(change) for change in outcome.building_changes],
        "fields": dict(outcome.fields),
        "has_lines": outcome.is_staged and not outcome.is_written,
        "agreements": [{**asdict(found), "agrees": found.agrees} for found in agreements],
        "ignored": list(work.price_list.ignored),
        "hidden_rows": work.price_list.hidden_rows,
        "columns": [asdict(column) for column in work.price_list.columns],
        "matrix": asdict(work.price_list.matrix) if work.price_list.matrix else None,
        "price_plan": None,
    }
    if work.price_list.is_matched:
        counts["matching"] = work.price_list.matching
    if plan is not None:
        counts["price_plan"] = {"id": plan.id, "number": plan.number, "name": plan.name}
    kept: dict[str, Any] = _json(counts)
    return kept


def _json(value: Any) -> Any:
    """Return figures as strings with 2 decimals, as REST answers carry them."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {name: _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value

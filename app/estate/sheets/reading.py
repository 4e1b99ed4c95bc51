"""Reads a price list of either shape, and collects all that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection

from app.estate.sheets.drafts import Draft, Named, finish
from app.estate.sheets.faults import Fault, SheetLog
from app.estate.sheets.headings import HEADING_LINES, Headings, find_headings, is_notes
from app.estate.sheets.limits import MAX_COLUMNS, MAX_ROWS, FileRefused
from app.estate.sheets.matching import (
    Recall,
    apply_matching,
    guess_headings,
    matched_columns,
    nothing_known,
)
from app.estate.sheets.matrix_matching import (
    MatrixBlock,
    MatrixGuess,
    apply_matrix_matching,
    sheet_guess,
)
from app.estate.sheets.matrix_shape import Block, Matrix
from app.estate.sheets.opening import Sheet, Source, open_sheets
from app.estate.sheets.price_list import PriceList, Shape
from app.estate.sheets.rows_shape import RowsSheet
from app.estate.sheets.spool import Spool


def read_price_list(
    source: Source,
    *,
    project_name: str | None = None,
    known_buildings: Collection[str] = (),
    recall: Recall = nothing_known,
) -> PriceList:
    """Read a price list from bytes, a path or an open file; the contents say what kind it is.

    Takes .xls, .xlsx, .ods and .csv (UTF-8 or GB 18030). ``project_name`` is taken off the names
    of buildings, as is whatever stands before all of them, but ``known_buildings`` keep theirs.
    ``recall`` is asked for each set of
    headings what its columns hold; what it does not say is taken from the headings. Faults are
    collected, not raised; an OSError is raised for a path that cannot be read.
    """
    price_list = PriceList()
    try:
        sheets = open_sheets(source)
        found = _with_headings(sheets, price_list, recall)
        drafts, matrix = _drafts(found, price_list, recall)
    except FileRefused as refused:
        price_list.faults.append(Fault("", None, "", "", refused.code, refused.params))
        return price_list
    said = {block.building for block in matrix.blocks.values() if block.is_said}
    placed: dict[Named, Named] = {}
    rows, project = finish(
        drafts,
        price_list.faults,
        project_name,
        said.union(known_buildings),
        placed if matrix.blocks else None,
    )
    price_list.rows, price_list.project_name = rows, project
    price_list.is_matched |= matrix.is_matched
    if price_list.matrix is not None:
        price_list.matrix.blocks += [_block(block, placed) for block in matrix.blocks.values()]
    return price_list


def _block(block: Block, placed: dict[Named, Named]) -> MatrixBlock:
    own = block.building, block.entrance
    building, entrance = placed.get(own, own)
    return MatrixBlock(
        key=block.key,
        text=block.text,
        sheet=block.sheet,
        line=block.line,
        building=building,
        entrance=entrance or "",
        floors=len(block.floors),
        rooms=max(block.rooms.values(), default=0),
    )


def _with_headings(
    sheets: list[Sheet], price_list: PriceList, recall: Recall
) -> list[tuple[Sheet, Headings]]:
    """Return the sheets that hold a list; one that should and does not is a fault.

    Hidden sheets and notes are passed over, unless there is nothing else.
    """
    filled = [sheet for sheet in sheets if any(any(map(_is_filled, row)) for row in sheet.rows)]
    if not filled:
        raise FileRefused("empty_file")
    found = []
    for sheet in [sheet for sheet in filled if not is_notes(sheet)] or filled:
        headings = find_headings(sheet)
        guessed = guess_headings(sheet) if headings is None else None
        taken = headings or guessed
        if taken is not None and apply_matching(taken, recall):
            price_list.is_matched, headings = True, taken
        if taken is not None and taken.shape is Shape.MATRIX:
            price_list.is_matched |= apply_matrix_matching(sheet, taken, recall)
            price_list.matrix = price_list.matrix or MatrixGuess()
            price_list.matrix.sheets.append(sheet_guess(sheet, taken))
        if headings is not None:
            found.append((sheet, headings))
        else:
            log = SheetLog(sheet.name, price_list.faults, {})
            log.add(None, None, "", "heading_not_found", lines=HEADING_LINES)
        if taken is not None and taken.shape is Shape.ROWS and len(taken.titles) <= MAX_COLUMNS:
            price_list.columns += matched_columns(sheet, taken)
    return found


def _is_filled(cell: object) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _drafts(
    found: list[tuple[Sheet, Headings]], price_list: PriceList, recall: Recall
) -> tuple[Spool[Draft], Matrix]:
    drafts: Spool[Draft] = Spool()
    matrix = Matrix(price_list.faults, recall)
    ignored: list[str] = []
    for sheet, headings in found:
        log = SheetLog(sheet.name, price_list.faults, headings.titles)
        price_list.shape = price_list.shape or headings.shape
        price_list.hidden_rows += sheet.hidden_rows
        if headings.shape is not price_list.shape:
            log.add(None, None, "", "mixed_shapes", sheet=found[0][0].name)
        elif len(sheet.rows) <= headings.row + 1:
            log.add(headings.row, None, "", "no_rooms")
        elif headings.shape is Shape.MATRIX:
            matrix.read(sheet, headings)
        else:
            rows = RowsSheet(sheet, headings, price_list.faults)
            drafts.extend(rows.drafts())
            ignored += rows.ignored
    price_list.ignored = tuple(dict.fromkeys(ignored))
    drafts.extend(matrix.drafts())
    if len(drafts) > MAX_ROWS:
        raise FileRefused("too_many_rows", most=MAX_ROWS)
    if not drafts and not price_list.faults:
        price_list.faults.append(Fault(found[0][0].name, None, "", "", "no_rooms"))
    return drafts, matrix

"""A published price list as an Excel sheet, written row by row whatever its length."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.money import format_yuan
from app.pricing.models import PricePublication, PricePublicationRow
from app.pricing.titles import PRICE_BASES, posted_status

MONEY = "#,##0.00"
COLUMNS: tuple[tuple[Any, int], ...] = (
    (_l("Entrance"), 10),
    (_l("Floor"), 8),
    (_l("Room number"), 12),
    (_l("House type"), 12),
    (_l("Gross area"), 12),
    (_l("Inside area"), 12),
    (_l("Shared area"), 12),
    (_l("Priced by"), 14),
    (_l("List price per m²"), 16),
    (_l("List total"), 18),
    (_l("Status"), 12),
)


def approvers_of(published: PricePublication) -> str:
    """Return who approved the prices, each once, the latest first."""
    names = [one["approver"] for one in published.approvals if one["approver"]]
    return "、".join(dict.fromkeys(names)) or "–"


def published_words(published: PricePublication) -> str:
    """Return when the list was published, as it stands on paper: 2026-11-21 10:32."""
    return clock.local(published.published_at).strftime("%Y-%m-%d %H:%M")


def write_publication(
    published: PricePublication, rows: Iterable[PricePublicationRow], target: BinaryIO
) -> int:
    """Write the list as .xlsx and return how many rooms it has."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    formats = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({"bold": True, "bottom": 1}),
        "money": book.add_format({"num_format": MONEY}),
    }
    for place, (_title, width) in enumerate(COLUMNS):
        sheet.set_column(place, place, width)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P / &N")
    line = _head(sheet, published, formats)
    sheet.repeat_rows(line)
    for place, (title, _width) in enumerate(COLUMNS):
        sheet.write_string(line, place, str(title), formats["head"])
    count = 0
    for count, row in enumerate(rows, 1):
        for place, value in enumerate(_cells(row)):
            if isinstance(value, Decimal):
                sheet.write_number(line + count, place, value, formats["money"])
            elif value is not None:
                sheet.write_string(line + count, place, str(value))
    book.close()
    return count


def _head(sheet: Any, published: PricePublication, formats: dict[str, Any]) -> int:
    sheet.write_string(
        0, 0, f"{published.project.name} {published.building_name} {_('Price list')}",
        formats["title"],
    )  # fmt: skip
    published_at = published_words(published)
    facts = (
        f"{_('Version')} {published.version} · {_('Published')} {published_at}",
        f"{_('Prices approved by')} {approvers_of(published)}",
        f"{_('Pre-sale permit')} {published.permits or '–'}",
        (
            f"{_('Rooms')} {published.rooms} · {_('Sum of list totals')}"
            f" {format_yuan(published.list_total)}"
        ),
    )
    for place, fact in enumerate(facts, 1):
        sheet.write_string(place, 0, fact)
    return len(facts) + 2


def _cells(row: PricePublicationRow) -> tuple[Any, ...]:
    return (
        row.entrance,
        row.floor_name,
        row.number,
        row.house_type,
        row.gross_area,
        row.inside_area,
        row.shared_area,
        PRICE_BASES[row.price_basis],
        row.list_unit_price,
        row.list_total,
        posted_status(row.status),
    )

"""How large a price list may be, and the refusal of a file as a whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_PACKED_FILES: Final = 10_000
#: rows × columns that a sheet may span; the reader takes memory for each, empty or not
MAX_CELLS: Final = 6_000_000
MAX_ROWS: Final = 100_000
#: columns with headings; what is wider is a report and no price list
MAX_COLUMNS: Final = 200
MAX_AREA: Final = Decimal("99999.99")
MAX_PRICE: Final = Decimal("9999999999.99")
#: yuan per m² below which a price must be in 10,000 yuan, or a percentage
MIN_UNIT_PRICE: Final = Decimal(10)


class FileRefused(Exception):
    """The file cannot be read at all; ``code`` is one of the codes in ``faults``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def check_span(sheet: str, rows: int, columns: int) -> None:
    """Raise FileRefused when a sheet spans more cells than memory may be taken for."""
    if rows * columns > MAX_CELLS:
        raise FileRefused("sheet_too_large", sheet=sheet, rows=rows, columns=columns)

"""Price lists and room lists in files: reading either shape, comparing two, sheets of faults."""

from app.estate.sheets.faults import Fault, in_order
from app.estate.sheets.headings import Column
from app.estate.sheets.matching import Matching, Recall, nothing_known
from app.estate.sheets.price_list import (
    Comparison,
    MatchedColumn,
    PriceList,
    Shape,
    SheetRow,
    compare,
)
from app.estate.sheets.reading import read_price_list
from app.estate.sheets.writing import write_fault_sheet, write_template

__all__ = [
    "Column",
    "Comparison",
    "Fault",
    "MatchedColumn",
    "Matching",
    "PriceList",
    "Recall",
    "Shape",
    "SheetRow",
    "compare",
    "in_order",
    "nothing_known",
    "read_price_list",
    "write_fault_sheet",
    "write_template",
]

"""房源生成: from a specification to rooms, by rules alone; knows no database and no request."""

from __future__ import annotations

from app.estate.generator.drawing import MOST_ROOMS, DraftRoom, Drawing, Fault, draw
from app.estate.generator.floors import FloorNames, name_floors, order_floors
from app.estate.generator.lists import ListFault, expand_numbers
from app.estate.generator.specification import (
    CellChange,
    ColumnPlan,
    EntrancePlan,
    Mode,
    NumberRule,
    Specification,
    list_plan,
)

__all__ = [
    "MOST_ROOMS",
    "CellChange",
    "ColumnPlan",
    "DraftRoom",
    "Drawing",
    "EntrancePlan",
    "Fault",
    "FloorNames",
    "ListFault",
    "Mode",
    "NumberRule",
    "Specification",
    "draw",
    "expand_numbers",
    "list_plan",
    "name_floors",
    "order_floors",
]

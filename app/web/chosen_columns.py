"""Which columns a person sees in a list: the list's own, or those he chose, in his order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.web.columns import Column

#: kinds that a cell cannot show
_NOT_IN_CELLS = ("long", "json", "many")


def offered_columns(view: Any) -> list[Column]:
    """Return what may be chosen: the list's columns, then what the record's page shows besides.

    Of the page's only what the rows hold themselves: a property could read another table for
    every row.
    """
    found = {column.path: column for column in view.columns}
    for _title, names in view.sections():
        for path in names:
            if path not in found:
                column = view.column(path)
                if column.is_sql and not column.relations and column.kind not in _NOT_IN_CELLS:
                    found[path] = column
    return list(found.values())


def chosen_columns(view: Any, names: Sequence[str]) -> list[Column]:
    """Return the columns of these names that are still offered; the list's own for none.

    The first column names the record and is always there.
    """
    offered = {column.path: column for column in view.offered}
    chosen = [offered[name] for name in dict.fromkeys(names) if name in offered]
    if not chosen:
        return list(view.columns)
    first = view.columns[0]
    return chosen if first in chosen else [first, *chosen]

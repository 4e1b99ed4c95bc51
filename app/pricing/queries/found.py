"""What was asked for, or the refusal that it is not within scope."""

from __future__ import annotations

from typing import Any, TypeVar

from app.core.errors import NotFound

Row = TypeVar("Row")


def there(row: Row | None, sentence: Any) -> Row:
    """Return the row. Raises NotFound with the sentence if there is none."""
    if row is None:
        raise NotFound(sentence)
    return row

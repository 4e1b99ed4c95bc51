"""Asks everything that is to be asked of what was entered, so that one answer tells all faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.core.errors import Conflict, DomainError, Invalid


def check_all(*checks: Callable[[], Any]) -> None:
    """Run every check, then raise what they found.

    One fault is raised as it is; several become one Invalid with the fields of all, the first
    found of each field, and the sentence of the first. What names no field is raised at once.
    """
    found: list[DomainError] = []
    for check in checks:
        try:
            check()
        except (Invalid, Conflict) as error:
            if not error.fields:
                raise
            found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        fields: dict[str, Any] = {}
        for error in found:
            fields = {**error.fields, **fields}
        raise Invalid(found[0].message, fields=fields)

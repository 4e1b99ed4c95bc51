"""The form of a request: the kind's own values, read from and shown in a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.workflows.kinds import ApprovalKind, ValueField

INPUT_TYPES = {"day": "date", "id": "hidden"}
NUMERIC = ("percent", "money", "number")


@dataclass(frozen=True)
class FormValue:
    """One value of a request in its form, with what was typed and what is wrong with it."""

    field: ValueField
    value: str
    error: str

    @property
    def name(self) -> str:
        """Return the name of the input."""
        return self.field.name

    @property
    def input_type(self) -> str:
        """Return the type of the input."""
        return INPUT_TYPES.get(self.field.type, "text")

    @property
    def input_mode(self) -> str:
        """Return which keyboard a phone shows."""
        return "decimal" if self.field.type in NUMERIC else "text"

    @property
    def unit(self) -> str:
        """Return what stands behind the input."""
        return {"percent": "%", "money": _("yuan")}.get(self.field.type, "")

    @property
    def hidden(self) -> bool:
        """Tell whether the value comes with the call and is not for typing."""
        return self.field.type == "id" or not self.field.editable


def list_form_values(
    kind: ApprovalKind, values: Mapping[str, Any], errors: Mapping[str, Any]
) -> list[FormValue]:
    """Return the form's values in the kind's order."""
    return [
        FormValue(one, _text(values.get(one.name)), _text(errors.get(one.name)))
        for one in kind.fields
    ]


def read_values(kind: ApprovalKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, trimmed; what is empty is left out, ids become numbers."""
    values: dict[str, Any] = {}
    for one in kind.fields:
        typed = _text(given.get(one.name)).strip()
        if typed:
            values[one.name] = int(typed) if _is_id(one, typed) else typed
    return values


def read_changes(kind: ApprovalKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed over values that are kept; what was emptied is None."""
    emptied = {one.name: None for one in kind.fields if one.name in given}
    return {**emptied, **read_values(kind, given)}


def is_complete(kind: ApprovalKind, values: Mapping[str, Any]) -> bool:
    """Tell whether every value that is needed is there."""
    return all(values.get(one.name) is not None for one in kind.fields if one.required)


def _is_id(field: ValueField, typed: str) -> bool:
    return field.type == "id" and typed.isdecimal()


def _text(value: Any) -> str:
    return "" if value is None else str(value)

"""What may stand in bodies and answers, as JSON Schema: from body classes, forms and columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema
from wtforms import BooleanField, Field

from app.web.columns import Column
from app.web.crud import CrudView
from app.web.crud_api import CrudApi
from app.web.crud_forms import (
    AmountField,
    ChoiceField,
    DayField,
    MomentField,
    WholeField,
    argument_name,
)
from app.web.rest import LARGEST_ID, Yuan, may_be_left_out

JSON = "application/json"
ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
#: figures are strings, so that no program makes a binary fraction of money
FIGURE = {"type": "string", "description": 'a figure, such as "100000.00"'}
TEXT = {"type": "string"}
#: what a generated form takes of a program: text, or a whole number as one
TYPED = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
CHOSEN = {"anyOf": [ID, {"type": "string", "pattern": "^[0-9]+$"}]}
#: a row that another one names
ROW = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": ID, "title": TEXT},
}
#: kind of a column → its value in an answer
ANSWERED: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("money", "area", "percent", "number"), FIGURE),
    "integer": {"type": "integer"},
    "truth": {"type": "boolean"},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    **dict.fromkeys(("text", "code", "long", "state"), TEXT),
    "relation": ROW,
    "many": {"type": "array", "items": ROW},
}
#: kind of a form's field → what is to be written in it
FORMS = {
    AmountField: 'a figure, such as "100000.00"',
    DayField: "a day, such as 2026-11-21",
    MomentField: "a moment on a Chinese clock, such as 2026-11-21T09:30",
    WholeField: "a whole number",
}


def asked(function: Callable[..., Any]) -> dict[str, Any] | None:
    """Return the ``requestBody`` of a call, None for one that takes none or says so itself."""
    schema = getattr(function, "body", None)
    if schema is not None:
        return _request(_of_class(schema), required=not may_be_left_out(schema))
    resource = getattr(function, "__self__", None)
    purpose = {"post": "add", "put": "edit"}.get(function.__name__)
    if isinstance(resource, CrudApi) and purpose is not None:
        return _request(_of_form(resource.view, purpose), required=True)
    return None


def answered(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a call answers when all is well."""
    resource = getattr(function, "__self__", None)
    record = {"type": "object"}
    if not isinstance(resource, CrudApi):
        return record
    if function.__name__ == "delete":
        return {"type": "object", "required": ["id"], "properties": {"id": ID}}
    record = _of_columns(resource.columns())
    return _page(record) if function.__name__ == "index" else record


def _request(schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"required": required, "content": {JSON: {"schema": schema}}}


def _of_class(schema: type[Schema]) -> dict[str, Any]:
    # Without a name to refer to, what is nested stands in its place.
    plugin = MarshmallowPlugin(schema_name_resolver=lambda _schema: "")
    APISpec("", "", "3.0.2", plugins=[plugin])
    converter: Any = plugin.converter
    converter.map_to_openapi_type(Yuan, "string", None)
    found: dict[str, Any] = converter.schema2jsonschema(schema)
    return found


def _of_form(view: CrudView, purpose: str) -> dict[str, Any]:
    fields = list(view.form_class(purpose)())
    named = {argument_name(field, view.model): field for field in fields}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in named.items()},
    }
    # Without a project it is the one that the caller works in.
    needed = [
        name
        for name, field in named.items()
        if field.flags.required and field.short_name != "project"
    ]
    if needed and purpose == "add":
        schema["required"] = needed
    return schema


def _of_field(field: Field) -> dict[str, Any]:
    found = dict(_value_of(field))
    title = str(field.label.text)
    if not field.flags.required:
        found["nullable"] = True
    return {**found, "title": title}


def _value_of(field: Field) -> dict[str, Any]:
    if isinstance(field, BooleanField):
        return {"type": "boolean"}
    if isinstance(field, ChoiceField):
        return {"type": "array", "items": CHOSEN} if field.many else CHOSEN
    return TYPED | {"description": says} if (says := FORMS.get(type(field))) else TYPED


def _of_columns(columns: list[Column]) -> dict[str, Any]:
    properties = {
        column.path.replace(".", "_"): {**ANSWERED[column.kind], "nullable": True}
        for column in columns
        if column.kind in ANSWERED
    }
    return {
        "type": "object",
        "required": ["id", "title"],
        "properties": {**properties, "id": ID, "title": {"type": "string"}},
    }


def _page(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["result", "next", "count"],
        "properties": {
            "result": {"type": "array", "items": record},
            "next": {"type": "string", "nullable": True},
            "count": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d+\+$"}]},
        },
    }

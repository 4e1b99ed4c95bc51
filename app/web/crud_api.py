"""REST from the declaration of a CrudView: the same scope, forms and operations as its pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from flask import request
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField

from app.core import clock, money
from app.core.errors import Invalid
from app.web.columns import Column
from app.web.crud import CrudView
from app.web.crud_forms import (
    ChoiceField,
    CrudForm,
    argument_name,
    as_posted,
    cleaned,
)
from app.web.filters import names_of
from app.web.rest import BadRequest, RestApi, clamp_limit, current, endpoint, whole
from app.web.show_page import instance_of


class CrudApi(RestApi):
    """A resource made from a view; ``crud_api`` fills it with the calls that the view has."""

    view_class: ClassVar[type[CrudView]]

    @property
    def view(self) -> CrudView:
        """Return the registered view."""
        found: CrudView = instance_of(self.view_class)
        return found

    def page(self) -> dict[str, Any]:
        """Answer one keyset page of the rows that the address asks for."""
        query, _filters = self.view.query(
            request.args, current(), project_id=whole("project_id"), columns=self.columns()
        )
        count, more = query.count()
        rows, token = query.rows_after(request.args.get("cursor", ""), clamp_limit())
        return {
            "result": [self.answer(row) for row in rows],
            "next": token,
            "count": f"{count}+" if more else count,
        }

    def one(self, pk: int) -> dict[str, Any]:
        """Answer one row. Raises NotFound."""
        return self.answer(self.view.get(pk, current()))

    def add_one(self) -> dict[str, Any]:
        """Add a row from the body."""
        values = self._values(self.view.form_class("add"), "add", None)
        row = self.view.add_row(values, current())
        return self.one(row.id)

    def edit_one(self, pk: int) -> dict[str, Any]:
        """Change a row; what the body does not name stays. Raises NotFound."""
        view, actor = self.view, current()
        row = view.get(pk, actor)
        view.check_editable(row)
        view.edit_row(row, self._values(view.form_class("edit"), "edit", row), actor)
        return self.one(pk)

    def delete_one(self, pk: int) -> dict[str, Any]:
        """Delete a row. Raises NotFound."""
        self.view.delete_row(self.view.get(pk, current()), current())
        return {"id": pk}

    def columns(self) -> list[Column]:
        """Return the columns of an answer: the record page's."""
        return [self.view.column(path) for _title, names in self.view.sections() for path in names]

    def answer(self, row: Any) -> dict[str, Any]:
        """Return a row as JSON."""
        facts = {c.path.replace(".", "_"): _json(c.value(row)) for c in self.columns()}
        return {"id": row.id, "title": self.view.title_of(row)} | facts

    def _values(self, form_class: type[CrudForm], purpose: str, row: Any) -> dict[str, Any]:
        view = self.view
        drawn = form_class(obj=row, data=view.prefill(purpose, row))
        names = {argument_name(field, view.model): str(field.short_name) for field in drawn}
        typed: MultiDict[str, str] = MultiDict()
        for field in drawn:
            for value in as_posted(field):
                typed.add(str(field.short_name), value)
        for argument, value in _body().items():
            name = names.get(argument) or (argument if argument in names.values() else None)
            if name is not None:
                typed.setlist(name, _typed(drawn[name], argument, value))
        form = form_class(formdata=typed)
        if not form.validate():
            raise Invalid(
                _("Something in the form is wrong."),
                fields={
                    argument_name(field, view.model): str(field.errors[0])
                    for field in form
                    if field.errors
                },
            )
        return cleaned(form, view.model)


def _body() -> Mapping[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise BadRequest(_("The body must be a JSON object."))
    return found


def _typed(field: Any, argument: str, value: Any) -> list[str]:
    """Return a JSON value as a form would post it. Raises Invalid for one of another type.

    A binary fraction is refused, and so is what only reads like something when it is made text.
    """
    if value is None:
        return []
    if isinstance(value, float):
        raise _unlike(argument, _('Give the figure as a string, such as "100000.00".'))
    if isinstance(field, BooleanField):
        if not isinstance(value, bool):
            raise _unlike(argument, _("Give true or false."))
        return ["1"] if value else []
    if isinstance(field, ChoiceField):
        ids = value if field.many else [value]
        if not isinstance(ids, list) or not all(_is_id(one) for one in ids):
            raise _unlike(argument, _("Choose one of those that are offered."))
        return [str(one) for one in ids]
    if isinstance(value, str) or _is_whole(value):
        return [str(value)]
    raise _unlike(argument, _("Give it as a string."))


def _unlike(argument: str, sentence: str) -> Invalid:
    return Invalid(_("Something in the form is wrong."), fields={argument: sentence})


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, str) and value.isascii() and value.isdecimal())


def _json(value: Any) -> Any:
    """Return a value as answers carry it: figures as strings, moments with their zone."""
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, Decimal):
        return money.plain(value)
    if isinstance(value, datetime) and value.tzinfo:
        value = clock.local(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "id"):
        return {"id": value.id, "title": str(value)}
    return value if isinstance(value, bool | int | str | dict | None) else str(value)


def crud_api(
    view_class: type[CrudView], *, resource: str = "", without: Collection[str] = ()
) -> type[CrudApi]:
    """Return the REST resource of a view: ``GET /`` and ``GET /<id>``, and what it can change.

    ``resource`` is the last part of the view's address unless given. Changing calls exist as the
    view's operations do. ``without`` names calls (index, get, post, put, delete) that another
    resource answers.
    """
    name = resource or str(view_class.route_base).rstrip("/").rpartition("/")[2]
    members: dict[str, Any] = {
        "resource_name": name,
        "view_class": view_class,
        "index": _call(view_class, CrudApi.page, "see", "/", "GET", _index_text(view_class)),
        "get": _call(
            view_class, CrudApi.one, "see", "/<int:pk>", "GET", _text("get", "the record")
        ),
    }
    if view_class.add_operation is not None:
        text = _text("post", "the new record", 201)
        members["post"] = _call(view_class, CrudApi.add_one, "add", "/", "POST", text, 201)
    if view_class.edit_operation is not None:
        text = _text("put", "the changed record")
        members["put"] = _call(view_class, CrudApi.edit_one, "edit", "/<int:pk>", "PUT", text)
    if view_class.delete_operation is not None:
        text = _text("delete", "the id of the deleted record")
        members["delete"] = _call(
            view_class, CrudApi.delete_one, "delete", "/<int:pk>", "DELETE", text
        )
    members = {key: member for key, member in members.items() if key not in without}
    for key, member in members.items():
        if callable(member) and member is not view_class:
            # The framework looks calls up under the names of their functions.
            member.__name__ = key
    return type(f"{view_class.__name__.removesuffix('View')}CrudApi", (CrudApi,), members)


def _call(
    view_class: type[CrudView],
    method: Callable[..., Any],
    action: str,
    address: str,
    verb: str,
    text: str,
    status: int = 200,
) -> Callable[..., Any]:
    permission = f"{view_class.permission}:{view_class.method_rights.get(action, action)}"

    def call(self: CrudApi, **kwargs: Any) -> Any:
        return method(self, **kwargs)

    call.__name__, call.__doc__ = verb.lower(), text
    exposed: Callable[..., Any] = expose(address, methods=[verb])(
        endpoint(permission, status=status)(call)
    )
    return exposed


def _index_text(view_class: type[CrudView]) -> str:
    from app.web.columns import resolve

    lines = [
        "  - {in: query, name: q, schema: {type: string}}",
        "  - {in: query, name: order, schema: {type: string}}",
        "  - {in: query, name: limit, schema: {type: integer}}",
        "  - {in: query, name: cursor, schema: {type: string}}",
        "  - {in: query, name: project_id, schema: {type: integer}}",
    ]
    model = view_class.datamodel.obj
    for path in view_class.search_columns:
        column = resolve(model, path, states=view_class.states)
        lines += [
            f"  - {{in: query, name: {name}, schema: {{type: string}}}}"
            for name in names_of(column)
        ]
    parameters = "\n".join(lines)
    return f"""List what is within the caller's scope.

---
get:
  parameters:
{parameters}
  responses:
    200:
      description: '{{"result", "next", "count"}}, keyset; at most 200 rows'
"""


def _text(verb: str, answer: str, status: int = 200) -> str:
    return f"""Answer {answer}.

---
{verb}:
  responses:
    {status}:
      description: {answer}
    404:
      description: there is none within the caller's scope
    422:
      description: what is wrong, by field
"""

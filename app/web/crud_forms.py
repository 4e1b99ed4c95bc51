"""The fields of forms, choices that search as one types, and what was typed as arguments."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import class_mapper
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    Form,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    validators,
)
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import html_params

from app.core import clock, money
from app.core.bad_value import BadValue
from app.core.states import State
from app.web.choices import title_of
from app.web.form_words import OwnWords
from app.web.offered import offered_rows

MOST_CHOICES = 20
MOST_CHOSEN = 100


class CrudForm(Form):
    """A generated form. CSRF is checked once for every unsafe request, in ``rest.check_csrf``."""

    class Meta(OwnWords):
        """Says what is wrong in the words of our catalogue."""


class AmountField(StringField):
    """Yuan, m² or percent with up to two decimals; thousands may be separated."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.typed = valuelist[0].strip().replace("\N{MINUS SIGN}", "-") if valuelist else ""
        self.data = None
        if self.typed:
            try:
                self.data = money.parse_yuan(self.typed)
            except BadValue as error:
                raise ValueError(str(error.message)) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else money.plain(Decimal(self.data))

    def __call__(self, **kwargs: Any) -> Any:
        return super().__call__(inputmode="decimal", autocomplete="off", class_="num", **kwargs)


class WholeField(IntegerField):
    """A whole number."""

    def __call__(self, **kwargs: Any) -> Any:
        return super().__call__(inputmode="numeric", autocomplete="off", class_="num", **kwargs)


class DayField(DateField):
    """A business day as people type it: 2026-11-21, 2026/11/21, 20261121; empty means none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%Y-%m-%d", "%Y%m%d"], **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist and not valuelist[0].strip():
            self.data = None
            return
        super().process_formdata([_plain_day(one) for one in valuelist])

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return self.data.isoformat() if self.data else ""


class MomentField(DateTimeLocalField):
    """A moment, typed on a Chinese clock, kept aware."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(*args, format=formats, **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist and not valuelist[0].strip():
            self.data = None
            return
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = self.data.replace(tzinfo=clock.BUSINESS_ZONE)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return clock.local(self.data).strftime("%Y-%m-%dT%H:%M") if self.data else ""


_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def _plain_day(typed: str) -> str:
    match = _DAY.fullmatch(typed.strip())
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}" if match else typed.strip()


class LineField(StringField):
    """One line of text; blanks around it are dropped, nothing typed is None."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = (valuelist[0].strip() or None) if valuelist else None


class LinesField(TextAreaField):
    """Several lines of text; blanks around them are dropped, nothing typed is None."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = (valuelist[0].strip() or None) if valuelist else None


class StateField(SelectField):
    """One of the states of an enum, by its title."""

    def __init__(self, *args: Any, states: type[State], blank: bool = False, **kwargs: Any) -> None:
        options = [SelectChoice(member.value, member.title) for member in states]
        blanks = [SelectChoice("", "–")] if blank else []
        super().__init__(*args, choices=[*blanks, *options], coerce=_or_none, **kwargs)


def _or_none(value: Any) -> Any:
    return value or None


class ChoiceField(Field):
    """A row of another table, found while one types; ``data`` is its id.

    The id is read back through the scope and what is offered, so one that the actor may not see is
    refused; a row that the record holds already is kept, whoever is offered it now.
    """

    def __init__(
        self,
        label: Any = None,
        *,
        target: Any,
        address: str = "",
        many: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.target, self.address, self.many = target, address, many
        self.data: Any = None
        self.rows: list[Any] = []
        self.present: list[Any] = []

    def process_data(self, value: Any) -> None:
        if self.many:
            self.data = [one if isinstance(one, int) else one.id for one in value or []]
        else:
            self.data = value if isinstance(value, int | None) else value.id
        rows = (value or []) if self.many else [value]
        self.present = [one for one in rows if isinstance(one, self.target)]

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = [value.strip() for value in valuelist if value.strip()]
        if not all(value.isascii() and value.isdecimal() for value in typed):
            self.data = [] if self.many else None
            raise ValueError(_("Choose one of those that are offered."))
        ids = list(dict.fromkeys(int(value) for value in typed))
        self.data = ids[:MOST_CHOSEN] if self.many else (ids[0] if ids else None)

    @property
    def chosen(self) -> list[Any]:
        """Return the chosen rows, read within the scope."""
        ids = self.data if self.many else [self.data] if self.data is not None else []
        if {row.id for row in self.rows} != set(ids):
            kept = [row for row in self.present if row.id in ids]
            others = set(ids) - {row.id for row in kept}
            self.rows = [*kept, *(offered_rows(self.target, others) if others else ())]
        return self.rows

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - the signature is WTForms'
        ids = self.data if self.many else [self.data] if self.data is not None else []
        if len(self.chosen) != len(ids):
            self.data = [] if self.many else None
            raise validators.StopValidation(_("Choose one of those that are offered."))

    def __call__(self, **kwargs: Any) -> Markup:
        return self._many(kwargs) if self.many else self._one(kwargs)

    def _one(self, kwargs: dict[str, Any]) -> Markup:
        row = self.chosen[0] if self.chosen else None
        required = kwargs.pop("required", None)
        shown = html_params(
            id=self.id,
            type="text",
            role="combobox",
            autocomplete="off",
            value="" if row is None else title_of(row),
            placeholder=_("Type to search"),
            aria_expanded="false",
            aria_autocomplete="list",
            aria_required="true" if required else None or False,
            **kwargs,
        )
        value = "" if row is None else row.id
        return Markup(
            '<div class="combo" data-choices="{}"><input type="hidden" name="{}" value="{}">'
            "<input {}></div>"
        ).format(self.address, self.name, value, Markup(shown))  # noqa: S704 - html_params escapes

    def _many(self, kwargs: dict[str, Any]) -> Markup:
        kwargs.pop("required", None)
        shown = html_params(
            id=self.id,
            type="text",
            role="combobox",
            autocomplete="off",
            value="",
            placeholder=_("Type to add"),
            aria_expanded="false",
            aria_autocomplete="list",
            **kwargs,
        )
        chips = Markup("").join(
            Markup(
                '<label class="f on picked"><input type="checkbox" name="{}" value="{}" checked>'
                "{}</label>"
            ).format(self.name, row.id, title_of(row))
            for row in self.chosen
        )
        return Markup(
            '<div class="combo many" data-choices="{}" data-name="{}"><div class="picks">{}</div>'
            "<input {}></div>"
        ).format(self.address, self.name, chips, Markup(shown))  # noqa: S704 - as above


def argument_name(form_field: Any, model: Any) -> str:
    """Return under which name an operation takes the field: ``building_id``, ``role_ids``."""
    if not isinstance(form_field, ChoiceField):
        return str(form_field.short_name)
    name = str(form_field.short_name)
    if form_field.many:
        return f"{name.removesuffix('s')}_ids"
    relation = class_mapper(model).relationships.get(name)
    if relation is None:
        return f"{name}_id"
    mapper = class_mapper(model)
    return str(mapper.get_property_by_column(next(iter(relation.local_columns))).key)


def begin_with(form: Form, given: MultiDict[str, str]) -> None:
    """Fill a fresh form from an address (/rooms/add?building=3); what does not fit is passed by."""
    for field in form:
        typed = given.get(field.short_name)
        if not typed:
            continue
        before = field.data
        try:
            field.process_formdata([typed])
        except ValueError:
            field.data = before


def cleaned(form: Form, model: Any) -> dict[str, Any]:
    """Return what was typed as the operation's arguments."""
    return {argument_name(field, model): field.data for field in form}


def as_posted(field: Any) -> list[str]:
    """Return a field's value as a form would post it."""
    if isinstance(field, BooleanField):
        return ["1"] if field.data else []
    if isinstance(field.data, list):
        return [str(one) for one in field.data]
    if field.data is None:
        return []
    if isinstance(field.data, datetime):
        return [clock.local(field.data).strftime("%Y-%m-%dT%H:%M:%S")]
    return [str(field.data)]

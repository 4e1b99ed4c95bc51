"""Which values of locked base data a change may name, and how they are read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.bad_value import BadValue
from app.core.db import db
from app.core.errors import Invalid
from app.core.money import parse_area, parse_percent, parse_yuan, plain
from app.estate.models import HouseType, RoomUsage

YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class BaseField:
    """A value of a record: its title, how text becomes it, and how it becomes text."""

    title: Any
    read: Callable[[str, int], Any]
    write: Callable[[Any], str] = str
    #: how to type it
    hint: Any = ""


def _text(typed: str, _project_id: int) -> str | None:
    return typed or None


def _day(typed: str, _project_id: int) -> date | None:
    return date.fromisoformat(typed) if typed else None


def _switch(typed: str, _project_id: int) -> bool:
    words = {YES: True, NO: False, "是": True, "否": False, _("yes"): True, _("no"): False}
    if typed not in words:
        raise ValueError(typed)
    return words[typed]


def _usage(typed: str, _project_id: int) -> str:
    for usage in RoomUsage:
        if typed in {usage.value, str(usage.title)}:
            return usage.value
    raise ValueError(typed)


def _house_type(typed: str, project_id: int) -> int | None:
    if not typed:
        return None
    wanted = select(HouseType.id).where(HouseType.project_id == project_id, HouseType.name == typed)
    found: int | None = db.session.scalar(wanted)
    if found is None:
        raise ValueError(typed)
    return found


def _area(typed: str, _project_id: int) -> Decimal | None:
    return parse_area(typed) if typed else None


def _amount(typed: str, _project_id: int) -> Decimal:
    return parse_yuan(typed)


def _percent(typed: str, _project_id: int) -> Decimal:
    return parse_percent(typed)


def _switch_words(value: bool) -> str:
    return _("yes") if value else _("no")


def _name_of_type(house_type_id: int) -> str:
    return db.session.scalar(select(HouseType.name).where(HouseType.id == house_type_id)) or ""


AREA = BaseField(_l("Gross area"), _area, plain, _l("In ㎡, such as 89.50."))
INSIDE = BaseField(_l("Inside area"), _area, plain, _l("In ㎡, such as 72.30."))
FROM = BaseField(_l("Valid from"), _day, str, _l("Such as 2026-11-21."))
TO = BaseField(_l("Valid to"), _day, str, _l("Such as 2026-11-21."))
ACTIVE = BaseField(_l("In use"), _switch, _switch_words, _l("Yes or no."))

#: kind of record → column → what it is
BASE_FIELDS: Mapping[str, Mapping[str, BaseField]] = {
    "room": {
        "number": BaseField(_l("Room number"), _text),
        "gross_area": AREA,
        "inside_area": INSIDE,
        "house_type_id": BaseField(
            _l("House type"), _house_type, _name_of_type, _l("The name of a house type.")
        ),
        "orientation": BaseField(_l("Orientation"), _text),
        "view": BaseField(_l("View"), _text),
        "structure": BaseField(_l("Structure"), _text),
        "usage": BaseField(
            _l("Usage"),
            _usage,
            lambda usage: str(RoomUsage(usage).title),
            _l("Such as for sale or to let."),
        ),
    },
    "house_type": {
        "structure": BaseField(_l("Structure"), _text),
        "gross_area": AREA,
        "inside_area": INSIDE,
    },
    "payment_method": {
        "discount_percent": BaseField(_l("Discount"), _percent, plain, _l("In percent.")),
        "valid_from": FROM,
        "valid_to": TO,
        "is_active": ACTIVE,
    },
    "discount": {
        "value": BaseField(
            _l("Value"), _amount, plain, _l("Percent, yuan per m² or yuan, by the kind.")
        ),
        "is_stackable": BaseField(
            _l("Together with others"), _switch, _switch_words, _l("Yes or no.")
        ),
        "valid_from": FROM,
        "valid_to": TO,
        "is_active": ACTIVE,
    },
}
KIND_TITLES: Mapping[str, Any] = {
    "room": _l("Room"),
    "house_type": _l("House type"),
    "payment_method": _l("Payment method"),
    "discount": _l("Discount"),
}


def field_of(kind: str, name: str) -> BaseField:
    """Return what a column of such a record is. Raises Invalid for one that cannot be named."""
    found = BASE_FIELDS[kind].get(name)
    if found is None:
        sentence = _l(
            "Of a %(kind)s these can be changed: %(fields)s.",
            kind=str(KIND_TITLES[kind]),
            fields="、".join(str(one.title) for one in BASE_FIELDS[kind].values()),
        )
        raise Invalid(sentence, fields={"field": sentence})
    return found


def read_value(kind: str, name: str, typed: str, *, project_id: int) -> Any:
    """Return the value that was typed. Raises Invalid naming the field and how to type it."""
    field = field_of(kind, name)
    try:
        return field.read(typed.strip(), project_id)
    except (BadValue, ValueError) as error:
        sentence = _l(
            "%(typed)s is no value for %(field)s. %(hint)s",
            typed=typed[:30],
            field=str(field.title),
            hint=str(field.hint),
        )
        raise Invalid(sentence, fields={"after": sentence}) from error


def value_text(kind: str, name: str, value: Any) -> str:
    """Return a value as a change keeps and shows it; nothing for none."""
    return "" if value is None or value == "" else field_of(kind, name).write(value)

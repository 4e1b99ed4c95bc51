"""What must hold of payment methods, discounts and price plans, all of it told in one answer.

Every function takes what was entered under the names of the operation, without what could not be
read, and the row that is changed; it raises Invalid, or Conflict for a name that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.gathering import check_all
from app.core.money import HUNDRED
from app.estate.entries import check_buildings
from app.estate.models import Building, HouseType, Zone
from app.pricing.grantors import check_grantor
from app.pricing.method_lines import check_lines
from app.pricing.models import Discount, PaymentMethod, PricePlan
from app.pricing.quotes import DiscountKind

Values = Mapping[str, Any]

RATES = (DiscountKind.PERCENT.value, DiscountKind.POINTS.value)
#: the ways of changing prices, of which a plan takes one
CHANGES = ("percent", "per_area", "per_room")


def taken_sentence(name: str) -> Any:
    """Return what is said of a name that another method or discount of the project has."""
    return _l("There is one called %(name)s in this project already.", name=name)


def check_payment_method(values: Values, *, row: PaymentMethod | None = None) -> None:
    """Check a payment method with its lines, which are drafts with their stages."""
    percent = values.get("discount_percent")

    def check_percent() -> None:
        if percent is not None and not 0 <= percent < HUNDRED:
            sentence = _l("A discount is from 0 up to below 100 percent.")
            raise Invalid(sentence, fields={"discount_percent": sentence})

    check_all(
        lambda: _check_free(PaymentMethod, values, row),
        check_percent,
        lambda: _check_days(values, row),
        lambda: check_lines(values["lines"]) if values.get("lines") is not None else None,
        lambda: check_buildings(values, _value(values, row, "project_id")),
    )


def check_discount(values: Values, *, row: Discount | None = None) -> None:
    """Check a discount: its kind, its value by the kind, who grants it, its days and buildings."""
    kind = _value(values, row, "kind")

    def check_kind() -> None:
        if kind is not None and kind not in {known.value for known in DiscountKind}:
            sentence = _l("This kind is not known.")
            raise Invalid(sentence, fields={"kind": sentence})

    def check_value() -> None:
        value = values.get("value", getattr(row, "value", None))
        is_read = "value" in values or row is not None
        if is_read and (value is None or value <= 0 or (kind in RATES and value >= HUNDRED)):
            sentence = _l("The value is above 0, and a percentage below 100.")
            raise Invalid(sentence, fields={"value": sentence})

    check_all(
        lambda: _check_free(Discount, values, row),
        check_kind,
        check_value,
        lambda: check_grantor(values.get("grantor_role")),
        lambda: _check_days(values, row),
        lambda: check_buildings(values, _value(values, row, "project_id")),
    )


def check_plan(values: Values, *, row: PricePlan | None = None) -> None:
    """Check a price plan: its name, its day, which rooms it is for, and at most one change."""
    project_id = _value(values, row, "project_id")
    parts: tuple[tuple[type[Building | HouseType | Zone], str, Any], ...] = (
        (Building, "building_ids", _l("Choose buildings of this project.")),
        (Zone, "zone_ids", _l("Choose zones of this project.")),
        (HouseType, "house_type_ids", _l("Choose house types of this project.")),
    )
    kept = row.takes_effect_on if row is not None else None
    check_all(
        lambda: _check_named(values),
        lambda: check_day(values.get("takes_effect_on"), kept=kept),
        *(
            lambda model=model, field=field, sentence=sentence: _check_project(
                model, values.get(field) or (), project_id, field, sentence
            )
            for model, field, sentence in parts
        ),
        lambda: _check_floors(values),
        lambda: _check_changes(values),
    )


def check_day(day: date | None, *, kept: date | None = None) -> None:
    """Raise Invalid for a day on which nothing can take effect any more, unless it was kept."""
    if day is not None and day != kept and day < clock.today():
        sentence = _l(
            "%(day)s has passed. Choose today or a later day, or leave it empty for at once.",
            day=day.isoformat(),
        )
        raise Invalid(sentence, fields={"takes_effect_on": sentence})


def _value(values: Values, row: Any, name: str) -> Any:
    return values[name] if name in values else getattr(row, name, None)


def _check_free(model: Any, values: Values, row: Any) -> None:
    """Raise Conflict if another row has the name; the database has the last word all the same."""
    name, project_id = values.get("name"), _value(values, row, "project_id")
    if not name or project_id is None or (row is not None and row.name == name):
        return
    same = select(model.id).filter_by(project_id=project_id, name=name).limit(1)
    if db.session.scalar(same) is not None:
        sentence = taken_sentence(name)
        raise Conflict(sentence, code="taken", fields={"name": sentence})


def _check_days(values: Values, row: Any) -> None:
    begin, end = _value(values, row, "valid_from"), _value(values, row, "valid_to")
    if begin is not None and end is not None and end < begin:
        sentence = _l("The last day is before the first.")
        raise Invalid(sentence, fields={"valid_to": sentence})


def _check_named(values: Values) -> None:
    if "name" in values and not (values["name"] or "").strip():
        raise Invalid(_l("Give the price plan a name."), fields={"name": _l("Give it a name.")})


def _check_project(
    model: type[Building | HouseType | Zone],
    ids: Sequence[int],
    project_id: int | None,
    field: str,
    sentence: Any,
) -> None:
    if not ids or project_id is None:
        return
    wanted = select(func.count()).where(model.id.in_(ids), model.project_id == project_id)
    if db.session.scalar(wanted) != len(set(ids)):
        raise Invalid(sentence, fields={field: sentence})


def _check_floors(values: Values) -> None:
    lowest, highest = values.get("floor_from"), values.get("floor_to")
    if lowest is not None and highest is not None and highest < lowest:
        sentence = _l("The highest floor is below the lowest.")
        raise Invalid(sentence, fields={"floor_to": sentence})


def _check_changes(values: Values) -> None:
    given = [name for name in CHANGES if values.get(name)]
    if len(given) > 1:
        sentence = _l("Say by how much, in one of the three ways.")
        raise Invalid(sentence, fields={given[1]: sentence})

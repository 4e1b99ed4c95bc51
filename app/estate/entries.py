"""What must hold of projects, buildings and what divides them, all of it told in one answer.

Every function takes what was entered under the names of the operation, without what could not be
read, and the row that is changed; it raises Invalid, or Conflict for a name that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.gathering import check_all
from app.core.money import ROUNDING_STEPS
from app.estate.building_checks import (
    check_completed_on,
    check_first_view,
    check_product_type,
    check_zone,
    clean_code,
)
from app.estate.facts import FACTS, check_facts
from app.estate.milestones import MilestoneKind
from app.estate.models import (
    Building,
    FitOut,
    HouseType,
    LaunchBatch,
    Milestone,
    Permit,
    Project,
    Zone,
)
from app.estate.room_checks import check_areas, check_usage

Values = Mapping[str, Any]

#: what is said of a name that is taken; ``%(name)s`` is the name
TAKEN: Final[Mapping[Any, Any]] = {
    Building: lambda name: _l("There is a building %(name)s already.", name=name),
    FitOut: lambda name: _l("There is a fit-out %(name)s already.", name=name),
    HouseType: lambda name: _l("There is a house type %(name)s already.", name=name),
    LaunchBatch: lambda name: _l("There is a batch %(name)s already.", name=name),
    Permit: lambda name: _l("The permit %(number)s has been entered already.", number=name),
    Project: lambda name: _l("There is a project with the code %(code)s already.", code=name),
    Zone: lambda name: _l("There is a zone %(name)s already.", name=name),
}


def taken_sentence(model: type, name: str) -> Any:
    """Return what is said of a name that another row of the model has."""
    return TAKEN[model](name)


def check_project(values: Values, *, row: Project | None = None) -> None:
    """Check a project: its code, its facts and what totals are rounded to."""
    known = {name: _value(values, row, name) for name in FACTS}
    check_all(
        lambda: _check_free(Project, "code", values, row, {}),
        lambda: check_facts(known),
        lambda: _check_rounding(values),
    )


def check_building(values: Values, *, row: Building | None = None) -> None:
    """Check a building; what it has already it may keep, though it is switched off since."""
    project_id = _value(values, row, "project_id")
    zone, product_type = (row.zone_id, row.product_type_id) if row else (None, None)
    checks = [
        lambda: _check_free(Building, "name", values, row, {"project_id": project_id}),
        lambda: check_usage(values.get("usage")),
        lambda: check_first_view(values.get("first_view")),
        lambda: check_completed_on(values.get("completed_on")),
        lambda: check_product_type(values.get("product_type_id"), kept=product_type),
    ]
    if project_id is not None:
        checks += [
            lambda: _check_code(values, row, project_id),
            lambda: check_zone(values.get("zone_id"), project_id, kept=zone),
        ]
    check_all(*checks)


def check_zone_entry(values: Values, *, row: Zone | None = None) -> None:
    """Check a zone: its name and what it lies in."""
    project_id = _value(values, row, "project_id")
    kept = row.parent_id if row else None
    checks = [lambda: _check_free(Zone, "name", values, row, {"project_id": project_id})]
    if project_id is not None:
        parent_id = values.get("parent_id")
        checks += [lambda: check_zone(parent_id, project_id, field="parent_id", kept=kept)]
    check_all(*checks)


def check_house_type_entry(values: Values, *, row: HouseType | None = None) -> None:
    """Check a house type: its name and the areas that it proposes."""
    project_id = _value(values, row, "project_id")
    gross, inside = _value(values, row, "gross_area"), _value(values, row, "inside_area")

    def check_proposed() -> None:
        if gross is not None:
            check_areas(gross, inside)
        elif inside is not None and ("gross_area" in values or row is not None):
            sentence = _l("Give the gross area too.")
            raise Invalid(sentence, fields={"gross_area": sentence})

    check_all(
        lambda: _check_free(HouseType, "name", values, row, {"project_id": project_id}),
        check_proposed,
    )


def check_fit_out(values: Values, *, row: FitOut | None = None) -> None:
    """Check a fit-out: its name and its price in yuan per m²."""
    project_id = _value(values, row, "project_id")
    unit_price = values.get("unit_price")

    def check_price() -> None:
        if unit_price is not None and unit_price < 0:
            sentence = _l("The price per m² is not below 0.")
            raise Invalid(sentence, fields={"unit_price": sentence})

    check_all(
        lambda: _check_free(FitOut, "name", values, row, {"project_id": project_id}), check_price
    )


def check_permit(values: Values, *, row: Permit | None = None) -> None:
    """Check a pre-sale permit: its number and its buildings."""
    project_id = _value(values, row, "project_id")
    check_all(
        lambda: _check_free(Permit, "number", values, row, {"project_id": project_id}),
        lambda: check_buildings(values, project_id),
    )


def check_launch_batch(values: Values, *, row: LaunchBatch | None = None) -> None:
    """Check a batch: its name, its area in m² and its buildings."""
    project_id = _value(values, row, "project_id")
    check_all(
        lambda: _check_free(LaunchBatch, "name", values, row, {"project_id": project_id}),
        lambda: _check_above_zero(values.get("area")),
        lambda: check_buildings(values, project_id),
    )


def check_milestone(values: Values, *, row: Milestone | None = None) -> None:
    """Check a milestone: its stage and its days."""
    check_all(
        lambda: _check_stage(values, row),
        lambda: _check_planned(values, row),
        lambda: _check_actual(values),
    )


def check_buildings(values: Values, project_id: int | None) -> None:
    """Raise Invalid with field ``building_ids`` for a building of another project."""
    wanted = set(values.get("building_ids") or ())
    if not wanted or project_id is None:
        return
    of_project = select(Building.id).where(
        Building.id.in_(wanted), Building.project_id == project_id
    )
    if set(db.session.scalars(of_project)) != wanted:
        sentence = _l("Choose buildings of this project.")
        raise Invalid(sentence, fields={"building_ids": sentence})


def _value(values: Values, row: Any, name: str) -> Any:
    return values[name] if name in values else getattr(row, name, None)


def _check_free(model: Any, field: str, values: Values, row: Any, within: Values) -> None:
    """Raise Conflict if another row has the name; the database has the last word all the same."""
    name = values.get(field)
    if not name or None in within.values() or (row is not None and getattr(row, field) == name):
        return
    same = select(model.id).filter_by(**{field: name}, **within).limit(1)
    if db.session.scalar(same) is not None:
        sentence = taken_sentence(model, name)
        raise Conflict(sentence, code="taken", fields={field: sentence})


def _check_code(values: Values, row: Building | None, project_id: int) -> None:
    name, code = _value(values, row, "name"), _value(values, row, "code")
    if row is None:
        clean_code(code, name=name or "", project_id=project_id)
    elif (name, code or None) != (row.name, row.code):
        clean_code(code, name=name, project_id=project_id, building_id=row.id)


def _check_rounding(values: Values) -> None:
    step = values.get("total_rounding")
    if step is not None and step not in ROUNDING_STEPS:
        sentence = _l("Totals are rounded to 0.01, 1, 10 or 100 yuan.")
        raise Invalid(sentence, fields={"total_rounding": sentence})


def _check_above_zero(area: Decimal | None) -> None:
    if area is not None and area <= 0:
        sentence = _l("An area must be above 0.")
        raise Invalid(sentence, fields={"area": sentence})


def _check_stage(values: Values, row: Milestone | None) -> None:
    if row is None and "kind" in values and values["kind"] not in set(MilestoneKind):
        sentence = _l("Choose one of the stages.")
        raise Invalid(sentence, fields={"kind": sentence})


def _check_planned(values: Values, row: Milestone | None) -> None:
    days = ("planned_on", "actual_on")
    is_read = row is not None or all(name in values for name in days)
    if is_read and not any(_value(values, row, name) for name in days):
        sentence = _l("Give the planned or the actual day.")
        raise Invalid(sentence, fields={"planned_on": sentence})


def _check_actual(values: Values) -> None:
    day = values.get("actual_on")
    if day is not None and day > clock.today():
        sentence = _l("The actual day is today or before; what is to come is planned.")
        raise Invalid(sentence, fields={"actual_on": sentence})

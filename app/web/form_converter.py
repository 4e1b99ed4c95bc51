"""Forms made from a model: the framework's converter with our fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_appbuilder.forms import GeneralModelConverter
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import class_mapper
from wtforms import BooleanField, Field, validators

from app.web.columns import Column, resolve
from app.web.crud_forms import (
    AmountField,
    ChoiceField,
    CrudForm,
    DayField,
    LineField,
    LinesField,
    MomentField,
    StateField,
    WholeField,
)

_FIELDS: dict[str, type[Field]] = {
    "money": AmountField,
    "area": AmountField,
    "percent": AmountField,
    "number": AmountField,
    "integer": WholeField,
    "truth": BooleanField,
    "day": DayField,
    "moment": MomentField,
    "long": LinesField,
}


class Converter(GeneralModelConverter):
    """FAB's converter, with fields that look and read as ours do, and no table loaded whole."""

    def __init__(
        self,
        datamodel: Any,
        *,
        columns: Mapping[str, Column],
        endpoint: str,
        optional: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(datamodel)
        self.columns, self.endpoint, self.optional = columns, endpoint, optional

    def create_form(self, *args: Any, **kwargs: Any) -> type[CrudForm]:
        """Return the form class without the framework's base, which would check CSRF again."""
        made = super().create_form(*args, **kwargs)
        fields = {name: value for name, value in vars(made).items() if _is_field(value)}
        return type("GeneratedForm", (CrudForm,), fields)

    def _convert_many_to_one(
        self,
        col_name: str,
        label: Any,
        description: Any,
        lst_validators: list[Any],
        filter_rel_fields: Any,  # noqa: ARG002 - the signature is the framework's
        form_props: dict[str, Any],
    ) -> dict[str, Any]:
        form_props[col_name] = self._choice(
            col_name, label, description, lst_validators, many=False
        )
        return form_props

    def _convert_many_to_many(
        self,
        col_name: str,
        label: Any,
        description: Any,
        lst_validators: list[Any],
        filter_rel_fields: Any,  # noqa: ARG002 - the signature is the framework's
        form_props: dict[str, Any],
    ) -> dict[str, Any]:
        form_props[col_name] = self._choice(col_name, label, description, lst_validators, many=True)
        return form_props

    def _choice(
        self, name: str, label: Any, description: Any, checks: list[Any], *, many: bool
    ) -> Any:
        relation = self.columns[name].relations[-1]
        needed = not many and not next(iter(relation.local_columns)).nullable
        needed = needed and name not in self.optional
        return ChoiceField(
            label,
            description=description,
            validators=[*checks, _required() if needed else validators.Optional()],
            target=relation.mapper.class_,
            address=f"/choices/{self.endpoint}/{name}",
            many=many,
        )

    def _convert_simple(
        self,
        col_name: str,
        label: Any,
        description: Any,
        lst_validators: list[Any],
        form_props: dict[str, Any],
    ) -> dict[str, Any]:
        column = self.columns[col_name]
        sql = class_mapper(column.model).columns[col_name]
        needed = not (sql.nullable or col_name in self.optional or column.kind == "truth")
        checks = [*lst_validators, _required() if needed else validators.Optional()]
        longest = getattr(sql.type, "length", None)
        if longest:
            checks.append(
                validators.Length(
                    max=longest, message=_l("At most %(max)d characters.", max=longest)
                )
            )
        given = {"description": description, "validators": checks, "default": default_of(sql)}
        if column.states is not None:
            form_props[col_name] = StateField(
                label, states=column.states, blank=not needed, **given
            )
        else:
            form_props[col_name] = _FIELDS.get(column.kind, LineField)(label, **given)
        return form_props


def _required() -> Any:
    return validators.InputRequired(message=_l("This is needed."))


def _is_field(value: Any) -> bool:
    return hasattr(value, "_formfield")


def default_of(sql: Any) -> Any:
    """Return the plain default of a column, the database's included, else None."""
    if sql.default is not None and sql.default.is_scalar:
        return sql.default.arg
    if sql.server_default is None:
        return None
    text = str(getattr(sql.server_default, "arg", "")).strip().strip("'")
    python = sql.type.python_type
    if python is bool:
        return text.lower() == "true"
    try:
        return python(text)
    except (ArithmeticError, TypeError, ValueError):
        return None


def make_form(view: Any, names: Sequence[str]) -> type[CrudForm]:
    """Return the form class of a CrudView for these columns, relations and extra fields."""
    columns = {
        name: resolve(view.model, name, labels=view.label_columns, states=view.states)
        for name in names
        if name not in view.form_extra
    }
    converter = Converter(
        view.datamodel, columns=columns, endpoint=view.endpoint, optional=view.form_optional
    )
    return converter.create_form(
        label_columns={name: column.label for name, column in columns.items()},
        inc_columns=list(names),
        description_columns=dict(view.help_columns),
        validators_columns={name: list(given) for name, given in view.form_checks.items()},
        extra_fields=dict(view.form_extra),
    )

"""Reading one page of a table: scope, filters, order, bounded count, numbered or keyset pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.core.db import db
from app.core.errors import Invalid
from app.web.columns import Column
from app.web.joins import Joins

#: a count is exact up to here, then "1,000+": nobody reads further, and counting a million costs
COUNT_BOUND = 1000


@dataclass(frozen=True)
class Order:
    """One step of an order."""

    column: Column
    descending: bool


@dataclass(frozen=True)
class Page:
    """One page of rows. ``count`` is at most COUNT_BOUND; ``more`` says that there are more."""

    rows: list[Any]
    count: int
    count_is_bound: bool
    number: int
    size: int
    after: str
    next_token: str | None

    @property
    def first(self) -> int:
        """Return the place of the first row, from 1; 0 for an empty page."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Return the place of the last row."""
        return (self.number - 1) * self.size + len(self.rows)

    @property
    def pages(self) -> int:
        """Return how many numbered pages there are."""
        return max(1, -(-self.count // self.size))

    @property
    def count_text(self) -> str:
        """Return the count as people read it."""
        return f"{self.count:,}+" if self.count_is_bound else f"{self.count:,}"


@dataclass
class Query:
    """What a list asks: predicates and order over one model, with what its columns load."""

    model: Any
    joins: Joins
    predicates: list[Any]
    order: list[Order]
    options: list[Any]

    def statement(self) -> Select[Any]:
        """Return the statement without order and limits."""
        return self.joins.apply(select(self.model)).where(*self.predicates)

    def ordered(self) -> Select[Any]:
        """Return the statement with its order, made total by the id, and what it loads."""
        # Made first, so that the order's joins are known before the statement takes them.
        steps = [_step(self.joins.attribute(one.column), one) for one in self._total_order()]
        return self.statement().order_by(*steps).options(*self.options)

    def ordered_columns(self, attributes: Sequence[Any]) -> Select[Any]:
        """Return the same statement for some attributes of the model only, in the same order."""
        steps = [_step(self.joins.attribute(one.column), one) for one in self._total_order()]
        some = self.joins.apply(select(*attributes).select_from(self.model))
        return some.where(*self.predicates).order_by(*steps)

    def _total_order(self) -> list[Order]:
        if any(one.column.path == "id" for one in self.order):
            return self.order
        descending = bool(self.order) and self.order[-1].descending
        last = Column(path="id", label="", kind="integer", model=self.model, leaf="id")
        return [*self.order, Order(last, descending)]

    def count(self) -> tuple[int, bool]:
        """Return the count up to COUNT_BOUND, and whether there are more."""
        found = self.count_up_to(COUNT_BOUND + 1)
        return min(found, COUNT_BOUND), found > COUNT_BOUND

    def count_up_to(self, most: int) -> int:
        """Return the count, or ``most`` if there are more."""
        some = self.joins.apply(select(self.model.id)).where(*self.predicates)
        bounded = some.order_by(None).limit(most).subquery()
        return int(db.session.scalar(select(func.count()).select_from(bounded)) or 0)

    def ids(self, most: int) -> list[int]:
        """Return the ids of the rows, at most ``most``."""
        some = self.joins.apply(select(self.model.id)).where(*self.predicates)
        return list(db.session.scalars(some.order_by(self.model.id).limit(most)))

    def rows_after(self, token: str, size: int) -> tuple[list[Any], str | None]:
        """Return up to ``size`` rows after the cursor, and the next cursor. Raises Invalid."""
        statement = self.ordered().limit(size + 1)
        if token:
            statement = statement.where(self._beyond(read_token(token)))
        rows = list(db.session.scalars(statement).unique())
        more = len(rows) > size
        rows = rows[:size]
        return rows, self.token_of(rows[-1]) if more else None

    def token_of(self, row: Any) -> str:
        """Return the cursor that stands after the row."""
        values = [_plain(one.column.value(row)) for one in self._total_order()]
        text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _beyond(self, values: list[Any]) -> Any:
        order = self._total_order()
        if len(values) != len(order):
            raise Invalid(_("This cursor belongs to another list."), code="bad_cursor")
        alternatives = []
        equal: list[Any] = []
        for one, raw in zip(order, values, strict=True):
            attribute = self.joins.attribute(one.column)
            value = _typed(attribute, raw)
            alternatives.append(and_(*equal, _follows(attribute, value, one)))
            equal.append(attribute.is_(None) if value is None else attribute == value)
        return or_(*alternatives)


def _step(attribute: Any, one: Order) -> Any:
    step = attribute.desc() if one.descending else attribute.asc()
    # Said only where it matters: with it, an index on a column that is never empty goes unused.
    return step.nulls_last() if _may_be_null(one.column) else step


def _may_be_null(column: Column) -> bool:
    if column.relations:
        return True
    mapped = column.model.__mapper__.columns[column.leaf]  # type: ignore[attr-defined]
    # A computed column does not say whether it may be empty.
    return bool(getattr(mapped, "nullable", True))


def _follows(attribute: Any, value: Any, one: Order) -> Any:
    if value is None:
        return false()
    beyond = attribute < value if one.descending else attribute > value
    return or_(beyond, attribute.is_(None)) if _may_be_null(one.column) else beyond


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date | datetime):
        return str(value) if isinstance(value, Decimal) else value.isoformat()
    return value


def _typed(attribute: Any, raw: Any) -> Any:
    if raw is None:
        return None
    python = attribute.type.python_type
    try:
        if python is Decimal:
            return Decimal(str(raw))
        if python in (date, datetime):
            return python.fromisoformat(str(raw))
        return python(raw)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Invalid(
            _("This cursor cannot be read; ask for the first page again."), code="bad_cursor"
        ) from error


def read_token(token: str) -> list[Any]:
    """Read a cursor. Raises Invalid."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found = json.loads(text)
    except (binascii.Error, ValueError) as error:
        raise Invalid(
            _("This cursor cannot be read; ask for the first page again."), code="bad_cursor"
        ) from error
    if not isinstance(found, list):
        raise Invalid(
            _("This cursor cannot be read; ask for the first page again."), code="bad_cursor"
        )
    return found


def load_options(model: Any, columns: Sequence[Column], more: Sequence[str] = ()) -> list[Any]:
    """Return the options that load every relation the columns walk over, so that no row asks again.

    ``more`` names further relations (``building``, ``deal.customer``) that properties need.
    """
    return [_load(model, path) for path in load_paths(columns, more)]


def load_paths(columns: Sequence[Column], more: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Return the relations that the columns walk over, and further ones, step by step."""
    paths = {tuple(step.key for step in column.relations) for column in columns}
    paths |= {tuple(name.split(".")) for name in more}
    return [path for path in sorted(paths) if path]


def _load(model: Any, path: tuple[str, ...]) -> Any:
    owner, option = model, None
    for name in path:
        attribute = getattr(owner, name)
        many = attribute.property.uselist
        if option is None:
            option = selectinload(attribute) if many else joinedload(attribute)
        else:
            option = option.selectinload(attribute) if many else option.joinedload(attribute)
        owner = attribute.property.mapper.class_
    return option


def read_page(query: Query, *, number: int, size: int, after: str = "") -> Page:
    """Return one page: by number within the bound, by cursor beyond it."""
    count, bound = query.count()
    if after:
        rows, token = query.rows_after(after, size)
        return Page(rows, count, bound, max(number, 1), size, after, token)
    pages = max(1, -(-count // size))
    number = min(max(number, 1), pages)
    statement = query.ordered().limit(size).offset((number - 1) * size)
    rows = list(db.session.scalars(statement).unique()) if count else []
    # Beyond the bound pages have no numbers: the cursor costs the same however far one goes.
    token = query.token_of(rows[-1]) if bound and number == pages and rows else None
    return Page(rows, count, bound, number, size, "", token)

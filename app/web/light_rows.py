"""Rows of a list as a file needs them: read and let go, not kept and watched by the session.

A light row has the columns that the list's own columns read, and the rows behind its relations,
each of which is read once for thousands of rows. Properties of the model work on it as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import MANYTOONE, class_mapper

from app.core.db import db
from app.web.columns import Column
from app.web.listing import load_options, load_paths

if TYPE_CHECKING:
    from app.web.list_pages import ListPages
    from app.web.listing import Query

READ_AT_ONCE: Final = 2000
#: rows behind a relation that are kept for the rows to come
MOST_KEPT: Final = 20_000
#: what reads attributes that the code does not name
_BY_OTHER_WAYS: Final = frozenset({"getattr", "vars", "super", "str", "repr", "object_session"})


class Light(NamedTuple):
    """What light rows of a model are made with: their class, columns, and relations with keys."""

    make: Any
    columns: tuple[str, ...]
    relations: tuple[tuple[str, str], ...]


def light_rows(
    view: ListPages, query: Query, columns: Sequence[Column], most: int
) -> Iterator[list[Any]] | None:
    """Return the rows part by part, or None where a column needs whole rows.

    That is where the view prepares its rows, or computes a column from them, or walks over a
    relation that is not a single key to one row.
    """
    if view.has_prepared_rows or any(column.getter is not None for column in columns):
        return None
    first_steps = {column.path.partition(".")[0] for column in columns} | {"id"}
    names = _names(view.model, frozenset(first_steps))
    if names is None:
        return None
    return _parts(view, query, columns, _light_class(view.model, names), most)


def _parts(
    view: ListPages, query: Query, columns: Sequence[Column], light: Light, most: int
) -> Iterator[list[Any]]:
    attributes = [getattr(view.model, name) for name in light.columns]
    statement = query.ordered_columns(attributes).limit(most)
    behind = [_Behind(view.model, name, key, columns, view.load) for name, key in light.relations]
    found = db.session.execute(statement.execution_options(yield_per=READ_AT_ONCE))
    for part in found.partitions():
        rows = [light.make(*values) for values in part]
        for one in behind:
            one.fill(rows)
        yield rows


class _Behind:
    """The rows behind one relation."""

    def __init__(
        self, model: Any, name: str, key: str, columns: Sequence[Column], load: Sequence[str]
    ) -> None:
        self.name, self.key = name, key
        self.model = class_mapper(model).relationships[name].mapper.class_
        further = [path[1:] for path in load_paths(columns, load) if path[0] == name]
        self.options = load_options(self.model, (), [".".join(path) for path in further if path])
        self.known: dict[Any, Any] = {}

    def fill(self, rows: Sequence[Any]) -> None:
        """Give each row what lies behind it; None outside the reader's scope, as ever."""
        key, name, known = self.key, self.name, self.known
        wanted = {getattr(row, key) for row in rows} - {None}
        if len(known) > MOST_KEPT:
            known.clear()
        missing = wanted - known.keys()
        if missing:
            asked = select(self.model).where(self.model.id.in_(missing)).options(*self.options)
            known.update({row.id: row for row in db.session.scalars(asked).unique()})
        for row in rows:
            setattr(row, name, known.get(getattr(row, key)))


@lru_cache(maxsize=256)
def _names(model: Any, asked: frozenset[str]) -> tuple[str, ...] | None:
    """Return the columns and relations that the asked names need, or None if one cannot be told.

    A property is known by its code: the names that it mentions.
    """
    mapper = class_mapper(model)
    needed: set[str] = set()
    left = set(asked)
    while left:
        name = left.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in mapper.relationships:
            if (key := _key_of(model, name)) is None:
                return None
            left.add(key)
        elif name not in mapper.column_attrs:
            found = getattr(model, name, None)
            if not isinstance(found, property) or found.fget is None:
                return None
            mentioned = set(_mentioned(found.fget.__code__))
            if mentioned & _BY_OTHER_WAYS:
                return None
            own = {other for other in mentioned if hasattr(model, other)}
            if not all(_is_of(model, other) for other in own):
                # It calls a method, which may read anything.
                return None
            left |= own
    return tuple(sorted(needed))


def _is_of(model: Any, name: str) -> bool:
    mapper = class_mapper(model)
    mapped = name in mapper.relationships or name in mapper.column_attrs
    return mapped or isinstance(getattr(model, name, None), property)


def _mentioned(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


def _key_of(model: Any, name: str) -> str | None:
    """Return the column that holds the id of the row behind the relation."""
    mapper = class_mapper(model)
    relation = mapper.relationships[name]
    if relation.direction is not MANYTOONE or relation.secondary is not None:
        return None
    if len(relation.local_remote_pairs) != 1:
        return None
    local, remote = relation.local_remote_pairs[0]
    if not remote.primary_key or remote.key != "id":
        return None
    return str(mapper.get_property_by_column(local).key)


def _refuse(self: Any) -> str:
    message = f"{type(self).__name__} has no words of its own: read the model's row"
    raise TypeError(message)


@lru_cache(maxsize=256)
def _light_class(model: Any, names: tuple[str, ...]) -> Light:
    mapper = class_mapper(model)
    columns = tuple(name for name in names if name in mapper.column_attrs)
    relations = tuple(
        (name, key)
        for name in names
        if name in mapper.relationships and (key := _key_of(model, name)) is not None
    )

    def take(self: Any, *values: Any) -> None:
        for name, value in zip(columns, values, strict=True):
            setattr(self, name, value)

    body: dict[str, Any] = {
        name: getattr(model, name)
        for name in names
        if name not in mapper.column_attrs and name not in mapper.relationships
    }
    body["__str__"] = _refuse
    body |= {"__slots__": (*columns, *(name for name, _key in relations)), "__init__": take}
    return Light(type(f"Light{model.__name__}", (), body), columns, relations)

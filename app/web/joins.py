"""The joins that filtering and ordering need, each made once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import aliased, class_mapper

from app.web.columns import Column


class Joins:
    """Collects outer joins for columns that lie behind relations of ``model``."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._aliases: dict[tuple[str, ...], Any] = {}
        self._joins: list[tuple[Any, Any]] = []

    def attribute(self, column: Column) -> Any:
        """Return the SQL attribute of the column, joining what lies on the way."""
        owner = self.model
        path: tuple[str, ...] = ()
        for relation in column.relations:
            path = (*path, relation.key)
            if path not in self._aliases:
                alias = aliased(relation.mapper.class_)
                self._joins.append((alias, getattr(owner, relation.key).of_type(alias)))
                self._aliases[path] = alias
            owner = self._aliases[path]
        return getattr(owner, column.leaf)

    def key_of(self, sql_column: Any) -> str:
        """Return the attribute name of a SQL column of the model."""
        return str(class_mapper(self.model).get_property_by_column(sql_column).key)

    def apply(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement with the joins."""
        for _alias, onto in self._joins:
            statement = statement.outerjoin(onto)
        return statement

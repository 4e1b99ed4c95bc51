"""How a generated entity's rows are read: within scope, filtered, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.scope import ProjectScoped
from app.web.columns import Column
from app.web.declared import Declared
from app.web.filters import active_filter, quick_search
from app.web.joins import Joins
from app.web.listing import Order, Query, load_options
from app.web.projects import current_project_id


class Reading(Declared):
    """What a CrudView reads."""

    def get(self, pk: int, actor: Actor) -> Any:
        """Return the row within the actor's scope. Raises NotFound."""
        columns = [self.column(path) for _title, names in self.sections() for path in names]
        options = load_options(self.model, columns, self.load)
        found = select(self.model).where(self.model.id == pk, *self.narrow(actor))
        row = db.session.scalars(found.options(*options)).unique().one_or_none()
        if row is None:
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        return row

    def rows(self, ids: Sequence[int], actor: Actor) -> list[Any]:
        """Return these rows, all of them within the actor's scope. Raises NotFound."""
        options = load_options(self.model, self.columns, self.load)
        found = select(self.model).where(self.model.id.in_(ids), *self.narrow(actor))
        rows = list(db.session.scalars(found.options(*options).order_by(self.model.id)).unique())
        if not ids or len(rows) != len(set(ids)):
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        return rows

    def query(
        self,
        given: MultiDict[str, str],
        actor: Actor,
        *,
        project_id: int | None = None,
        columns: Sequence[Column] | None = None,
    ) -> tuple[Query, list[Any]]:
        """Return what the address asks for, and the filters that are at work."""
        joins = Joins(self.model)
        active = [active_filter(column, given, joins) for column in self.filter_columns]
        filters = [one for one in active if one is not None]
        predicates = [one.predicate for one in filters] + list(self.narrow(actor))
        quick = quick_search(self.quick(), given.get("q", ""), joins)
        if quick is not None:
            predicates.append(quick)
        if project_id is not None and issubclass(self.model, ProjectScoped):
            predicates.append(self.model.project_id == project_id)
        options = load_options(self.model, self.columns if columns is None else columns, self.load)
        order = self.order_of(given.get("order", ""))
        if not predicates and not given.get("order") and issubclass(self.model, ProjectScoped):
            # Putting a million rows of all projects in order for one page serves nobody.
            order = [Order(self.column("id"), descending=True)]
        predicates += self.usual({one.column.path for one in filters})
        return Query(self.model, joins, predicates, order, options), filters

    def quick(self) -> list[Column]:
        """Return the columns that the search box looks into."""
        if self.quick_columns is not None:
            return [self.column(path) for path in self.quick_columns]
        return [one for one in self.filter_columns if one.kind in ("text", "code", "long")]

    def order_of(self, wanted: str) -> list[Order]:
        """Return the order asked for, or the view's own."""
        name = wanted.removeprefix("-")
        if name in {column.path for column in self.offered if column.is_sql}:
            return [Order(self.column(name), wanted.startswith("-"))]
        return [
            Order(self.column(step.removeprefix("-")), step.startswith("-")) for step in self.order
        ]

    def project_of_list(self, given: MultiDict[str, str]) -> int | None:
        """Return the project that the list keeps to, or None for the whole scope."""
        if not issubclass(self.model, ProjectScoped) or given.get("everywhere") == "1":
            return None
        return current_project_id()

"""Steps with rows beyond adding, editing and deleting: declared, permitted, confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.actor import Actor

#: rows that a step is taken with at once, all found ones included
MOST_TOGETHER = 1000


@dataclass(frozen=True)
class RowAction:
    """A step that can be taken with one or several rows.

    ``operation`` is ``op(row, *, actor, **cleaned)``, called for each row inside one unit of
    work; with ``together`` it is ``op(rows, *, actor, **cleaned)``. ``permission`` is an action of
    the view's entity (``release``) or a whole name (``estate.room:release``). ``fields`` are form
    fields to be asked first; without them ``confirm`` is asked. ``when`` says for which rows the
    step makes sense. ``many`` also offers it for rows selected in the list. ``folded`` puts it into
    the menu of the record's page: a step that is seldom taken must not crowd those of every day.
    """

    name: str
    title: Any
    permission: str
    operation: Callable[..., Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    confirm: Any = None
    done: Any = None
    when: Callable[[Any], bool] | None = None
    many: bool = True
    single: bool = True
    together: bool = False
    kind: str = ""
    icon: str = ""
    folded: bool = False

    def right(self, entity: str) -> str:
        """Return the full name of the permission."""
        return self.permission if ":" in self.permission else f"{entity}:{self.permission}"

    def fits(self, row: Any) -> bool:
        """Tell whether the step makes sense for the row."""
        return self.when is None or self.when(row)

    def run(self, rows: list[Any], *, actor: Actor, values: dict[str, Any]) -> None:
        """Take the step for the rows; the caller holds the unit of work."""
        if self.together:
            self.operation(rows, actor=actor, **values)
            return
        for row in rows:
            self.operation(row, actor=actor, **values)


def row_action(
    name: str, title: Any, *, permission: str, operation: Callable[..., Any], **more: Any
) -> RowAction:
    """Declare a step; the same as ``RowAction``."""
    return RowAction(name, title, permission, operation, **more)


@dataclass(frozen=True)
class Related:
    """Rows of another view that belong to the shown row: a tab of its page.

    ``view`` is the other view's class, or its name where the class is another area's; ``by`` the
    relation of its model that points here, which its ``search_columns`` must name.
    """

    title: Any
    view: type | str
    by: str
    columns: tuple[str, ...] = ()
    #: whether the tab is left out where there are no rows
    quiet: bool = False


@dataclass(frozen=True)
class PageLink:
    """A link on a record's page to a page of another area; ``address`` is a function of the row.

    Without an address there is no link.
    """

    title: Any
    permission: str
    address: Callable[[Any], str]
    icon: str = ""

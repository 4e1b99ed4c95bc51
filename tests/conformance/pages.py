"""Every registered address with what guards it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, url_for
from werkzeug.routing import Rule

from app.web.access import needs
from app.web.crud import CrudView, guarded
from app.web.rest import endpoint

SAFE = {"GET", "HEAD", "OPTIONS"}


def _sample() -> None: ...


#: what a function made by each guard runs; the code is the same whatever it was made for
_CODES = {
    endpoint()(_sample).__code__: "endpoint",
    needs()(_sample).__code__: "needs",
    guarded("see")(_sample).__code__: "guarded",
}


@dataclass(frozen=True)
class Route:
    """One address: its rule, the function behind it, and the guard in front of that."""

    rule: Rule
    function: Callable[..., Any]
    view: Any

    @property
    def name(self) -> str:
        return str(self.rule.endpoint)

    @property
    def methods(self) -> set[str]:
        return set(self.rule.methods or ()) - {"HEAD", "OPTIONS"}

    @property
    def is_rest(self) -> bool:
        return self.rule.rule.startswith("/api/")

    @property
    def changes(self) -> bool:
        return bool(self.methods - SAFE)

    @property
    def guard(self) -> str:
        """Return ``endpoint``, ``needs`` or ``guarded``; "" for an open address."""
        code = getattr(self.function, "__code__", None)
        return _CODES.get(code, "") if code is not None else ""

    @property
    def rights(self) -> tuple[str, ...]:
        """Return the permissions of which one is asked for."""
        if self.guard == "guarded":
            return (self.view.right(self.function._permission_name),)  # type: ignore[attr-defined]
        return tuple(getattr(self.function, "permissions", None) or ())


def routes(app: Flask) -> list[Route]:
    """Return every address of the application, static files apart."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
        if rule.endpoint in ("static", "appbuilder.static"):
            continue
        function = app.view_functions[rule.endpoint]
        view = getattr(function, "__self__", None)
        found.append(Route(rule, getattr(function, "__func__", function), view))
    return found


def crud_views(app: Flask) -> list[CrudView]:
    """Return the views of generated pages."""
    return [view for view in app.appbuilder.baseviews if isinstance(view, CrudView)]  # type: ignore[attr-defined]


def addresses(app: Flask, row_of: Callable[[str], Any]) -> dict[str, str]:
    """Return name → address of every page that opens by its address alone or by a row's id.

    ``row_of(table)`` names the row, or None where there is none.
    """
    found = {}
    for route in routes(app):
        if "GET" not in route.methods or route.is_rest:
            continue
        arguments: dict[str, Any] = {}
        if route.rule.arguments:
            model = getattr(getattr(route.view, "datamodel", None), "obj", None)
            if model is None or route.rule.arguments != {"pk"}:
                continue
            arguments = {"pk": row_of(model.__tablename__)}
            if arguments["pk"] is None:
                continue
        with app.test_request_context():
            found[route.name] = url_for(route.name, **arguments)
    return found

"""Walks the areas in menu order and registers what each declares; defines nothing."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from app.web import menu, openapi, tiles

#: in the order of the menu
AREAS = (
    "app.workbench",
    "app.notices",
    "app.workflows",
    "app.grid",
    "app.estate",
    "app.pricing",
    "app.customers",
    "app.sales",
    "app.finance",
    "app.devices",
    "app.lists",
    "app.admin",
    "app.upkeep",
)


def load(area: str, part: str) -> Any:
    """Import ``area.part`` if the area has it."""
    name = f"{area}.{part}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def register(appbuilder: Any) -> None:
    """Register every area's permissions, subscribers, views and REST resources."""
    for part in ("policies", "settings", "notices", "subscribers"):
        for area in AREAS:
            load(area, part)
    for area in AREAS:
        for resource in getattr(load(area, "api"), "RESOURCES", ()):
            appbuilder.add_api(resource)
        views = load(area, "views")
        for view in getattr(views, "VIEWS", ()):
            appbuilder.add_view_no_menu(view)
        for resource in getattr(views, "RESOURCES", ()):
            # REST generated from a view is declared beside the view.
            appbuilder.add_api(resource)
    openapi.register(appbuilder)
    menu.keep(menu_items())
    tiles.keep(tile for area in AREAS for tile in getattr(load(area, "tiles"), "TILES", ()))


def menu_items() -> list[Any]:
    """Return every area's menu items in menu order."""
    return [item for area in AREAS for item in getattr(load(area, "views"), "MENU", ())]

"""What stands around every page: menu, project switch, search, user menu, theme and language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g, request
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf

from app.core import clock
from app.core.actor import Actor
from app.web import keys, menu, projects, search
from app.web.formats import moment_text

#: pages that belong to the place from which one came
REACHED_FROM_SEVERAL = ("ApprovalView.show", "ApprovalView.ask", "ApprovalView.edit")
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "xiaokong-theme"
MONEY_COOKIE = "xiaokong-money"
#: how lists write amounts: in yuan, or in 万元 from ten thousand on
MONEY_UNITS = ("yuan", "wan")


def locale() -> str:
    """Return the language of the page: zh or en."""
    return "en" if str(get_locale() or "zh").startswith("en") else "zh"


class Frame:
    """What ``web/base.html`` asks about the person and the place, each when it is needed."""

    @property
    def actor(self) -> Actor | None:
        """Return who is signed in."""
        actor: Actor | None = g.get("actor")
        return actor

    @property
    def user(self) -> Any:
        """Return the signed-in person's name and sign-in name."""
        return g.get("_login_user")

    @property
    def theme(self) -> str:
        """Return the chosen theme; it stands in the first byte of the page, so nothing flashes."""
        chosen = request.cookies.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def money_unit(self) -> str:
        """Return how lists write amounts for this person; papers and forms always say yuan."""
        chosen = request.cookies.get(MONEY_COOKIE, "yuan")
        return chosen if chosen in MONEY_UNITS else "yuan"

    @property
    def locale(self) -> str:
        """Return the language of the page."""
        return locale()

    @property
    def html_lang(self) -> str:
        """Return the language as browsers want it, which decides the shapes of characters."""
        return "zh-CN" if self.locale == "zh" else "en"

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Return the menu with the place that the page belongs to marked."""
        if self.actor is None:
            return []
        return [
            {
                "title": menu.GROUPS[name],
                "places": [self._place(item) for item in items],
                "folded": name in menu.FOLDED,
            }
            for name, items in menu.groups_for(self.actor)
        ]

    @property
    def keys_on(self) -> bool:
        """Tell whether the person uses single keys."""
        return keys.are_on(self.actor)

    @property
    def has_several_projects(self) -> bool:
        """Tell whether there is more than one project that the person could work in."""
        reached = self.actor.projects if self.actor is not None else frozenset()
        return reached is None or len(reached) > 1

    def _place(self, item: menu.MenuItem) -> dict[str, Any]:
        address = item.address()
        return {
            "title": item.title,
            "url": address,
            "icon": item.icon,
            "section": menu.SECTIONS.get(item.section, ""),
            "key": item.key if item.badge else "",
            "go": keys.LETTER_OF.get(item.view.__name__, "") if item.view else "",
            "here": self._is_here(item, address),
        }

    def _is_here(self, item: menu.MenuItem, address: str) -> bool:
        if request.endpoint in REACHED_FROM_SEVERAL:
            # A request is opened from the to-do list, from one's own ones and from elsewhere.
            return urlsplit(request.referrer or "").path == address.partition("?")[0]
        if item.view is not None and item.view.__name__ == request.blueprint:
            return True
        path = address.partition("?")[0]
        return request.path == path or (
            len(path) > 1 and request.path.startswith(path.rstrip("/") + "/")
        )

    @property
    def project(self) -> projects.ProjectChoice | None:
        """Return the project that the person works in."""
        return projects.current_project()

    @property
    def searchable(self) -> bool:
        """Tell whether there is anything that the person may search."""
        return self.actor is not None and bool(search.searched_views(self.actor))

    @property
    def printed_at(self) -> str:
        """Return the moment for the head of a printed sheet."""
        return moment_text(clock.now(), full=True)[:16]


def init_app(app: Flask) -> None:
    """Give every template the frame and the CSRF token."""
    app.jinja_env.globals.update(frame=Frame(), csrf_token=generate_csrf)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

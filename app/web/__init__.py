"""Screens' base classes over Flask-AppBuilder. 页面基础：列表、表单、菜单、错误页。"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Bind everything that stands in front of and around every request."""
    from app.web import (
        assets,
        bodies,
        choices,
        compression,
        errors,
        exports,
        formats,
        frame,
        headers,
        health,
        list_memory,
        plain_text,
        rest,
        search,
        work,
    )

    app.url_map.strict_slashes = False
    bodies.init_app(app)
    app.before_request(rest.check_csrf)
    errors.init_app(app)
    # What is registered last sees an answer first: headers are set, then it is compressed.
    for part in (
        compression,
        headers,
        assets,
        formats,
        frame,
        health,
        work,
        choices,
        search,
        exports,
        list_memory,
        plain_text,
    ):
        part.init_app(app)

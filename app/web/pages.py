"""Pages that belong to no area: the entrance."""

from __future__ import annotations

from typing import Any

from flask import g, redirect
from flask_appbuilder import IndexView as FrameworkIndexView
from flask_appbuilder import expose


class IndexView(FrameworkIndexView):
    """The entrance: signed in people go on to their first page, others to signing in."""

    @expose("/")
    def index(self) -> Any:
        return redirect("/grid/" if g.get("actor") else "/login/")

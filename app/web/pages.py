"""Pages that belong to no area: the entrance."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_appbuilder import IndexView as FrameworkIndexView
from flask_appbuilder import expose

from app.web import menu
from app.web.access import signed_in


class IndexView(FrameworkIndexView):
    """The entrance: signed in people go on to their first page, others to signing in."""

    @expose("/")
    def index(self) -> Any:
        """Send everybody to where he begins."""
        actor = signed_in()
        if actor is None:
            return redirect(url_for("door.enter"))
        home = menu.home_for(actor)
        if home is None:
            return self.render_template("web/nothing_yet.html")
        return redirect(home)

"""The list of an entity's rows, and its rows as a file."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.core.actor import Actor
from app.lists.queries import get_kept
from app.web import exports, list_page
from app.web.access import guarded
from app.web.frame import MONEY_COOKIE
from app.web.reading import Reading


class ListPages(Reading):
    """What a CrudView shows of all its rows."""

    @expose("/list/")
    @guarded("see")
    def list(self, *, actor: Actor) -> Any:
        """Show one page of rows; without conditions, those of the person's first view."""
        kept = get_kept(self.endpoint, actor)
        if not request.args and kept.default is not None:
            return redirect(f"{request.path}?{kept.default.query or 'all=1'}")
        g.short_money = request.cookies.get(MONEY_COOKIE) == "wan"
        page = list_page.build(self, actor, kept)
        return self.render_template(self.list_template, page=page)

    @expose("/export/")
    @guarded("export")
    def download(self, *, actor: Actor) -> Any:
        """Send the filtered list as an Excel file; a long one is written by the worker."""
        answer = exports.send_or_hand_over(self, actor)
        if answer is not None:
            return answer
        flash(_("The list is long: it is being written, and you may go on working."), "info")
        return redirect(url_for("exports.mine"))

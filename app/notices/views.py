"""Pages of notices: what one was told, and which kinds one wants to be told."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.notices import operations, queries
from app.notices.kinds import all_kinds
from app.web.access import needs
from app.web.rest import current

ROWS = 40
#: what the bell's panel shows
PANEL_ROWS = 8


class NoticeView(BaseView):
    """通知: what the person was told, unread first, and the kinds to be told."""

    route_base = "/notices"
    default_view = "page"

    @expose("/")
    @needs()
    def page(self) -> Any:
        """Show the person's notices: unread ones, or all of them."""
        actor = current()
        only_unread = request.args.get("tab", "unread") == "unread"
        found = queries.list_notices(actor, unread=only_unread, before=_before(), limit=ROWS)
        return render_template(
            "notices/page.html",
            rows=found.rows,
            unread=queries.count_unread(actor),
            tab="unread" if only_unread else "all",
            newest=found.rows[0].id if found.rows else None,
            next_url=_next_url(found, only_unread),
        )

    @expose("/panel")
    @needs()
    def panel(self) -> Any:
        """Answer the bell's panel: the newest unread notices, then read ones, and the count."""
        actor = current()
        rows = queries.list_notices(actor, limit=PANEL_ROWS).rows
        return render_template("notices/panel.html", rows=rows, unread=queries.count_unread(actor))

    @expose("/read", methods=["POST"])
    @needs()
    def read_all(self) -> Any:
        """Take everything up to what the page showed as read."""
        until = request.form.get("until", "")
        actor = current()
        with unit_of_work(actor):
            operations.mark_all_read(
                until=int(until) if until.isdecimal() and len(until) < len(str(2**63)) else None,
                actor=actor,
            )
        return redirect(url_for("NoticeView.page"))

    @expose("/kinds", methods=["GET", "POST"])
    @needs()
    def kinds(self) -> Any:
        """Show which kinds the person wants to be told, or keep his choice."""
        actor = current()
        if request.method == "POST":
            wanted = set(request.form.getlist("kind"))
            muted = [kind.key for kind in all_kinds() if kind.key not in wanted and not kind.always]
            try:
                with unit_of_work(actor):
                    operations.choose_kinds(muted, actor=actor)
                flash(_("Saved. It holds for what happens from now on."))
            except DomainError as error:
                flash(str(error.message), "danger")
            return redirect(url_for("NoticeView.kinds"))
        return render_template(
            "notices/kinds.html",
            kinds=[kind for kind in all_kinds() if not kind.always],
            always=[kind for kind in all_kinds() if kind.always],
            muted=queries.muted_kinds(actor),
        )


def _before() -> int | None:
    raw = request.args.get("before", "")
    return int(raw) if raw.isdecimal() and len(raw) < len(str(2**63)) else None


def _next_url(found: queries.Page, only_unread: bool) -> str | None:
    if found.next is None:
        return None
    tab = "unread" if only_unread else "all"
    return url_for("NoticeView.page", tab=tab, before=found.next)


VIEWS = [NoticeView]

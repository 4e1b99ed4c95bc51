"""The pages that say that something could not be shown or done, and what to do now."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask_babel import gettext as _

from app.web.addresses import safe_next
from app.web.headers import own_host


def _titles() -> dict[int, str]:
    return {
        400: _("The request cannot be read"),
        401: _("Please sign in"),
        403: _("You may not open this"),
        404: _("There is nothing here"),
        405: _("This address does not work that way"),
        409: _("Somebody was first"),
        413: _("Too much was sent at once"),
        415: _("This kind of file is not accepted"),
        422: _("Something in the form is wrong"),
        429: _("Too many attempts"),
        500: _("Something went wrong on our side"),
        503: _("Busy for a moment"),
    }


def render_error_page(status: int, title: Any, sentence: Any, error_id: str | None = None) -> str:
    """Return the whole page for an error, inside the frame when somebody is signed in.

    It asks the database for nothing that the page can do without: a broken database must still
    show a page.
    """
    return render_template(
        "web/error.html" if g.get("actor") and status not in (500, 503) else "web/error_alone.html",
        status=status,
        title=title or _titles().get(status, _("Something went wrong")),
        sentence=sentence,
        error_id=error_id,
        back=safe_next(_referrer_path()),
        again=request.full_path.rstrip("?") if request.method == "GET" else None,
    )


def _referrer_path() -> str | None:
    referrer = request.referrer or ""
    home = f"{request.scheme}://{own_host()}/"
    if not referrer.startswith(home):
        return None
    path = "/" + referrer[len(home) :]
    return None if path.rstrip("?") == request.full_path.rstrip("?") else path

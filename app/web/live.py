"""The way to the live server: a redirect with a ticket that is worth what the sign-in is worth."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import current_app, g, redirect, request

from app.core.live_ticket import issue_ticket
from app.web.headers import live_origin
from app.web.rest import current


def lead_to_stream(project_id: int | None = None, **query: str) -> Any:
    """Answer with the address of a stream of the caller's: of a project, or of his notices alone.

    One connection for both: a browser that watches a project hears of notices on it too. The
    ticket names the caller's sign-in; when that ends, the live server ends the stream.
    """
    ticket = issue_ticket(
        project_id,
        user_id=current().id,
        session_id=g.get("_login_user").session_id,
        origin=f"{request.scheme}://{request.host}",
        key=current_app.config["SECRET_KEY"],
    )
    base = (current_app.config["LIVE_URL"] or live_origin()).rstrip("/")
    what = "me" if project_id is None else project_id
    answer = redirect(f"{base}/stream/{what}?{urlencode({'token': ticket, **query})}", 307)
    answer.headers["Cache-Control"] = "no-store"
    return answer

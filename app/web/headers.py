"""What every answer tells the browser: where content may come from, how long it may be kept."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import SecurityError

A_YEAR = 365 * 24 * 3600
STATIC = ("static", "appbuilder.static")
#: what may be shown by the browser; anything else is a file to be kept
SHOWN = (
    "text/html",
    "text/plain",
    "text/event-stream",
    "application/json",
    "image/png",
    "image/jpeg",
    "text/javascript",
    "text/css",
)
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self';"
    " connect-src 'self' {live}; font-src 'self'; object-src 'none'; frame-ancestors 'none';"
    " base-uri 'self'; form-action 'self'"
)


_HOST = re.compile(r"(?:[a-zA-Z0-9_.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")


def own_host() -> str:
    """Return the host that was asked, "localhost" for what is no host or none of TRUSTED_HOSTS."""
    try:
        host = request.host
    except SecurityError:
        return "localhost"
    return host if _HOST.fullmatch(host) else "localhost"


def live_origin() -> str:
    """Return the origin of the live server: LIVE_URL's, else this host on LIVE_PORT."""
    config = current_app.config
    return _origin(config.get("LIVE_URL"), request.scheme, own_host(), config["LIVE_PORT"])


# Every answer names it; the hosts that ask are few, and who makes some up finds a bounded store.
@lru_cache(maxsize=256)
def _origin(given: str | None, scheme: str, host: str, port: int) -> str:
    if given:
        parts = urlsplit(given)
        return f"{parts.scheme}://{parts.netloc}"
    name = urlsplit(f"//{host}").hostname or "localhost"
    name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{name}:{port}"


def _set(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY.format(live=live_origin()))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # The policy's frame-ancestors says it to browsers of today, this to older ones.
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
    if request.endpoint not in STATIC and response.mimetype not in SHOWN:
        # A file that somebody handed in is never opened as a page of ours.
        headers.setdefault("Content-Disposition", "attachment")
    if request.endpoint in STATIC:
        if "v" in request.args and response.status_code == 200:  # noqa: PLR2004
            headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    elif headers.get("Cache-Control", "no-cache") == "no-cache":
        # Pages and files hold people's data and the rights of one person; none is kept by anybody.
        # A file that is sent says "no-cache" by itself, which keeps it.
        headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask) -> None:
    """Set the headers on every answer."""
    app.after_request(_set)

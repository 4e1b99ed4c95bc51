"""Every error as our users and programs see it: JSON under /api/, a page elsewhere."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, jsonify, request
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.core.db import db
from app.core.errors import DomainError
from app.logs.trace import new_id, request_id
from app.web.bodies import too_large_sentence

log = logging.getLogger("xiaokong.web")

#: SQLSTATE of a deadlock, a serialization failure, a lock or statement time-out
TRY_AGAIN_STATES = ("40P01", "40001", "55P03", "57014")
#: SQLSTATE of a text too long, a number or moment out of range, a character that cannot be kept
DOES_NOT_FIT_STATES = ("22001", "22003", "22008", "22021", "22P05")

#: bytes that are read and thrown away of an upload that is too large, and how many at once
MOST_TAKEN_IN = 200 * 1024 * 1024
PIECE = 64 * 1024

#: what the trigger ``upkeep_guard`` raises
PROJECT_CLOSED = "XK001"

HTTP_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "try_again",
}


def http_sentence(status: int) -> str:
    """Return what to say for an error that the framework raised."""
    sentences = {
        400: _("The request cannot be read. Check what was sent."),
        401: _("Please sign in."),
        403: _("You may not do this. Ask your administrator for the right to it."),
        404: _("There is nothing here, or it is not within your scope."),
        405: _("This address does not take this method."),
        409: _("Somebody else changed this at the same moment. Load it again."),
        413: _("This is too large to be sent at once. A file may have up to 25 MB."),
        415: _("This type of content is not accepted here."),
        422: _("Something in the form is wrong."),
        429: _("Too many attempts. Wait a while and try again."),
        503: _("The system is busy for a moment. Try again."),
    }
    return sentences.get(status, _("Something went wrong."))


def closed_sentence() -> str:
    """Return what to say when somebody wants to change a project that is closed."""
    return _(
        "This project is closed and read only; nothing was changed. If it must be changed, ask the"
        " system administrator to open it again."
    )


def wants_json() -> bool:
    """Tell whether a program asks (REST) and not a person."""
    return request.path.startswith("/api/")


def answer(
    status: int,
    code: str,
    message: Any,
    *,
    fields: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    error_id: str | None = None,
) -> Response:
    """Return the error as JSON or as a page."""
    if wants_json():
        body: dict[str, Any] = {
            "error": code,
            "message": str(message),
            "fields": {name: str(text) for name, text in (fields or {}).items()},
            **(details or {}),
        }
        if error_id:
            body["id"] = error_id
        response = jsonify(body)
    else:
        from app.web.error_pages import render_error_page

        title = http_sentence(status) if status not in HTTP_CODES else None
        response = Response(render_error_page(status, title, str(message), error_id))
    response.status_code = status
    if status in (429, 503):
        response.headers["Retry-After"] = str((details or {}).get("retry_after", 2))
    return response


def _domain(error: DomainError) -> Response:
    db.undo()
    return answer(
        error.status, error.code, error.message, fields=error.fields, details=error.details
    )


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:  # noqa: PLR2004 - a redirect is an HTTPException too
        return error
    db.undo()
    if status >= 500 and status != 503:  # noqa: PLR2004
        return _unexpected(error)
    if status == 413:  # noqa: PLR2004
        _take_in_the_rest()
    sentence = too_large_sentence() if status == 413 else None  # noqa: PLR2004
    response = answer(
        status, HTTP_CODES.get(status, "bad_request"), sentence or http_sentence(status)
    )
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _take_in_the_rest() -> None:
    """Read what is still being sent, within bounds: else the browser shows a broken connection.

    A server that closes with bytes unread resets the connection, and the answer is lost with it.
    """
    source, left = request.environ["wsgi.input"], MOST_TAKEN_IN
    while left > 0 and (piece := source.read(PIECE)):
        left -= len(piece)


def _database(error: DBAPIError) -> Response:
    db.undo()
    state = getattr(error.orig, "pgcode", None)
    gone = error.connection_invalidated or isinstance(error, InterfaceError)
    if gone or state in TRY_AGAIN_STATES or (state or "").startswith(("57", "53", "08")):
        log.warning("database asks to try again: %s %s", state, type(error.orig).__name__)
        return answer(503, "try_again", http_sentence(503))
    if isinstance(error, OperationalError) and state is None:
        log.warning("database unreachable: %s", type(error.orig).__name__)
        return answer(503, "try_again", http_sentence(503))
    if isinstance(error, IntegrityError) and state in ("23505", "23P01"):
        # An operation should have said this in its own words; the database is the last guard.
        log.warning("constraint spoke instead of the operation: %s", state)
        return answer(409, "conflict", http_sentence(409))
    if state == PROJECT_CLOSED:
        return answer(409, "project_closed", closed_sentence())
    if state in DOES_NOT_FIT_STATES:
        # A form or body should have refused it; nothing of it was written.
        log.warning("a value does not fit the database: %s", state)
        return answer(422, "invalid", http_sentence(422))
    return _unexpected(error)


def _unexpected(error: BaseException) -> Response:
    db.undo()
    # The id of the request finds all its lines: this one, the slow statement before it, the audit.
    error_id = request_id() or new_id()
    facts = {"error_id": error_id, "endpoint": request.endpoint or "none"}
    log.error("unexpected error", exc_info=error, extra={"facts": facts})
    sentence = _(
        "Something went wrong on our side; nothing was changed. Tell your administrator the number"
        " %(id)s.",
        id=error_id,
    )
    return answer(500, "internal", sentence, error_id=error_id)


def init_app(app: Flask) -> None:
    """Register the handlers; the most special first."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, lambda _e: answer(503, "try_again", http_sentence(503)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)

"""How much anybody may send, decided before it is read: little from strangers, files by form."""

from __future__ import annotations

from flask import Flask, g, request

#: from somebody who is not signed in: a name, a password, a way back
STRANGERS_BYTES = 64 * 1024
#: JSON or a form without files from somebody who is, or from a counter's agent: ten thousand rows
#: of a price plan
TEXT_BYTES = 4 * 1024 * 1024


def bound() -> None:
    """Set how long this request's body may be; a longer one is answered 413 when it is read.

    For what is neither, MAX_CONTENT_LENGTH of the configuration holds.
    """
    if request.is_json or request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = TEXT_BYTES
    if g.actor is None and not g.by_token:
        request.max_content_length = STRANGERS_BYTES


def init_app(app: Flask) -> None:
    """Look at every request once its sender is known, before anything reads it."""
    app.before_request(bound)

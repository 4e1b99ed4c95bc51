"""How much somebody may send before it is known who he is."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request

from app.web.addresses import AGENTS

#: from somebody who is not signed in: a name, a password, a way back
STRANGERS_BYTES = 256 * 1024
#: from a counter's agent, whose token is looked at by the call itself: an outcome with its log
AGENTS_BYTES = 4 * 1024 * 1024

#: endpoint → what to say there to whoever sent too much, with the way out
_SENTENCES: dict[str, Any] = {}


def say_when_too_large(endpoint: str, sentence: Any) -> None:
    """Let an address say in its own words that too much was sent, and what to do."""
    _SENTENCES[endpoint] = sentence


def too_large_sentence() -> Any:
    """Return what the address that is asked says of a body that is too large, or None."""
    return _SENTENCES.get(request.endpoint or "")


def bound() -> None:
    """Set how long this request's body may be; a longer one is answered 413 when it is read.

    For who is signed in MAX_CONTENT_LENGTH holds: a price plan's rows are as long as a file.
    """
    if g.actor is None:
        is_agent = request.path.startswith(AGENTS)
        request.max_content_length = AGENTS_BYTES if is_agent else STRANGERS_BYTES


def init_app(app: Flask) -> None:
    """Look at every request once its sender is known, before anything reads it."""
    app.before_request(bound)

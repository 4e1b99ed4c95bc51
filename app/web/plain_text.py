"""Refuses what cannot be held, before it is read: NUL, lone surrogates, endless nesting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, request
from flask_babel import gettext as _

from app.web.rest import BadRequest

#: an escape in JSON that may stand for such a character; a pair of surrogates is a good one
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT = re.compile("[\0\ud800-\udfff]")
#: how deep a body may be nested; ours are no deeper than 5
DEEPEST = 40
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def check_text() -> None:
    """Raise BadRequest for an address, form or JSON body with a character that cannot be kept."""
    if _unfit(request.path) or any(_unfit(value) for value in _values(request.args)):
        raise _refusal()
    if request.mimetype in FORMS and any(_unfit(value) for value in _values(request.form)):
        raise _refusal()
    if request.is_json:
        body = _shallow_body()
        if _SUSPECT.search(request.get_data()) and any(_unfit(text) for text in _texts(body)):
            raise _refusal()


def _shallow_body() -> Any:
    """Return the JSON body, None for what is none. Raises BadRequest for one nested too deeply."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        raise _too_deep() from None
    level = [body]
    for _depth in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return body
    raise _too_deep()


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> BadRequest:
    return BadRequest(_("The request cannot be read. Check what was sent."))


def _values(given: Any) -> list[str]:
    return [text for pair in given.items(multi=True) for text in pair]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in [key, *_texts(inner)]]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


def _unfit(text: str) -> bool:
    return _UNFIT.search(text) is not None


def _refusal() -> BadRequest:
    return BadRequest(_("The request holds a character that cannot be kept. Type the text anew."))


def init_app(app: Flask) -> None:
    """Check every request once its sender is known."""
    app.before_request(check_text)

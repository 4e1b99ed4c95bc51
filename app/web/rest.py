"""The REST base: permission, body, idempotency and one unit of work around every call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from flask import Response, current_app, g, request
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _
from flask_wtf.csrf import validate_csrf
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnsupportedMediaType
from wtforms.validators import ValidationError as CsrfError

from app.core import idempotency
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.errors import DomainError, Invalid
from app.core.money import parse_yuan
from app.core.uow import unit_of_work
from app.web.body_words import in_our_words

#: the largest number that the database takes for an id
LARGEST_ID = 2**63 - 1

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
KeyRule = Literal["optional", "required"]


class NotSignedIn(DomainError):
    """Nobody is signed in, or the token has ended."""

    status = 401
    default_code = "not_signed_in"


class BadRequest(DomainError):
    """The call itself is malformed."""

    status = 400
    default_code = "bad_request"


class RestApi(BaseApi):
    """A REST resource under ``/api/v1/<resource_name>/``; methods are made by ``endpoint``."""

    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_tag = ""

    def __init__(self) -> None:
        self.openapi_spec_tag = self.openapi_spec_tag or str(self.resource_name)
        super().__init__()


class Yuan(fields.Field):
    """An amount in yuan: a string with up to two decimals, never a float."""

    def _deserialize(self, value: Any, *_rest: Any, **_more: Any) -> Decimal:
        if not isinstance(value, str):
            raise ValidationError(_('Give the figure as a string, such as "100000.00".'))
        try:
            return parse_yuan(value)
        except BadValue as error:
            raise ValidationError(str(error.message)) from error


class Whole(fields.Integer):
    """A whole number, given as a number: neither text nor a fraction is rounded to one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)


class Id(Whole):
    """The id of a row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=1, max=LARGEST_ID), **options)


class Truth(fields.Boolean):
    """``true`` or ``false``; no word or number stands for either."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *rest, **more)


class Body(Schema):
    """A request body: unknown members are ignored, wrong ones answered with 422."""

    class Meta:
        unknown = EXCLUDE


def may_be_left_out(schema: type[Schema]) -> bool:
    """Tell whether a call may come without this body: nothing in it is required."""
    return not any(field.required for field in _made(schema).fields.values())


def read_body(schema: type[Schema]) -> dict[str, Any]:
    """Return the cleaned JSON body. Raises Invalid naming every wrong field."""
    given = request.get_data()
    if given and not request.is_json:
        raise UnsupportedMediaType
    raw = request.get_json(silent=True) if given or not may_be_left_out(schema) else {}
    if not isinstance(raw, dict):
        raise BadRequest(_("The body must be a JSON object."))
    try:
        cleaned: dict[str, Any] = _made(schema).load(raw)
    except ValidationError as error:
        named = {name: _flatten(texts) for name, texts in error.normalized_messages().items()}
        raise Invalid(_("Something in the form is wrong."), fields=named) from error
    return cleaned


@functools.cache
def _made(schema: type[Schema]) -> Schema:
    # Making one copies every field; loading changes nothing in it.
    return schema()


def _flatten(texts: Any) -> str:
    if isinstance(texts, Mapping):
        return "; ".join(f"{_called(name)}: {_flatten(inner)}" for name, inner in texts.items())
    if isinstance(texts, list):
        return "; ".join(_flatten(text) for text in texts)
    return in_our_words(str(texts))


def _called(name: Any) -> str:
    # The entries of a list are told by their place, which people count from one.
    return str(_("Entry %(number)d", number=name + 1)) if isinstance(name, int) else str(name)


def current() -> Actor:
    """Return the signed-in actor. Raises NotSignedIn."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise NotSignedIn(_("Please sign in."))
    return actor


def check_csrf() -> None:
    """Refuse an unsafe request that came with a cookie and without its CSRF token."""
    if request.method in SAFE_METHODS or g.by_token or not current_app.config["WTF_CSRF_ENABLED"]:
        return
    if g.actor is None and request.path.startswith("/api/"):
        # Without a cookie there is nothing that another site could ride on.
        return
    token = request.headers.get("X-CSRFToken")
    if token is None and not request.path.startswith("/api/"):
        # Under /api/ the form is left alone: reading it would eat the body of an upload, on which
        # the Idempotency-Key's digest stands.
        token = request.form.get("csrf_token")
    try:
        validate_csrf(token)
    except CsrfError as error:
        raise Invalid(
            _("This page is too old or was opened elsewhere. Load it again and repeat."),
            code="csrf",
        ) from error


def endpoint(
    permission: str | tuple[str, ...] | None = None,
    *,
    status: int = 200,
    key: KeyRule = "optional",
    body: type[Schema] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method a REST call.

    The caller must be signed in and hold ``permission`` (one of a tuple). A method that changes
    something runs in one unit of work, and its successful answer is kept with the
    Idempotency-Key, which ``key="required"`` demands. With ``body`` the method gets the cleaned
    body as ``body=``, and the description says what may stand in it. The method returns a dict or
    a Response.
    """
    wanted = (permission,) if isinstance(permission, str) else permission

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Response:
            actor = current()
            if wanted is not None and not actor.may_any(*wanted):
                actor.require(wanted[0])
            if request.method in SAFE_METHODS:
                return _respond(method(self, *args, **kwargs), status)
            return _change(lambda: method(self, *args, **kwargs, **taken(body)), actor, status, key)

        call._permission_name = method.__name__  # type: ignore[attr-defined]  # noqa: SLF001
        call.permissions = wanted  # type: ignore[attr-defined]
        call.status = status  # type: ignore[attr-defined]
        call.body, call.key = body, key  # type: ignore[attr-defined]
        return call

    return decorate


def takes(body: type[Schema]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say for the description which body a call reads that is no ``endpoint``."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        method.body = body  # type: ignore[attr-defined]
        return method

    return decorate


def taken(schema: type[Schema] | None) -> dict[str, Any]:
    """Return the cleaned body as the argument of a method that asked for it."""
    return {} if schema is None else {"body": read_body(schema)}


def run_once(action: Callable[[], Any], actor: Actor, status: int, key: KeyRule) -> Response:
    """Run a change for an actor that is not a browser user (a station's agent)."""
    return _change(action, actor, status, key)


def _change(action: Callable[[], Any], actor: Actor, status: int, rule: KeyRule) -> Response:
    key = request.headers.get("Idempotency-Key", "")
    if not key and rule == "required":
        raise BadRequest(
            _("This call needs an Idempotency-Key header."), code="idempotency_key_missing"
        )
    if len(key) > idempotency.LONGEST_KEY:
        raise Invalid(_("An Idempotency-Key has at most 64 characters."))
    with unit_of_work(actor):
        if not key:
            return _respond(action(), status)
        # With the query: a dry run is not the same request as the real one.
        digest = idempotency.digest_of(request.method, request.full_path, request.get_data())
        kept = idempotency.claim_key(key, digest, actor=actor)
        if kept is not None:
            return _respond(kept.answer, kept.status)
        answer = action()
        if isinstance(answer, dict):
            idempotency.keep_answer(key, digest, status, answer, actor=actor)
        return _respond(answer, status)


def _respond(answer: Any, status: int) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, tuple):
        answer, status = answer
    return Response(current_app.json.dumps(answer), status=status, content_type="application/json")


def whole(name: str) -> int | None:
    """Return a query's whole number, None without it. Raises Invalid for what is none.

    A filter that cannot be read is refused: ignored, it would widen what is answered.
    """
    given = request.args.get(name, "")
    return whole_of(name, given) if given else None


def whole_of(name: str, given: str) -> int:
    """Return the whole number that was given under this name. Raises Invalid for what is none."""
    if given.isascii() and given.isdecimal() and len(given) <= len(str(LARGEST_ID)):
        number = int(given)
        if number <= LARGEST_ID:
            return number
    sentence = _("%(name)s must be a whole number.", name=name)
    raise Invalid(sentence, fields={name: sentence})


def clamp_limit(default: int = 50, most: int = 200) -> int:
    """Return ``?limit=`` within 1 and 200. Raises Invalid for what is no number."""
    wanted = whole("limit")
    return default if wanted is None else max(1, min(wanted, most))


FLAGS = {
    **dict.fromkeys(("1", "true", "yes"), True),
    **dict.fromkeys(("0", "false", "no"), False),
}


def flag(name: str, *, default: bool = False) -> bool:
    """Return a query flag: ``1``, ``true`` or ``yes`` is True. Raises Invalid for unknown words.

    Who asks for a dry run in words that nobody understands must not get the real one.
    """
    given = request.args.get(name, "").lower()
    if given and given not in FLAGS:
        sentence = _("%(name)s is 1 or 0.", name=name)
        raise Invalid(sentence, fields={name: sentence})
    return FLAGS[given] if given else default

"""Every request under one id, timed and written down without anything personal in it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, request

from app.logs.trace import HEADER, accepted, request_id, set_request_id

log = logging.getLogger("xiaokong.request")

#: asked all day long by machines; written down only when something is wrong with them
ROUTINE = frozenset(
    {
        "static",
        "appbuilder.static",
        "healthz",
        "metrics",
        "work.counts",
        "AgentApi.lease",
        "AgentApi.heartbeat",
        "AgentApi.renew",
    }
)
#: called with (endpoint, method, status, seconds) after every request; app.upkeep measures here
observers: list[Callable[[str, str, int, float], None]] = []


def _begin() -> None:
    set_request_id(accepted(request.headers.get(HEADER)))
    g.begun_at = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    begun = g.get("begun_at")
    if begun is None:
        return response
    seconds = time.perf_counter() - begun
    endpoint = request.endpoint or "none"
    for observer in observers:
        observer(endpoint, request.method, response.status_code, seconds)
    _write(endpoint, response.status_code, seconds)
    return response


def _write(endpoint: str, status: int, seconds: float) -> None:
    slow_after = float(current_app.config["SLOW_REQUEST_MS"]) / 1000
    level = logging.INFO
    if seconds >= slow_after:
        level = logging.WARNING
    elif endpoint in ROUTINE and status < 400:  # noqa: PLR2004
        level = logging.DEBUG
    if not log.isEnabledFor(level):
        return
    actor = g.get("actor")
    facts: dict[str, Any] = {
        "method": request.method,
        # The rule and not the path: addresses that people type may hold anything.
        "route": request.url_rule.rule if request.url_rule is not None else "none",
        "endpoint": endpoint,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if request.view_args:
        facts["ids"] = {k: v for k, v in request.view_args.items() if isinstance(v, int)}
    if actor is not None:
        facts["actor"] = actor.key
    log.log(level, "slow request" if seconds >= slow_after else "request", extra={"facts": facts})


def init_app(app: Flask) -> None:
    """Name and time every request; must be bound before whatever may refuse one."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(lambda _error: set_request_id(""))

"""Answers made small for slow lines: Brotli or gzip, never for what streams."""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
from flask import Flask, Response, request
from werkzeug.http import parse_accept_header

LEAST_BYTES = 1024
MOST_STATIC_BYTES = 4_000_000
TYPES = (
    "text/html",
    "text/css",
    "text/plain",
    "text/javascript",
    "application/javascript",
    "application/json",
    "image/svg+xml",
)


def _wanted() -> str | None:
    return _best(request.headers.get("Accept-Encoding", ""))


@lru_cache(maxsize=256)
def _best(header: str) -> str | None:
    accepted = parse_accept_header(header)
    if accepted["br"] > 0:
        return "br"
    return "gzip" if accepted["gzip"] > 0 else None


def _squeeze(body: bytes, encoding: str, effort: int) -> bytes:
    if encoding == "br":
        return brotli.compress(body, quality=effort)
    return gzip.compress(body, compresslevel=min(effort, 9), mtime=0)


@lru_cache(maxsize=200)
def _squeeze_kept(body: bytes, encoding: str) -> bytes:
    return _squeeze(body, encoding, 10)


def _compress(response: Response) -> Response:
    if response.mimetype not in TYPES or "Content-Encoding" in response.headers:
        return response
    if response.status_code < 200 or response.status_code in (204, 206, 304):  # noqa: PLR2004
        return response
    response.vary.add("Accept-Encoding")
    encoding = _wanted()
    is_static = request.endpoint in ("static", "appbuilder.static")
    if encoding is None or request.method == "HEAD" or not (is_static or response.is_sequence):
        return response
    if is_static:
        if not 0 < (response.content_length or 0) < MOST_STATIC_BYTES or "Range" in request.headers:
            return response
        response.direct_passthrough = False
    opened = response.response
    body = response.get_data()
    if is_static and hasattr(opened, "close"):
        opened.close()
    if len(body) < LEAST_BYTES:
        return response
    # Static files are squeezed hard once; pages, quickly every time.
    small = _squeeze_kept(body, encoding) if is_static else _squeeze(body, encoding, 4)
    response.set_data(small)
    response.headers["Content-Encoding"] = encoding
    etag, _weak = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


def init_app(app: Flask) -> None:
    """Compress after everything else has looked at the answer."""
    app.after_request(_compress)

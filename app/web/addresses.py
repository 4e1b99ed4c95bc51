"""Addresses that come in from outside and may only lead back into the application."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

#: under which the counters' agents call, each with its station's own token
AGENTS = "/api/v1/agent/"


def safe_next(address: str | None, *, fallback: str = "/") -> str:
    """Return the address if it is a path of ours, else the fallback.

    Browsers read two slashes, or a slash and a backslash, as another host and drop control
    characters, so none of these pass.
    """
    if not address or not address.startswith("/") or address.startswith("//"):
        return fallback
    if "\\" in address or any(unicodedata.category(sign).startswith("C") for sign in address):
        return fallback
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return fallback
    return address.rstrip("?")

"""JSON for keeping: exact, the same text for the same content, so that a digest binds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """Return ``value`` as JSON content: amounts as strings with 2 decimals, days in ISO form.

    Lazy texts become words in the present language. A Decimal with more than 2 decimals keeps
    them; a float is refused with TypeError, since no figure of ours is inexact.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return _text(value)


def digest_of(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON text: sorted keys, no blanks."""
    text = json.dumps(
        plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, float):
        message = f"{value!r} is a float; figures are exact"
        raise TypeError(message)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        short = isinstance(exponent, int) and exponent > -2  # noqa: PLR2004 - two decimals
        return f"{value:.2f}" if short else f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)

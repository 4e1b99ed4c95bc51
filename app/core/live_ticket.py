"""The ticket to the live server: what may be watched, from which page, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

TICKET_LIFE = timedelta(minutes=10)
# Another audience than the bearer tokens of REST, which are signed with the same key: neither
# passes for the other.
AUDIENCE = "xiaokong-live"
ALGORITHM = "HS256"


@dataclass(frozen=True)
class Ticket:
    """The right to watch one project, to hear of one user's notices, or both."""

    project_id: int | None
    user_id: int | None
    #: the sign-in that it was given to, and ends with
    session_id: int | None
    #: the origin of the page, the only one that a browser may read the stream from
    origin: str
    expires_at: datetime


def issue_ticket(
    project_id: int | None = None,
    *,
    user_id: int | None = None,
    session_id: int | None = None,
    origin: str,
    key: str,
) -> str:
    """Return a signed ticket, good for 10 minutes and while its sign-in lasts."""
    now = datetime.now(UTC)
    claims = {
        "aud": AUDIENCE,
        "prj": project_id,
        "usr": user_id,
        "ses": session_id,
        "org": origin,
        "exp": now + TICKET_LIFE,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_ticket(signed: str, *, key: str) -> Ticket | None:
    """Return the ticket, or None if it is forged, of another kind or over."""
    try:
        claims = jwt.decode(
            signed, key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"require": ["exp"]}
        )
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        return Ticket(
            project_id=_id(claims.get("prj")),
            user_id=_id(claims.get("usr")),
            session_id=_id(claims.get("ses")),
            origin=str(claims["org"]),
            expires_at=expires_at,
        )
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return None


def _id(claim: object) -> int | None:
    return None if claim is None else int(str(claim))

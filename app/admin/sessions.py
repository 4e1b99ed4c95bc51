"""Sign-in sessions: begun, seen, listed and ended; a cookie or token is worth what its row is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, func, select, text, update

from app.admin.models import AppUser, SignInSession
from app.admin.policies import require_reached
from app.admin.settings import ABSOLUTE_HOURS, IDLE_MINUTES
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.settings import get_setting

#: how often the last use of a session is written down
SEEN_EVERY = timedelta(minutes=1)
KEPT_DAYS = 180

#: why a session ended → what its person is told at the door
REASONS: dict[str, Any] = {
    "signed_out": _l("You have signed out."),
    "switched": _l("Another operator took over."),
    "idle": _l("You were signed out because nothing was done for a while."),
    "expired": _l("The time of this sign-in is over."),
    "ended": _l("This sign-in was ended from your list of sign-ins."),
    "ended_by_admin": _l("An administrator ended this sign-in."),
    "access_changed": _l("Your rights have been changed."),
    "password_changed": _l("The password of this account has been changed."),
    "factor_changed": _l("The second factor of this account has been changed."),
    "deactivated": _l("This account is not in use any more."),
    "renewed": _l("This sign-in was renewed."),
}


@dataclass(frozen=True)
class Caller:
    """From where somebody signs in: a browser's page or a program over REST."""

    address: str
    device: str
    kind: str = "browser"
    #: digest of the key that this browser, or program at this address, is known by
    browser: str = ""


@dataclass(frozen=True)
class Opened:
    """A session that has just begun; ``key`` is told to nobody but its cookie or token."""

    id: int
    user_id: int
    access_version: int
    key: str
    duty: str


def digest_of(key: str) -> str:
    """Return what the database keeps of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def open_session(
    user: AppUser, caller: Caller, *, duty: str = "", life: timedelta | None = None
) -> Opened:
    """Begin a session for a user whose identity the caller has checked.

    ``life`` is for tokens; browsers get the hours of the setting.
    """
    now, key = clock.now(), secrets.token_urlsafe(32)
    ends_at = now + (life or timedelta(hours=get_setting(ABSOLUTE_HOURS)))
    row = SignInSession(
        user_id=user.id,
        key_digest=digest_of(key),
        kind=caller.kind,
        access_version=user.access_version,
        started_at=now,
        seen_at=now,
        idle_until=ends_at if life else now + timedelta(minutes=get_setting(IDLE_MINUTES)),
        ends_at=ends_at,
        address=caller.address[:64],
        device=caller.device[:80],
        browser=caller.browser,
        duty=duty,
    )
    db.session.add(row)
    db.session.flush()
    return Opened(row.id, user.id, user.access_version, key, duty)


# Sign-ins of before browsers were known count by the words of their device.
_SEEN_BEFORE = text("""
SELECT EXISTS (SELECT FROM admin_sign_in_session WHERE user_id = :user),
       EXISTS (SELECT FROM admin_sign_in_session WHERE user_id = :user
                  AND (browser = :browser OR (browser = '' AND device = :device)))
""")


def is_new_device(user: AppUser, caller: Caller) -> bool:
    """Tell whether the user signs in for the first time from there, and has signed in before."""
    known = {"user": user.id, "browser": caller.browser, "device": caller.device[:80]}
    any_before, from_there = db.session.execute(_SEEN_BEFORE, known).one()
    return bool(any_before and not from_there)


# One request a minute writes; others that come at the same moment pass by.
_SEEN = text("""
UPDATE admin_sign_in_session SET seen_at = :now, address = :address,
       ends_at = least(ends_at, started_at + make_interval(hours => :hours)),
       idle_until = :now + make_interval(mins => :minutes)
 WHERE id = (SELECT id FROM admin_sign_in_session WHERE id = :id AND kind = 'browser'
                AND seen_at < :before FOR UPDATE SKIP LOCKED)
""")


def touch_session(session_id: int, address: str) -> None:
    """Write down that a browser's session is in use; shortened limits take hold here."""
    now = clock.now()
    values = {
        "id": session_id,
        "now": now,
        "before": now - SEEN_EVERY,
        "address": address[:64],
        "hours": get_setting(ABSOLUTE_HOURS),
        "minutes": get_setting(IDLE_MINUTES),
    }
    db.session.execute(_SEEN, values)


def is_live() -> ColumnElement[bool]:
    """Return the predicate "this session still counts"."""
    return and_(
        SignInSession.ended_at.is_(None),
        func.least(SignInSession.idle_until, SignInSession.ends_at) > clock.now(),
        SignInSession.access_version
        == select(AppUser.access_version)
        .where(AppUser.id == SignInSession.user_id, AppUser.active)
        .scalar_subquery(),
    )


def live_sessions() -> Select[tuple[SignInSession]]:
    """Return the statement that finds the sessions that still count, the last used first."""
    return select(SignInSession).where(is_live()).order_by(SignInSession.seen_at.desc())


def list_own(actor: Actor) -> list[SignInSession]:
    """Return the actor's live sessions."""
    return list(db.session.scalars(live_sessions().where(SignInSession.user_id == actor.id)))


def count_live(user_id: int) -> int:
    """Return in how many places a user is signed in."""
    found = live_sessions().where(SignInSession.user_id == user_id).order_by(None).subquery()
    return int(db.session.scalar(select(func.count()).select_from(found)) or 0)


def end_own(session_id: int, *, actor: Actor) -> None:
    """End one of the actor's own sessions. Raises NotFound for any other, and for an ended one."""
    found = live_sessions().where(SignInSession.id == session_id, SignInSession.user_id == actor.id)
    row = db.session.scalar(found.with_for_update())
    if row is None:
        raise NotFound(_l("This sign-in has ended already, or it is not one of yours."))
    _end([row], "ended")


def end_others(*, actor: Actor) -> int:
    """End every session of the actor but the one he uses; return how many."""
    others = live_sessions().where(
        SignInSession.user_id == actor.id, SignInSession.key_digest != actor.session
    )
    return _end(db.session.scalars(others.with_for_update()), "ended")


def end_present(reason: str, *, actor: Actor) -> bool:
    """End the session the actor uses, e.g. for signing out; tell whether it was still live."""
    present = live_sessions().where(
        SignInSession.user_id == actor.id, SignInSession.key_digest == actor.session
    )
    return _end(db.session.scalars(present.with_for_update()), reason) > 0


def end_by_administrator(row: SignInSession, *, actor: Actor) -> None:
    """End somebody's session. Raises NotAllowed for a user who reaches further than the actor."""
    actor.require("admin.session:end")
    require_reached(row.user, actor)
    _end([row], "ended_by_admin")


def end_all_of(user: AppUser, *, actor: Actor) -> None:
    """End every session of a user, e.g. when a phone is lost.

    Raises NotAllowed for a user who reaches further than the actor.
    """
    actor.require("admin.session:end")
    require_reached(user, actor)
    touch_access(user, reason="ended_by_admin")
    audit.record("sessions_ended", table_name="ab_user", row_id=user.id)


def _end(rows: Iterable[SignInSession], reason: str) -> int:
    now, count = clock.now(), 0
    for row in rows:
        row.ended_at, row.end_reason = now, reason
        action = {"signed_out": "sign_out", "switched": "switch_operator"}.get(
            reason, "session_end"
        )
        note = {"device": row.device, "address": row.address, "reason": reason}
        audit.record(action, table_name="ab_user", row_id=row.user_id, note=note)
        count += 1
    db.session.flush()
    return count


def touch_access(*users: AppUser, reason: str = "access_changed") -> None:
    """Raise the access version: sessions and tokens of these users end."""
    for user in users:
        user.access_version = (user.access_version or 0) + 1
    db.session.flush()
    db.session.execute(
        update(SignInSession)
        .where(
            SignInSession.user_id.in_([user.id for user in users]),
            SignInSession.ended_at.is_(None),
        )
        .values(ended_at=clock.now(), end_reason=reason)
    )


# Whoever is signed in stays so: the row follows the version of its user.
_CARRY_ON = text("""
UPDATE admin_sign_in_session s SET access_version = u.access_version + 1
  FROM ab_user u
 WHERE u.id = s.user_id AND s.access_version = u.access_version AND s.ended_at IS NULL
   AND u.id = ANY(:users)
""")


def read_access_anew(user_ids: Collection[int]) -> None:
    """Let every process read at once what these users may and reach; their sign-ins go on.

    For what is given to them. What is taken away ends the sign-ins: ``touch_access``.
    """
    users = sorted(user_ids)
    lock = select(AppUser.id).where(AppUser.id.in_(users)).order_by(AppUser.id)
    db.session.execute(lock.with_for_update(key_share=True))
    db.session.execute(_CARRY_ON, {"users": users})
    db.session.execute(
        update(AppUser)
        .where(AppUser.id.in_(users))
        .values(access_version=AppUser.access_version + 1)
    )


_WHY = text("""
SELECT CASE WHEN s.ended_at IS NOT NULL THEN s.end_reason
            WHEN NOT u.active THEN 'deactivated'
            WHEN s.access_version <> u.access_version THEN 'access_changed'
            WHEN s.ends_at <= :now THEN 'expired'
            ELSE 'idle' END
  FROM admin_sign_in_session s JOIN ab_user u ON u.id = s.user_id WHERE s.key_digest = :digest
""")


def why_ended(digest: str) -> str:
    """Return why a session does not count any more, as a key of REASONS; empty if unknown."""
    found = db.session.scalar(_WHY, {"digest": digest, "now": clock.now()})
    return str(found or "")


_CLOSE = text("""
UPDATE admin_sign_in_session s
   SET ended_at = least(s.idle_until, s.ends_at, :now),
       end_reason = CASE WHEN u.access_version <> s.access_version OR NOT u.active
                         THEN 'access_changed' WHEN s.ends_at <= :now THEN 'expired' ELSE 'idle' END
  FROM ab_user u
 WHERE u.id = s.user_id AND s.ended_at IS NULL
   AND (least(s.idle_until, s.ends_at) <= :now OR u.access_version <> s.access_version
        OR NOT u.active)
""")


def prune_sessions() -> int:
    """Close the sessions that have run out, delete those of half a year ago; return how many."""
    now = clock.now()
    closed = db.session.execute(_CLOSE, {"now": now}).rowcount
    gone = db.session.execute(
        text("DELETE FROM admin_sign_in_session WHERE ended_at < :before"),
        {"before": now - timedelta(days=KEPT_DAYS)},
    ).rowcount
    return int(closed) + int(gone)


#: words in the user agent → what people call it; the first that fits counts
_PROGRAMS = (
    ("wxwork", "企业微信"),
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device_words(agent: str) -> str:
    """Return a user agent as people say it: ``Chrome · Windows``."""
    parts = (
        next((title for sign, title in table if sign.lower() in agent.lower()), "")
        for table in (_PROGRAMS, _SYSTEMS)
    )
    return " · ".join(part for part in parts if part)

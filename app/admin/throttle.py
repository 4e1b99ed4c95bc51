"""How often somebody may try to sign in: every attempt is counted before it is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from flask_babel import lazy_gettext as _l
from sqlalchemy import text, update

from app.admin.models import AppUser, SignInFailure
from app.admin.notices import tell_account
from app.admin.policies import require_governed
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError

#: failures of a name or of an address within the window, after which nobody gets in
FAILURES_ALLOWED = 10
FAILURE_WINDOW = timedelta(minutes=15)
#: an attempt without an outcome by then was cut off (a process was killed, say). Nobody was
#: answered, so nothing was learned: it counts no longer, or a crash would lock a whole office.
LOOKED_AT_FOR = timedelta(seconds=30)
KEPT_DAYS = 30


class TooManyFailures(DomainError):
    """The name or the address has failed too often."""

    status = 429
    default_code = "too_many_requests"


class TooManyAtOnce(DomainError):
    """As many attempts as may fail are being looked at; their outcome decides about the next."""

    status = 429
    default_code = "too_many_requests"


# Attempts of one name, and of one address, are counted one after another. The name's lock is
# always taken first, so that nobody waits in a circle.
_LOCKS = (
    text("SELECT pg_advisory_xact_lock(hashtextextended(:username, 21))"),
    text("SELECT pg_advisory_xact_lock(hashtextextended(:address, 22))"),
)
_LIVE = "at > :since AND forgiven_at IS NULL"
_FAILED = f"SELECT at FROM admin_sign_in_failure WHERE {_LIVE} AND NOT pending"
_BOTH = f"{_LIVE} AND (NOT pending OR at >= :stale)"
_LAST = f"ORDER BY at DESC OFFSET {FAILURES_ALLOWED - 1} LIMIT 1"
_COUNT = text(
    f"SELECT ({_FAILED} AND username = :username {_LAST}),"
    f" ({_FAILED} AND address = :address {_LAST}),"
    f" (SELECT count(*) FROM admin_sign_in_failure WHERE {_BOTH} AND username = :username),"
    f" (SELECT count(*) FROM admin_sign_in_failure WHERE {_BOTH} AND address = :address)"
)


def begin_attempt(username: str, address: str) -> int:
    """Count an attempt and return its id; the caller commits before the password is looked at.

    Of any number of attempts at once no more are looked at than may fail: raises TooManyFailures
    when ten have failed within 15 minutes, TooManyAtOnce while the outcome of others decides.
    """
    now = clock.now()
    known = {"username": username, "address": address}
    for lock in _LOCKS:
        db.session.execute(lock, known)
    name_at, address_at, of_name, of_address = db.session.execute(
        _COUNT, {**known, "since": now - FAILURE_WINDOW, "stale": now - LOOKED_AT_FOR}
    ).one()
    blocking = [at for at in (name_at, address_at) if at is not None]
    if blocking:
        raise _locked_until(max(blocking) + FAILURE_WINDOW)
    if max(of_name, of_address) >= FAILURES_ALLOWED:
        raise TooManyAtOnce(
            _l("Too many people are signing in from here at this moment. Try again."),
            details={"retry_after": 2},
        )
    attempt = SignInFailure(username=username, address=address, at=now, pending=True)
    db.session.add(attempt)
    db.session.flush()
    return attempt.id


def _locked_until(until: datetime) -> TooManyFailures:
    seconds = max(1, ceil((until - clock.now()).total_seconds()))
    # The minute after, so that who comes back on time gets in.
    local = clock.local(until + timedelta(seconds=59))
    return TooManyFailures(
        _l(
            "Too many failed attempts. Try again at %(time)s, or ask your administrator to let"
            " you in again.",
            time=local.strftime("%H:%M"),
        ),
        details={"retry_after": seconds},
    )


def attempt_failed(attempt_id: int) -> None:
    """Write down that an attempt has failed."""
    db.session.execute(
        update(SignInFailure).where(SignInFailure.id == attempt_id).values(pending=False)
    )


def attempt_passed(attempt_id: int) -> None:
    """Take an attempt that succeeded out of the count."""
    db.session.execute(text("DELETE FROM admin_sign_in_failure WHERE id = :id"), {"id": attempt_id})


_OF_NAME_FAILED = text(
    f"SELECT count(*) FROM admin_sign_in_failure WHERE {_LIVE} AND NOT pending"
    " AND username = :username"
)
_OF_NAME = text(
    f"SELECT count(*) FROM admin_sign_in_failure WHERE {_LIVE} AND username = :username"
)


def is_locked(user: AppUser) -> bool:
    """Tell whether as many attempts as may fail have failed under the user's name."""
    known = {"username": user.username, "since": clock.now() - FAILURE_WINDOW}
    failed = int(db.session.scalar(_OF_NAME_FAILED, known) or 0)
    return failed >= FAILURES_ALLOWED


def has_failures(user: AppUser) -> bool:
    """Tell whether somebody has failed to sign in as the user within the last 15 minutes."""
    known = {"username": user.username, "since": clock.now() - FAILURE_WINDOW}
    return bool(db.session.scalar(_OF_NAME, known))


def forgive_failures(user: AppUser, *, actor: Actor) -> None:
    """Let a locked user in again.

    Raises NotAllowed for a user who reaches further than the actor.
    """
    actor.require("admin.user:edit")
    require_governed(user, actor)
    failed = has_failures(user)
    db.session.execute(
        update(SignInFailure)
        .where(SignInFailure.username == user.username, SignInFailure.forgiven_at.is_(None))
        .values(forgiven_at=clock.now())
    )
    audit.record("unlock", table_name="ab_user", row_id=user.id)
    if failed:
        tell_account(user, "account_unlocked", actor=actor)


def prune_failures() -> int:
    """Delete attempts older than a month; return how many went."""
    result = db.session.execute(
        text("DELETE FROM admin_sign_in_failure WHERE at < :before"),
        {"before": clock.now() - timedelta(days=KEPT_DAYS)},
    )
    return int(result.rowcount)

"""The way in, for pages and REST alike: counted, checked, and written down, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.admin import passwords, second_factor, throttle
from app.admin.directory import DirectoryAway
from app.admin.models import AppUser
from app.admin.notices import tell_account
from app.admin.queries import find_user
from app.admin.second_factor import CodeNeeded, WrongCode
from app.admin.sessions import Caller, Opened, is_new_device, open_session
from app.core import audit, clock
from app.core.actor import Actor, acting, system_actor
from app.core.db import db
from app.core.errors import DomainError, NotAllowed
from app.core.uow import unit_of_work

LONGEST_NAME = 128
#: how long an attempt waits for the outcome of others before it is turned away
PATIENCE = 5.0
PAUSE = 0.05


class WrongPassword(DomainError):
    """The name or the password is wrong; which of them is not told."""

    status = 401
    default_code = "wrong_password"


class DutyFirst(DomainError):
    """A program cannot do what must be done first: choose a password, set up a second factor."""

    status = 403
    default_code = "sign_in_on_the_page"


def door(caller: Caller) -> Actor:
    """Return who acts while nobody is signed in yet."""
    return replace(system_actor("sign-in"), address=caller.address, channel=_channel(caller))


def _channel(caller: Caller) -> str:
    return "rest" if caller.kind == "program" else "page"


#: asks somebody else, such as the company's directory, whether name and password belong together
Directory = Callable[[str, str], bool]


def enter(
    username: str,
    password: str,
    *,
    otp: str,
    caller: Caller,
    life: timedelta | None = None,
    directory: Directory | None = None,
) -> Opened:
    """Sign in by name, password and, where the user has a second factor, a code.

    A user without a password of ours is asked for in the ``directory``, where there is one. Raises
    WrongPassword, CodeNeeded, WrongCode, TooManyFailures, DirectoryAway.
    """
    username = username.strip()[:LONGEST_NAME]

    def check() -> AppUser:
        user = _identify(username, password, directory)
        if second_factor.has_factor(user.id):
            if not otp.strip():
                raise CodeNeeded(user.id, user.access_version)
            second_factor.check_code(user, otp)
        return user

    return _attempt(username, check, caller, life)


def enter_with_code(user_id: int, version: int, code: str, *, caller: Caller) -> Opened:
    """Finish signing in, for a user whose password has been checked a moment ago.

    Raises WrongPassword if the account has changed since, WrongCode, TooManyFailures.
    """
    with unit_of_work(door(caller)):
        user = db.session.get(AppUser, user_id)
        username = user.username if user is not None else ""

    def check() -> AppUser:
        user = db.session.get(AppUser, user_id)
        if user is None or not user.active or user.access_version != version:
            raise _wrong()
        second_factor.check_code(user, code)
        return user

    return _attempt(username, check, caller, None)


def enter_known(user_id: int | None, *, caller: Caller) -> Opened:
    """Sign in whom a provider that we trust has identified (OAuth).

    Raises NotAllowed for somebody without an account of ours in use, CodeNeeded.
    """
    with unit_of_work(door(caller)):
        user = db.session.get(AppUser, user_id) if user_id is not None else None
        if user is not None and user.active:
            if second_factor.has_factor(user.id):
                raise CodeNeeded(user.id, user.access_version)
            return _begin(user, caller, None)
        note = {"username": "?", "reason": "no_account"}
        audit.record("sign_in_failed", table_name="ab_user", row_id=user_id, note=note)
    raise NotAllowed(
        _l("You have no account here, or it is not in use. Ask your administrator for one.")
    )


@contextmanager
def counted(actor: Actor, username: str) -> Iterator[None]:
    """Count who gives his present password on a page of his own: it could be somebody else.

    Raises TooManyFailures as signing in does.
    """
    attempt = _begin_attempt(username, actor)
    failed = False
    try:
        yield
    except passwords.WrongPresentPassword:
        failed = True
        raise
    finally:
        with unit_of_work(actor):
            if failed:
                _failed(attempt, username, actor)
            else:
                throttle.attempt_passed(attempt)


def _failed(attempt: int, username: str, actor: Actor) -> AppUser | None:
    """Count a failure; the person whose account is locked by it is told. Return the account."""
    throttle.attempt_failed(attempt)
    user = find_user(username)
    if user is not None and throttle.is_locked(user):
        tell_account(user, "account_locked", actor=actor)
    return user


def _wrong() -> WrongPassword:
    return WrongPassword(_l("The user name or the password is wrong."))


def _identify(username: str, password: str, directory: Directory | None) -> AppUser:
    user = find_user(username)
    fits = passwords.matches(user, password)
    if user is not None and user.active and not user.password and directory is not None:
        fits = directory(username, password)
    if not fits or user is None:
        raise _wrong()
    return user


def _attempt(
    username: str, check: Callable[[], AppUser], caller: Caller, life: timedelta | None
) -> Opened:
    attempt = _begin_attempt(username, door(caller))
    try:
        with unit_of_work(door(caller)):
            user = check()
            throttle.attempt_passed(attempt)
            return _begin(user, caller, life)
    except (CodeNeeded, DutyFirst, DirectoryAway):
        # The password was right, or nobody could say that it was wrong: nothing has failed.
        with unit_of_work(door(caller)):
            throttle.attempt_passed(attempt)
        raise
    except (WrongPassword, WrongCode) as error:
        with unit_of_work(door(caller)):
            _tell_failure(_failed(attempt, username, door(caller)), username, error)
        raise


def _begin_attempt(username: str, actor: Actor) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with unit_of_work(actor):
                return throttle.begin_attempt(username, actor.address)
        except throttle.TooManyAtOnce:
            if time.monotonic() > deadline:
                raise
        # Nothing is held meanwhile: neither a lock nor a connection.
        time.sleep(PAUSE)


def _tell_failure(user: AppUser | None, username: str, error: DomainError) -> None:
    # A name that nobody has may be a password typed into the wrong box.
    note = {"username": username if user else "?", "reason": error.code}
    audit.record(
        "sign_in_failed", table_name="ab_user", row_id=user.id if user else None, note=note
    )


def duty_of(user: AppUser) -> str:
    """Return what the user must do before anything else."""
    if user.must_change_password or (user.password and passwords.is_too_old(user)):
        return "password"
    if second_factor.is_demanded(user.id) and not second_factor.has_factor(user.id):
        return "second_factor"
    return ""


def _begin(user: AppUser, caller: Caller, life: timedelta | None) -> Opened:
    duty = duty_of(user)
    if duty and caller.kind == "program":
        raise DutyFirst(_l("Sign in on the page first: a new password or a second factor is due."))
    user.last_login = clock.now().replace(tzinfo=None)
    user.login_count = (user.login_count or 0) + 1
    himself = Actor(kind="user", id=user.id, name=user.full_name, address=caller.address)
    if is_new_device(user, caller):
        tell_account(user, "account_device", actor=himself, device=caller.device or "–")
    opened = open_session(user, caller, duty=duty, life=life)
    note = {"device": caller.device, "kind": caller.kind}
    with acting(replace(himself, channel=_channel(caller))):
        audit.record("sign_in", table_name="ab_user", row_id=user.id, note=note)
    return opened


def renew(user: AppUser, caller: Caller) -> Opened:
    """Begin a new session in place of one that the user's own change has just ended."""
    return open_session(user, caller, duty=duty_of(user))

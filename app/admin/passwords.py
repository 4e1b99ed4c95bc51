"""Passwords: what makes one good enough, which were used before, whose it is."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from werkzeug.security import check_password_hash, generate_password_hash

from app.admin.models import AppUser, PasswordHistory
from app.admin.notices import tell_account
from app.admin.policies import require_another
from app.admin.sessions import touch_access
from app.admin.settings import PASSWORD_DAYS
from app.admin.throttle import forgive_failures
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.settings import get_setting

SHORTEST_PASSWORD = 10
#: longer ones only keep the processor busy
LONGEST_PASSWORD = 256
FEWEST_SIGNS = 5
#: a user name shorter than this stands in many a good password by chance
TELLING_NAME = 3
#: how many passwords, the present one included, are not chosen again
REMEMBERED = 5
COMMON = Path(__file__).with_name("common-passwords.txt")
#: a hash that fits no password: an unknown name takes as long as a wrong password
_NOBODY = generate_password_hash("nobody has this password")


class WrongPresentPassword(Invalid):
    """What was given as one's present password is another one."""


def matches(user: AppUser | None, password: str) -> bool:
    """Tell whether the password is the user's; takes as long for nobody as for somebody."""
    stored = user.password if user is not None and user.password else _NOBODY
    fits = check_password_hash(stored, password[:LONGEST_PASSWORD])
    known = user is not None and bool(user.password) and bool(user.active)
    return fits and known and len(password) <= LONGEST_PASSWORD


@functools.cache
def common_words() -> frozenset[str]:
    """Return the passwords and words that everybody tries first."""
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and line[0] != "#")


def is_common(password: str) -> bool:
    """Tell whether a password is one of those that everybody tries first.

    Digits and signs around a common word hide it from nobody: ``Password2026!`` is one too.
    """
    typed = password.lower()
    bare = re.sub(r"[^a-z]+", "", typed.translate(str.maketrans("@013$5", "aoiess")))
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", typed)
    return (
        typed in common_words()
        or core in common_words()
        or bare in common_words()
        or typed.isdecimal()
        or len(set(typed)) < FEWEST_SIGNS
    )


def check_password(password: str, *, username: str = "", field: str = "password") -> None:
    """Raise Invalid unless the password is long, not a common one, and without the user's name."""
    sentence = None
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        sentence = _l("A password has at least 10 characters.")
    elif len(username) >= TELLING_NAME and username.lower() in password.lower():
        sentence = _l("A password must not hold the user name.")
    elif is_common(password):
        sentence = _l("Everybody would guess this password. Choose a less usual one.")
    if sentence is not None:
        raise Invalid(sentence, fields={field: sentence})


def _refuse_used(user: AppUser, password: str) -> None:
    used = select(PasswordHistory.password).where(PasswordHistory.user_id == user.id)
    newest = used.order_by(PasswordHistory.id.desc()).limit(REMEMBERED - 1)
    hashes = [user.password, *db.session.scalars(newest)]
    if any(one and check_password_hash(one, password) for one in hashes):
        sentence = _l("Choose a password that is not one of your last five.")
        raise Invalid(sentence, fields={"password": sentence})


def _remember(user: AppUser) -> None:
    if user.password:
        db.session.add(PasswordHistory(user_id=user.id, password=user.password, at=clock.now()))
        db.session.flush()
    db.session.execute(
        text(
            "DELETE FROM admin_password_history WHERE user_id = :user AND id NOT IN"
            " (SELECT id FROM admin_password_history WHERE user_id = :user"
            " ORDER BY id DESC LIMIT :kept)"
        ),
        {"user": user.id, "kept": REMEMBERED - 1},
    )


def set_password(user: AppUser, password: str) -> None:
    """Store a new password and end every session of the user.

    Raises Invalid if it is too weak or one of the last five.
    """
    check_password(password, username=user.username)
    _refuse_used(user, password)
    _remember(user)
    user.password = generate_password_hash(password)
    user.password_changed_at = clock.now()
    touch_access(user, reason="password_changed")


def require_present(user: AppUser, password: str, *, field: str = "password") -> None:
    """Raise WrongPresentPassword unless the password is the user's, Invalid if we keep none."""
    if not user.password:
        raise Invalid(_l("Your password is kept by your company's directory. Change it there."))
    if not matches(user, password):
        sentence = _l("This is not your present password.")
        raise WrongPresentPassword(sentence, fields={field: sentence})


def change_password(*, current: str, password: str, actor: Actor) -> AppUser:
    """Let the actor choose a new password; his other sessions end.

    Raises Invalid if the present one is wrong, or the new one weak or used before.
    """
    user: AppUser = db.session.get_one(AppUser, actor.id, with_for_update=True)
    require_present(user, current, field="current")
    set_password(user, password)
    user.must_change_password = False
    audit.record("password_change", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_password_changed", actor=actor)
    return user


def reset_password(user: AppUser, *, password: str, actor: Actor) -> None:
    """Give a user a new password that he must change; his sessions end, his lock is opened.

    Raises NotAllowed for a user who reaches further than the actor, and for himself.
    """
    actor.require("admin.user:edit")
    require_another(user, actor)
    set_password(user, password)
    user.must_change_password = True
    audit.record("password_reset", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_password_reset", actor=actor)
    forgive_failures(user, actor=actor)


def leave_to_directory(user: AppUser, *, actor: Actor) -> None:
    """Forget a user's password: the company's directory or provider says who he is from now on.

    His sessions end; a reset gives him a password of ours again. Raises NotAllowed for a user who
    reaches further than the actor, and for himself.
    """
    actor.require("admin.user:edit")
    require_another(user, actor)
    user.password = None
    user.must_change_password = False
    touch_access(user, reason="password_changed")
    audit.record("password_outside", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_password_outside", actor=actor)


def is_too_old(user: AppUser) -> bool:
    """Tell whether the password is older than the office allows; one of unknown age is not."""
    days = get_setting(PASSWORD_DAYS)
    if not days or user.password_changed_at is None:
        return False
    return bool(user.password_changed_at + timedelta(days=days) <= clock.now())

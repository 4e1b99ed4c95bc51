"""The second factor: one-time codes by time (TOTP), recovery codes, and who must have one."""

from __future__ import annotations

import secrets
from hmac import compare_digest

import pyotp
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, text, update

from app.admin.models import AppUser, RecoveryCode, RoleSecurity, SecondFactor
from app.admin.notices import tell_account
from app.admin.passwords import require_present
from app.admin.policies import require_another
from app.admin.reach import require_whole_group
from app.admin.sessions import touch_access
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, Invalid
from app.core.key_rotation import EncryptedColumn, declare_encrypted
from app.core.secrets import decrypt, encrypt, fingerprint, fingerprints

ISSUER = "销控 Xiaokong"
PERIOD = 30
DIGITS = 6
#: codes of this many periods before and after are taken: phones' clocks differ
DRIFT = 1
RECOVERY_CODES = 10
#: letters and digits that nobody takes for one another
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
RECOVERY_LENGTH = 10


class CodeNeeded(DomainError):
    """Name and password are right; the one-time code is missing."""

    status = 401
    default_code = "otp_required"

    def __init__(self, user_id: int, access_version: int) -> None:
        super().__init__(_l("Give the code that your phone shows."))
        self.user_id, self.access_version = user_id, access_version


class WrongCode(DomainError):
    """The one-time code is wrong, has been used, or is too old."""

    status = 401
    default_code = "otp_wrong"


def wrong_code() -> WrongCode:
    """Return the refusal of a code; it does not say what is wrong with it."""
    return WrongCode(_l("This code is wrong or has been used. Wait for the next one."))


_SECRET = declare_encrypted(EncryptedColumn("admin_second_factor", "secret", mark="."))


def _context(factor: SecondFactor) -> str:
    return _SECRET.context(factor.id)


def _factor(user_id: int | None) -> SecondFactor | None:
    found: SecondFactor | None = db.session.scalar(
        select(SecondFactor).where(SecondFactor.user_id == user_id)
    )
    return found


def has_factor(user_id: int | None) -> bool:
    """Tell whether a user signs in with a second factor."""
    factor = _factor(user_id)
    return factor is not None and factor.confirmed_at is not None


_DEMANDED = text(
    "SELECT EXISTS (SELECT FROM ab_user_role u JOIN admin_role_security s ON s.role_id = u.role_id"
    " WHERE u.user_id = :user AND s.second_factor)"
)


def is_demanded(user_id: int | None) -> bool:
    """Tell whether one of the user's roles asks for a second factor."""
    return bool(db.session.scalar(_DEMANDED, {"user": user_id}))


def begin_enrolment(*, actor: Actor) -> str:
    """Give the actor a secret to be confirmed, the same one until it is; return its address.

    The address (``otpauth://``) is what the picture for the phone says. Raises Conflict if he has
    a second factor already.
    """
    user: AppUser = db.session.get_one(AppUser, actor.id, with_for_update=True)
    factor = _factor(user.id)
    if factor is not None and factor.confirmed_at is not None:
        raise Conflict(_l("You have a second factor already. Switch it off first."))
    if factor is None:
        factor = SecondFactor(user_id=user.id, secret="")
        db.session.add(factor)
        db.session.flush()
        factor.secret = encrypt(pyotp.random_base32(), context=_context(factor))
        db.session.flush()
    return _totp(factor).provisioning_uri(name=user.username, issuer_name=ISSUER)


def _waiting(actor: Actor) -> SecondFactor | None:
    factor = None if actor.watched_by else _factor(actor.id)
    return None if factor is None or factor.confirmed_at is not None else factor


def secret_of_enrolment(actor: Actor) -> str | None:
    """Return the secret that waits for its confirmation, or None; it is never shown later.

    Nor to an administrator who looks through the actor's eyes: he could sign in as him for ever.
    """
    factor = _waiting(actor)
    if factor is None:
        return None
    return decrypt(factor.secret, context=_context(factor))


def enrolment_address(actor: Actor) -> str | None:
    """Return the address that the picture for the phone says, or None when nothing waits."""
    factor, user = _waiting(actor), db.session.get(AppUser, actor.id)
    if factor is None or user is None:
        return None
    return _totp(factor).provisioning_uri(name=user.username, issuer_name=ISSUER)


def confirm_enrolment(*, code: str, actor: Actor) -> list[str]:
    """Switch the second factor on once its first code is right; return the recovery codes.

    Every session of the user ends. Raises Invalid for a wrong code, Conflict if nothing waits to
    be confirmed.
    """
    user: AppUser = db.session.get_one(AppUser, actor.id, with_for_update=True)
    factor = _factor(user.id)
    if factor is None or factor.confirmed_at is not None:
        raise Conflict(_l("There is no second factor to be confirmed. Begin again."))
    if not _take_totp(factor, code):
        sentence = _l("The code does not fit. Check that the phone shows the right time.")
        raise Invalid(sentence, fields={"code": sentence})
    factor.confirmed_at = clock.now()
    touch_access(user, reason="factor_changed")
    audit.record("second_factor_on", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_factor_on", actor=actor)
    return _make_codes(user)


def check_code(user: AppUser, code: str) -> None:
    """Take a one-time or recovery code; each counts once, however many try it at the same time.

    Raises WrongCode.
    """
    factor = _factor(user.id)
    typed = "".join(code.split()).replace("-", "").lower()
    if factor is None or factor.confirmed_at is None:
        raise wrong_code()
    if not _take_totp(factor, typed) and not _take_recovery(user, typed):
        raise wrong_code()


def _totp(factor: SecondFactor) -> pyotp.TOTP:
    secret = decrypt(factor.secret, context=_context(factor))
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD)


def _take_totp(factor: SecondFactor, code: str) -> bool:
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdecimal()):
        return False
    totp, here = _totp(factor), int(clock.now().timestamp()) // PERIOD
    fitting = [
        step
        for step in range(here - DRIFT, here + DRIFT + 1)
        if compare_digest(totp.generate_otp(step), typed)
    ]
    if not fitting:
        return False
    # The row's lock lets one of those through who show the same code at the same time.
    taken = db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.last_step < fitting[-1])
        .values(last_step=fitting[-1])
        .returning(SecondFactor.id)
    )
    return taken.first() is not None


def _spoken(user_id: int, code: str) -> str:
    return f"recovery:{user_id}:{code}"


def _take_recovery(user: AppUser, code: str) -> bool:
    taken = db.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_digest.in_(fingerprints(_spoken(user.id, code))),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    )
    if taken.first() is None:
        return False
    left = codes_left(user.id)
    audit.record("recovery_code_used", table_name="ab_user", row_id=user.id, note={"left": left})
    himself = Actor(kind="user", id=user.id, name=user.full_name)
    tell_account(user, "account_code_used", actor=himself, left=left)
    return True


def _make_codes(user: AppUser) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [
        "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    db.session.add_all(
        RecoveryCode(user_id=user.id, code_digest=fingerprint(_spoken(user.id, code)))
        for code in codes
    )
    db.session.flush()
    half = RECOVERY_LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def codes_left(user_id: int | None) -> int:
    """Return how many recovery codes have not been used."""
    found = select(RecoveryCode.id).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return len(db.session.scalars(found).all())


def renew_codes(*, password: str, actor: Actor) -> list[str]:
    """Give the actor new recovery codes; the old ones count no more.

    Raises Invalid if the password is wrong, Conflict without a second factor.
    """
    user = _checked(password, actor)
    audit.record("recovery_codes_new", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_codes", actor=actor)
    return _make_codes(user)


def switch_off(*, password: str, actor: Actor) -> AppUser:
    """Take the actor's second factor away; his sessions end.

    Raises Invalid if the password is wrong, Conflict if he has none or his role asks for one.
    """
    user = _checked(password, actor)
    if is_demanded(user.id):
        raise Conflict(
            _l("Your role asks for a second factor. Ask your administrator to reset it instead.")
        )
    _remove(user)
    audit.record("second_factor_off", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_factor_off", actor=actor)
    return user


def _checked(password: str, actor: Actor) -> AppUser:
    user: AppUser = db.session.get_one(AppUser, actor.id, with_for_update=True)
    require_present(user, password)
    if not has_factor(user.id):
        raise Conflict(_l("You have no second factor."))
    return user


def reset_second_factor(user: AppUser, *, actor: Actor) -> None:
    """Take a user's second factor away, e.g. when his phone is lost; his sessions end.

    If his role asks for one he sets up a new one when he next signs in. Raises NotAllowed for a
    user who reaches further than the actor and for himself, Conflict if he has none.
    """
    actor.require("admin.user:edit")
    require_another(user, actor)
    if _factor(user.id) is None:
        raise Conflict(_l("%(name)s has no second factor.", name=user.full_name))
    _remove(user)
    audit.record("second_factor_reset", table_name="ab_user", row_id=user.id)
    tell_account(user, "account_factor_reset", actor=actor)


def _remove(user: AppUser) -> None:
    db.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    touch_access(user, reason="factor_changed")


def roles_that_demand() -> set[int]:
    """Return the ids of the roles that ask for a second factor."""
    found = select(RoleSecurity.role_id).where(RoleSecurity.second_factor)
    return set(db.session.scalars(found))


def demand_second_factor(role_ids: set[int], *, actor: Actor) -> None:
    """Let exactly these roles ask for a second factor.

    Whoever holds one of them sets it up when he next signs in; nobody is interrupted. Raises
    NotAllowed unless the actor reaches the whole group: roles are everybody's.
    """
    actor.require("admin.role:edit")
    require_whole_group(actor)
    present = {row.role_id: row for row in db.session.scalars(select(RoleSecurity))}
    for role_id in role_ids - set(present):
        db.session.add(RoleSecurity(role_id=role_id, second_factor=True))
    for role_id, row in present.items():
        row.second_factor = role_id in role_ids
    db.session.flush()

"""What administrators' work, and the person's own, tells him: his account was changed.

Most of it cannot be switched off and is told of one's own doing as well: it is how somebody learns
that another uses his account.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from app.admin import queries
from app.admin.models import AppUser
from app.core import clock
from app.core.actor import Actor
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell

ACCOUNT = "/account/"
#: how a notice writes a last day that is not set
OPEN = _l("further notice")


def _always(
    key: str, title: Any, sentence: Any, icon: str = "key", tone: str = "warn"
) -> NoticeKind:
    return NoticeKind(key, title, sentence, icon=icon, tone=tone, always=True)


declare_notices(
    NoticeKind(
        "account_changed",
        _l("Your account was changed"),
        _l("%(who)s changed your roles. They are now: %(roles)s."),
        icon="user",
        tone="warn",
        when=_l("An administrator gave you a role or took one away."),
        always=True,
    ),
    _always(
        "account_named",
        _l("Your account was changed"),
        _l("%(who)s changed the name of your account from %(before)s to %(now)s."),
        "user",
    ),
    _always(
        "account_opened",
        _l("Your account is in use again"),
        _l("%(who)s has put your account into use again."),
        "user",
    ),
    _always(
        "account_password_reset",
        _l("Your password was reset"),
        _l(
            "%(who)s gave you a new password at %(at)s; you choose another one when you sign in."
            " Ask him if you do not know of it."
        ),
    ),
    _always(
        "account_password_changed",
        _l("Your password was changed"),
        _l(
            "Your password was changed at %(at)s from %(address)s. If it was not you, have your"
            " administrator reset it at once."
        ),
    ),
    _always(
        "account_password_outside",
        _l("You sign in with the company's account"),
        _l("%(who)s let you sign in with the company's account only; the password here is gone."),
    ),
    _always(
        "account_factor_on",
        _l("Second factor switched on"),
        _l("A second factor was set up for your account at %(at)s from %(address)s."),
        "shield",
    ),
    _always(
        "account_factor_off",
        _l("Second factor switched off"),
        _l(
            "The second factor of your account was switched off at %(at)s from %(address)s. If it"
            " was not you, change your password and set up a new one."
        ),
        "shield",
        "bad",
    ),
    _always(
        "account_factor_reset",
        _l("Your second factor was reset"),
        _l(
            "%(who)s took the second factor of your account away at %(at)s. Until you set up a new"
            " one the password alone lets one in."
        ),
        "shield",
        "bad",
    ),
    _always(
        "account_codes",
        _l("New recovery codes"),
        _l("New recovery codes were made for your account at %(at)s from %(address)s."),
        "shield",
    ),
    _always(
        "account_code_used",
        _l("A recovery code was used"),
        _l("Somebody signed in as you with a recovery code at %(at)s; %(left)s are left."),
        "shield",
    ),
    _always(
        "account_locked",
        _l("Your account was locked"),
        _l(
            "Your name or password was typed wrongly too often, at last from %(address)s at"
            " %(at)s; nobody gets in as you for 15 minutes. If it was not you, tell your"
            " administrator."
        ),
        "lock",
        "bad",
    ),
    _always(
        "account_unlocked",
        _l("Your account was unlocked"),
        _l("%(who)s let you sign in again after failed attempts, at %(at)s."),
        "lock",
    ),
    _always(
        "account_device",
        _l("Sign-in on a new device"),
        _l(
            "You signed in on a device that is new to us: %(device)s from %(address)s at %(at)s."
            " If it was not you, end that sign-in under My account and change your password."
        ),
        "screen",
    ),
    _always(
        "account_entrusted",
        _l("The roles that you may give were changed"),
        _l("%(who)s changed the roles that you may give. They are now: %(roles)s."),
        "user",
    ),
    NoticeKind(
        "membership_given",
        _l("You have a new place"),
        _l("%(who)s put you into %(place)s, from %(from)s to %(until)s."),
        icon="users",
        when=_l("You were put into a team, a project or an organization, or its days changed."),
    ),
    NoticeKind(
        "membership_taken",
        _l("A place of yours has ended"),
        _l("%(who)s took you out of %(place)s."),
        icon="users",
        tone="warn",
        when=_l("You were taken out of a team, a project or an organization."),
    ),
    NoticeKind(
        "membership_began",
        _l("A place of yours has begun"),
        _l("From today you belong to %(place)s, until %(until)s."),
        icon="users",
        when=_l("A place that was given to you from a later day on has begun."),
    ),
    NoticeKind(
        "membership_over",
        _l("A place of yours is over"),
        _l("Your place in %(place)s was given until %(until)s and is over."),
        icon="users",
        when=_l("A place that was given to you for certain days is over."),
    ),
)


def tell_account(user: AppUser, kind: str, *, actor: Actor, **words: Any) -> None:
    """Tell somebody that his account was changed: by whom, when, from where, and what more."""
    known = {
        "who": actor.name,
        "at": clock.local(clock.now()).strftime("%m-%d %H:%M"),
        "address": actor.address or "–",
    }
    tell(News(kind, ACCOUNT, {**known, **words}), [user.id], actor=actor)


def tell_roles(user: AppUser, actor: Actor) -> None:
    """Tell somebody that his roles were changed, and which he has now."""
    tell_account(user, "account_changed", actor=actor, roles=_titles(r.name for r in user.roles))


def tell_entrusted(user: AppUser, actor: Actor) -> None:
    """Tell an administrator which roles he may give now."""
    codes = queries.entrusted_roles(user.id)
    tell_account(user, "account_entrusted", actor=actor, roles=_titles(codes))


def _titles(codes: Any) -> str:
    return "、".join(sorted(str(queries.title_of_role(code)) for code in codes)) or "–"


def tell_given(
    user_id: int, place: str, from_on: date | None, until_on: date | None, *, actor: Actor
) -> None:
    """Tell somebody of a place that he was given, or whose days were changed."""
    words = {
        "who": actor.name,
        "place": place,
        "from": from_on or clock.today(),
        "until": until_on or OPEN,
    }
    tell(News("membership_given", ACCOUNT, words), [user_id], actor=actor)


def tell_taken(user_id: int, place: str, *, actor: Actor) -> None:
    """Tell somebody of a place that he has no longer."""
    words = {"who": actor.name, "place": place}
    tell(News("membership_taken", ACCOUNT, words), [user_id], actor=actor)


def tell_turned(
    user_id: int, place: str, until_on: date | None, *, begins: bool, actor: Actor
) -> None:
    """Tell somebody that the first day of a place of his has come, or that the last one is past."""
    kind = "membership_began" if begins else "membership_over"
    words = {"place": place, "until": until_on or OPEN}
    tell(News(kind, ACCOUNT, words), [user_id], actor=actor)

"""Who may administer whom: permissions of the system pages, and the rule behind all of them.

Nobody gains rights by administering. Whoever acts on an account (gives it something, opens it, or
looks through it) could come to all that it may do, so his own rights and scope cover those of the
account; taking away (ending, deactivating, handing over) gains nothing and asks for the scope
alone. See docs/adr/0018.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask_babel import lazy_gettext as _l

from app.admin import reach, rights
from app.admin.models import AppUser
from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.core.permissions import Permission, all_permissions, declare_permissions

#: what an administrator needs to put everything else right again
ADMINISTER = ("admin.user:edit", "admin.role:edit")
#: rights named in a refusal; more of them are counted
MOST_NAMED = 4

declare_permissions(
    Permission("admin.user:see", _l("See users"), "U"),
    Permission("admin.user:add", _l("Add users"), "U"),
    Permission("admin.user:edit", _l("Change users, reset passwords"), "U"),
    Permission("admin.session:see", _l("See who is signed in"), "U"),
    Permission("admin.session:end", _l("End sign-ins of others"), "U"),
    Permission("admin.user:hand_over", _l("Hand over the work of leaving staff"), "U"),
    Permission("admin.user:view_as", _l("See the product as a role or user sees it"), "U"),
    Permission("admin.role:see", _l("See roles and permissions"), "U"),
    Permission("admin.role:edit", _l("Change roles"), "U"),
    Permission("admin.role:add", _l("Copy roles"), "U"),
    Permission("admin.role:delete", _l("Delete roles that nobody holds"), "U"),
    Permission("admin.team:see", _l("See teams and posts"), "SMDU"),
    Permission("admin.team:add", _l("Add teams"), "U"),
    Permission("admin.team:edit", _l("Change teams, posts and their members"), "U"),
    Permission("admin.team:delete", _l("Delete teams"), "U"),
    Permission("admin.post_template:see", _l("See template posts"), "U"),
    Permission("admin.post_template:edit", _l("Change template posts"), "U"),
    Permission("admin.organization:see", _l("See the organization tree"), "UO"),
    Permission("admin.organization:add", _l("Add organizations"), "U"),
    Permission("admin.organization:edit", _l("Change organizations and their members"), "U"),
    Permission("admin.organization:delete", _l("Delete organizations"), "U"),
    Permission("admin.audit:see", _l("Read the audit"), "U"),
    Permission("admin.audit:export", _l("Export the audit"), "U"),
    Permission("admin.setting:see", _l("See settings"), "OU"),
    Permission("admin.setting:edit", _l("Change settings"), "OU"),
)


def administers_group(actor: Actor) -> bool:
    """Tell whether nothing is beyond the actor: he reaches everything and can make any role."""
    return actor.projects is None and all(map(actor.may, ADMINISTER))


def rights_in_hand(actor: Actor) -> frozenset[str]:
    """Return what the actor may give and administer: his own rights and entrusted roles'."""
    return actor.permissions | rights.entrusted_rights(actor.id)


def is_in_hand(wanted: Collection[str], actor: Actor) -> bool:
    """Tell whether the actor may give the rights."""
    return administers_group(actor) or not set(wanted) - rights_in_hand(actor)


def require_in_hand(wanted: Collection[str], actor: Actor) -> None:
    """Raise NotAllowed for rights that the actor neither holds nor may give."""
    if administers_group(actor):
        return
    beyond = set(wanted) - rights_in_hand(actor)
    if beyond:
        raise NotAllowed(
            _l(
                "You neither hold nor may give these rights: %(rights)s. Ask an administrator of"
                " the whole group: %(names)s.",
                rights=name_rights(beyond),
                names=who_can(),
            )
        )


def require_own(wanted: Collection[str], actor: Actor) -> None:
    """Raise NotAllowed for rights that the actor would give himself and does not hold.

    What was put in his hands is there for others.
    """
    beyond = set(wanted) - actor.permissions
    if beyond and not administers_group(actor):
        raise NotAllowed(
            _l(
                "You cannot give yourself rights that you do not hold: %(rights)s. Ask an"
                " administrator of the whole group: %(names)s.",
                rights=name_rights(beyond),
                names=who_can(),
            )
        )


def require_reached(user: AppUser, actor: Actor) -> None:
    """Raise NotAllowed for an account that reaches further than the actor, now or later.

    Enough for what takes something away from the account.
    """
    if not reach.is_within(user, actor):
        raise NotAllowed(
            _l(
                "%(name)s reaches more than you do. Ask an administrator of the whole group:"
                " %(names)s.",
                name=user.full_name,
                names=who_can(),
            )
        )


def require_rights_covered(user: AppUser, actor: Actor) -> None:
    """Raise NotAllowed for an account that may do what the actor neither may nor may give.

    Enough for giving the account a place within the actor's own scope.
    """
    beyond = _beyond(user, actor)
    if beyond:
        raise NotAllowed(
            _l(
                "%(name)s holds rights that you neither hold nor may give: %(rights)s. Ask an"
                " administrator of the whole group: %(names)s.",
                name=user.full_name,
                rights=name_rights(beyond),
                names=who_can(),
            )
        )


def require_governed(user: AppUser, actor: Actor) -> None:
    """Raise NotAllowed unless the actor's scope and rights cover those of the account."""
    require_reached(user, actor)
    require_rights_covered(user, actor)


def require_another(user: AppUser, actor: Actor) -> None:
    """Raise NotAllowed for the actor's own account, and unless he governs the account.

    Whoever finds a browser open would otherwise get in for good, without the present password.
    """
    if user.id == actor.id:
        raise NotAllowed(
            _l(
                "Your own password and second factor are changed under My account, where the"
                " present password is asked for."
            )
        )
    require_governed(user, actor)


def is_reached(user: AppUser, actor: Actor) -> bool:
    """Tell whether the actor may take something away from the account."""
    return reach.is_within(user, actor)


def is_governed(user: AppUser, actor: Actor) -> bool:
    """Tell whether the actor may act on the account."""
    return reach.is_within(user, actor) and not _beyond(user, actor)


def _beyond(user: AppUser, actor: Actor) -> set[str]:
    if administers_group(actor) or user.id == actor.id:
        return set()
    return rights.rights_of_user(user.id) - rights_in_hand(actor)


def name_rights(names: Iterable[str]) -> str:
    """Return rights in words, the first few of them."""
    titles = {one.name: one.title for one in all_permissions()}
    said = sorted(str(titles.get(name, name)) for name in names)
    shown = "、".join(said[:MOST_NAMED])
    rest = len(said) - MOST_NAMED
    return str(_l("%(shown)s and %(count)s more", shown=shown, count=rest)) if rest > 0 else shown


def who_can() -> str:
    """Return the names of some who administer the whole group."""
    return "、".join(rights.names_of_group_administrators(ADMINISTER)) or "–"

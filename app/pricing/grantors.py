"""Who may grant a listed discount: a role, and those above it."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.permissions import ROLE_TITLES
from app.pricing.models import Discount

#: roles that may be named, from the one that grants least; an agency grants as a consultant
GRANTORS: Final = ("consultant", "supervisor", "manager", "director", "gm")
_AS: Final = {"agency": "consultant", "controller": "consultant"}


def may_grant(discount: Discount, actor: Actor) -> bool:
    """Tell whether the actor may choose the discount by his own authority."""
    if discount.grantor_role is None or actor.kind != "user":
        return True
    needed = GRANTORS.index(discount.grantor_role)
    held = [_AS.get(role, role) for role in actor.roles]
    return any(role in GRANTORS and GRANTORS.index(role) >= needed for role in held)


def require_grant(discount: Discount, actor: Actor) -> None:
    """Raise Invalid with field ``discount_ids`` for a discount that somebody above grants."""
    if not may_grant(discount, actor):
        sentence = _l(
            "“%(name)s” is granted by: %(role)s and above. Ask for a special discount instead.",
            name=discount.name,
            role=ROLE_TITLES[discount.grantor_role or ""],
        )
        raise Invalid(sentence, fields={"discount_ids": sentence})


def check_grantor(role: str | None) -> None:
    """Raise Invalid for a role that grants no discounts."""
    if role not in {None, "", *GRANTORS}:
        sentence = _l("Choose one of the roles.")
        raise Invalid(sentence, fields={"grantor_role": sentence})

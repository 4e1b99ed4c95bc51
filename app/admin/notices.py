"""What administrators' work tells people: their account was changed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.admin import queries
from app.admin.models import AppUser
from app.core.actor import Actor
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell

declare_notices(
    NoticeKind(
        "account_changed",
        _l("Your account was changed"),
        _l("%(who)s changed your roles. They are now: %(roles)s."),
        icon="user",
        tone="warn",
        when=_l("An administrator gave you a role or took one away."),
    ),
)


def tell_roles(user: AppUser, actor: Actor) -> None:
    """Tell somebody that his roles were changed, and which he has now."""
    titles = [str(queries.title_of_role(role.name)) for role in user.roles]
    words = {"who": actor.name, "roles": "、".join(sorted(titles)) or "–"}
    tell(News("account_changed", "/account/", words), [user.id], actor=actor)

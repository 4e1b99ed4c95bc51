"""What money is taken for: upper areas say how their deals lead to an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.finance.models import Account

#: returns the account of the subject with this id; raises NotFound outside the actor's scope
Resolve = Callable[[int], Account]
#: locks the subject with this id for the rest of the transaction
Lock = Callable[[int], None]


@dataclass(frozen=True)
class SubjectType:
    """A kind of deal that money can be taken for."""

    name: str
    resolve: Resolve
    lock: Lock | None


_types: dict[str, SubjectType] = {}


def register_subject(name: str, resolve: Resolve, lock: Lock | None = None) -> None:
    """Make a subject type known (from the upper area's ``subscribers.py``).

    ``lock`` keeps the order of locks (deal before money): an area whose subscriber changes the
    deal when money comes must give one, or the two orders may meet in a deadlock.
    """
    _types[name] = SubjectType(name, resolve, lock)


def resolve_subject(name: str, subject_id: int) -> Account:
    """Return the account of a subject. Raises Invalid for an unknown type, NotFound by its area."""
    known = _types.get(name)
    if known is None:
        sentence = _l("Money cannot be taken for %(name)s.", name=name)
        raise Invalid(sentence, fields={"subject": sentence})
    return known.resolve(subject_id)


def lock_subject(account: Account) -> None:
    """Lock the deal of the account, before any money of it is locked."""
    known = _types.get(account.subject_type)
    if known is not None and known.lock is not None and account.subject_id is not None:
        known.lock(account.subject_id)

"""Personal information law: why data must stay, blanking them, a copy for the person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core import audit
from app.core.actor import Actor
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.customers import policies
from app.customers.documents import open_number
from app.customers.models import Customer, IdentityKind

LONGEST_REASON = 200


@dataclass(frozen=True)
class Sheet:
    """A part of what is held about a customer: heads and rows of words."""

    title: Any
    heads: Sequence[Any]
    rows: Sequence[Sequence[Any]]


#: each returns why the customer's data must stay, or None; upper areas add theirs
_keepers: list[Callable[[Customer], Any]] = []
#: each returns what its area holds about the customer
_holders: list[Callable[[Customer], Sheet]] = []


def register_keeper(keeper: Callable[[Customer], Any]) -> None:
    """Let an area say why a customer's data must stay: a sentence, or None."""
    _keepers.append(keeper)


def register_holder(holder: Callable[[Customer], Sheet]) -> None:
    """Let an area add what it holds about a customer to the copy for the person."""
    _holders.append(holder)


def why_kept(customer: Customer) -> Any:
    """Return the first reason for which the data must stay, or None."""
    return next((reason for keeper in _keepers if (reason := keeper(customer))), None)


def anonymize_customer(customer: Customer, *, reason: str, actor: Actor) -> None:
    """Blank everything that says who the customer is; this cannot be undone.

    The database does it in one function of its owner, which writes that it did. The audit holds
    nothing of the person in the first place. Raises NotAllowed, Invalid without a reason, and
    Conflict while a deal or the time that the law demands keeps the data.
    """
    if not actor.may(policies.ANONYMIZE):
        raise NotAllowed(_l("Only who is charged with personal data may anonymize a customer."))
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise Invalid(_l("Give a reason."), fields={"reason": _l("Give a reason.")})
    # Locked first: a deal that is being made at this moment is waited for, and then seen.
    db.session.refresh(customer, with_for_update={"of": Customer})
    if customer.anonymized_at is not None:
        raise Conflict(_l("This customer has been anonymized already."))
    kept = why_kept(customer)
    if kept is not None:
        raise Conflict(kept, code="data_needed")
    db.session.execute(
        text("SELECT customers_anonymize(:id, :reason)"), {"id": customer.id, "reason": why}
    )
    db.session.refresh(customer)


def copy_of_data(customer: Customer, *, purpose: str, actor: Actor) -> list[Sheet]:
    """Return all that is held about the customer, in full, and write down who took it out.

    Raises NotAllowed.
    """
    if not actor.may(policies.COPY):
        raise NotAllowed(_l("Only who is charged with personal data may hand out a copy of them."))
    audit.record(
        "copy",
        table_name=Customer.__tablename__,
        row_id=customer.id,
        note={"purpose": purpose.strip()[:LONGEST_REASON]},
        project_id=customer.project_id,
    )
    return [_person(customer), *(holder(customer) for holder in _holders), _looks(customer)]


def _person(customer: Customer) -> Sheet:
    number = None
    if customer.id_number_cipher is not None:
        number = open_number(customer.id_number_cipher, customer.id)
    facts = (
        (_l("Customer name"), customer.name),
        (_l("Mobile number"), customer.mobile),
        (_l("Kind of document"), _kind_title(customer)),
        (_l("Number of document"), number),
        (_l("Sex"), {"male": _l("Male"), "female": _l("Female")}.get(customer.sex or "")),
        (_l("Birthday"), customer.birthday),
        (_l("Address"), customer.address),
        (_l("Source"), customer.source),
        (_l("Remark"), customer.remark),
        (_l("Consultant"), customer.owner.full_name),
        (_l("Registered at"), customer.created_at),
        (_l("Agreed at"), customer.consented_at),
        (_l("What the data are kept for"), customer.consent_purpose),
    )
    return Sheet(
        _l("Person"),
        (_l("Item"), _l("Content")),
        [(title, value) for title, value in facts if value not in (None, "")],
    )


def _kind_title(customer: Customer) -> Any:
    return IdentityKind(customer.id_kind).title if customer.id_kind else None


def list_looks(customer_id: int, *, limit: int = 50) -> list[AuditEntry]:
    """Return who looked at the customer's data in full or took them out, the newest first."""
    actions = ("reveal", "copy")
    return audit.list_entries(Customer.__tablename__, customer_id, limit=limit, actions=actions)


def _looks(customer: Customer) -> Sheet:
    return Sheet(
        _l("Who saw these data in full"),
        (_l("When"), _l("Who")),
        list(_lookers(customer)),
    )


_NAMES = text("SELECT first_name || coalesce(last_name, '') FROM ab_user WHERE id = :id")


def _lookers(customer: Customer) -> Iterator[tuple[Any, str]]:
    for entry in list_looks(customer.id, limit=1000):
        kind, _colon, key = entry.actor.partition(":")
        name = db.session.scalar(_NAMES, {"id": int(key)}) if kind == "user" else entry.actor
        yield entry.at, str(name or entry.actor)

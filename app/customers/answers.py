"""Customers as REST and choices show them: masked unless they are the caller's own."""

from __future__ import annotations

from typing import Any

from app.core.actor import Actor
from app.customers.models import Customer
from app.customers.policies import can_see_phone


def phone_for(customer: Customer, actor: Actor) -> str:
    """Return the phone in full for the customer's own consultant, else masked."""
    return customer.mobile if can_see_phone(customer, actor) else customer.masked_mobile


def customer_answer(customer: Customer, actor: Actor) -> dict[str, Any]:
    """Return a customer as REST carries it; whose it is decides what is masked."""
    own = can_see_phone(customer, actor)
    birthday = customer.birthday.isoformat() if customer.birthday and own else None
    return {
        "id": customer.id,
        "project_id": customer.project_id,
        "kind": customer.kind,
        "name": customer.name,
        "mobile": phone_for(customer, actor),
        "sex": customer.sex,
        "birthday": birthday,
        "id_kind": customer.id_kind,
        "id_number": customer.masked_id_number or None,
        "has_document": customer.has_document,
        "address": customer.address if own else None,
        "source": customer.source,
        "remark": customer.remark,
        "owner": {"id": customer.owner_id, "name": customer.owner.full_name},
        "consented_at": customer.consented_at.isoformat() if customer.consented_at else None,
        "created_at": customer.created_at.isoformat(),
    }

"""Who may see, register, choose and uncover customers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.core.permissions import Permission, declare_permissions
from app.core.scope import sees_owned
from app.customers.models import Customer

CUSTOMER = "customers.customer"

SEE = f"{CUSTOMER}:see"
SEE_ALL = f"{CUSTOMER}:see_all"
SEE_WHOLE = f"{CUSTOMER}:see_whole"
CHOOSE = f"{CUSTOMER}:choose"
ADD = f"{CUSTOMER}:add"
EDIT = f"{CUSTOMER}:edit"
ANONYMIZE = f"{CUSTOMER}:anonymize"
COPY = f"{CUSTOMER}:copy"

declare_permissions(
    Permission(SEE, _l("See customers"), "CSMDLB"),
    # The controller opens no list of customers, but holds and subscribes for everybody's.
    # The supervisor sees his team's, by his post.
    Permission(SEE_ALL, _l("See the customers of all consultants"), "KMDLB"),
    Permission(SEE_WHOLE, _l("See phones and identity numbers in full"), "D"),
    Permission(CHOOSE, _l("Choose a customer for a hold or a deal"), "CKSMDB"),
    Permission(ADD, _l("Register customers"), "CSMDB"),
    Permission(EDIT, _l("Change customers"), "CSMDB"),
    Permission(ANONYMIZE, _l("Anonymize customers"), "D"),
    Permission(COPY, _l("Hand out a copy of a customer's data"), "D"),
)


def owns(customer: Customer, actor: Actor) -> bool:
    """Tell whether the customer is the actor's own."""
    own = actor.kind == "user" and customer.owner_id == actor.id
    # An administrator who looks through the consultant's eyes reads no phone whole.
    return own and not actor.watched_by


def can_see_phone(customer: Customer, actor: Actor) -> bool:
    """Tell whether the phone is shown in full without asking: to the customer's own consultant."""
    return owns(customer, actor) and customer.anonymized_at is None


def can_reveal(customer: Customer, actor: Actor) -> bool:
    """Tell whether the actor may ask for the whole phone and identity number (logged)."""
    if customer.anonymized_at is not None:
        return False
    return owns(customer, actor) or actor.may(SEE_WHOLE)


def require_reveal(customer: Customer, actor: Actor) -> None:
    """Raise NotAllowed unless the actor may see personal data of this customer in full."""
    if not can_reveal(customer, actor):
        raise NotAllowed(
            _l(
                "Only the customer's own consultant and the director see these data in full."
                " Ask one of them."
            ),
            details={"permission": SEE_WHOLE},
        )


def can_edit(customer: Customer, actor: Actor) -> bool:
    """Tell whether the actor may change this customer: his own, or one of his staff's."""
    if customer.anonymized_at is not None:
        return False
    return actor.may(EDIT) and sees(customer.owner_id, customer.project_id, actor)


def sees(owner_id: int, project_id: int, actor: Actor) -> bool:
    """Tell whether a customer of that owner and project is the actor's to see."""
    return sees_owned(Customer, owner_id=owner_id, project_id=project_id, actor=actor)

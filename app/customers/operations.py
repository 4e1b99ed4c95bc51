"""The verbs of customers: register, change, show in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.identity import mobile as read_mobile
from app.core.settings import get_setting
from app.customers import policies
from app.customers.documents import Document, open_number, read_document
from app.customers.models import Customer, CustomerKind
from app.customers.queries import Duplicate, find_duplicate, get_customer
from app.customers.settings import PURPOSE

LONGEST_NAME: Final = 120
LONGEST: Final = {"address": 200, "source": 60, "remark": 2000}
SEXES: Final = ("male", "female")


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What may be said of a customer beside name, phone and document."""

    sex: str | None = None
    birthday: date | None = None
    address: str | None = None
    source: str | None = None
    remark: str | None = None
    #: whether the person agrees that the data are kept for the purchase; None where the caller is
    #: a program that has asked him itself, and then nothing is written down here
    consent: bool | None = None


def register_customer(
    *,
    project_id: int,
    kind: str,
    name: str,
    mobile: str,
    id_kind: str | None = None,
    id_number: str | None = None,
    actor: Actor,
    **details: Any,
) -> Customer:
    """Register a customer of the project as the actor's own; the first recorder owns.

    ``details`` are those of CustomerDetails; sex and birthday are taken from a resident identity
    card. The number is kept encrypted for its row. Nothing is kept of a person who was asked and
    has not agreed (个人信息保护法 art. 13): ``consent`` False is refused. Raises Invalid with a
    sentence per field, NotFound for a project outside scope, and Conflict ``duplicate`` (with
    ``customer_id`` only if that customer is the actor's to see) if phone or document are there
    already.
    """
    actor.require(policies.ADD)
    if not actor.reaches(project_id):
        raise NotFound(_l("There is no such project within your scope."))
    entry = _read_entry(kind, name, mobile, id_kind, id_number, CustomerDetails(**details))
    _require_consent(entry)
    _refuse_duplicate(entry, project_id, actor)
    customer_id = _next_id()
    values = entry.columns(customer_id) | {
        "id": customer_id,
        "project_id": project_id,
        "kind": entry.kind,
        "owner_id": actor.id,
        "created_by_id": actor.id,
        **(_consent() if entry.details.consent else {}),
    }
    try:
        with db.session.begin_nested():
            db.session.execute(insert(Customer).values(values))
    except IntegrityError:
        # Somebody registered the same person between the look and the insert.
        _refuse_duplicate(entry, project_id, actor)
        raise
    return get_customer(customer_id)


def edit_customer(customer: Customer, *, actor: Actor, **changes: Any) -> Customer:
    """Change what is known of a customer; what is not named in ``changes`` stays.

    Takes the arguments of ``register_customer`` but project and kind; an empty ``id_number``
    leaves the document as it is. Raises NotAllowed, Invalid and Conflict as registering does.
    """
    if not policies.can_edit(customer, actor):
        raise NotAllowed(_l("Only the customer's own consultant or his manager may change it."))
    entry = _merged_entry(customer, changes)
    _refuse_duplicate(entry, customer.project_id, actor, except_id=customer.id)
    customer_id, project_id = customer.id, customer.project_id
    try:
        with db.session.begin_nested():
            # Inside: what is changed before is written before the savepoint, not under it.
            _write(customer, entry)
    except IntegrityError:
        _refuse_duplicate(entry, project_id, actor, except_id=customer_id)
        raise
    return customer


def _write(customer: Customer, entry: _Entry) -> None:
    for column, value in entry.columns(customer.id).items():
        if getattr(customer, column) != value:
            setattr(customer, column, value)
    if entry.details.consent and customer.consented_at is None:
        for column, value in _consent().items():
            setattr(customer, column, value)
    db.session.flush()


def _require_consent(entry: _Entry) -> None:
    if entry.details.consent is False:
        sentence = _l("Ask the person first, and tick that he agrees to his data being kept.")
        raise Invalid(sentence, fields={"consent": sentence})


def _consent() -> dict[str, Any]:
    """Return what is written down when a person agrees: when, and to what."""
    return {"consented_at": clock.now(), "consent_purpose": get_setting(PURPOSE)}


def reveal_identity_number(customer: Customer, *, actor: Actor) -> str:
    """Return the whole identity number, and write down who saw it.

    Raises NotAllowed, and NotFound if no document has been entered.
    """
    policies.require_reveal(customer, actor)
    if customer.id_number_cipher is None:
        raise NotFound(_l("No identity document of this customer has been entered."))
    _log_reveal(customer, "id_number")
    return open_number(customer.id_number_cipher, customer.id)


def reveal_mobile(customer: Customer, *, actor: Actor) -> str:
    """Return the whole phone; written down unless it is the customer's own consultant."""
    policies.require_reveal(customer, actor)
    if not policies.can_see_phone(customer, actor):
        _log_reveal(customer, "mobile")
    return customer.mobile


@dataclass(frozen=True, slots=True)
class _Entry:
    """A customer as entered, every part checked."""

    kind: str
    name: str
    mobile: str
    document: Document | None
    details: CustomerDetails
    keeps_document: bool = False

    def columns(self, customer_id: int) -> dict[str, Any]:
        details, document = self.details, self.document
        values: dict[str, Any] = {
            "name": self.name,
            "mobile": self.mobile,
            "mobile_tail": self.mobile[-4:],
            "sex": (document and document.sex) or details.sex,
            "birthday": (document and document.birthday) or details.birthday,
            "address": details.address,
            "source": details.source,
            "remark": details.remark,
        }
        if document is not None and not self.keeps_document:
            values |= {
                "id_kind": document.kind,
                "id_number_cipher": document.encrypted_for(customer_id),
                "id_number_hash": document.fingerprint,
                "id_number_tail": document.tail,
            }
        return values


def _read_entry(
    kind: str,
    name: str,
    mobile: str,
    id_kind: str | None,
    id_number: str | None,
    details: CustomerDetails,
) -> _Entry:
    """Check every part and name all that are wrong at once. Raises Invalid."""
    wrong: dict[str, Any] = {}
    phone, document = "", None
    if kind not in set(CustomerKind):
        wrong["kind"] = _l("A customer is a person or a company.")
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        wrong["name"] = _l("A name has 1 to %(most)d characters.", most=LONGEST_NAME)
    try:
        phone = read_mobile(mobile)
    except BadValue as error:
        wrong["mobile"] = error.message
    try:
        document = read_document(kind, id_kind, id_number)
    except Invalid as error:
        wrong |= error.fields
    details = _clean_details(details, wrong)
    if wrong:
        first = next(iter(wrong.values()))
        raise Invalid(
            first if len(wrong) == 1 else _l("Something in the form is wrong."), fields=wrong
        )
    return _Entry(kind, name.strip(), phone, document, details)


def _clean_details(details: CustomerDetails, wrong: dict[str, Any]) -> CustomerDetails:
    clean: dict[str, str | None] = {}
    for field, most in LONGEST.items():
        value = (getattr(details, field) or "").strip()
        if len(value) > most:
            wrong[field] = _l("At most %(most)d characters fit here.", most=most)
        clean[field] = value or None
    if details.sex and details.sex not in SEXES:
        wrong["sex"] = _l("Sex is male, female or left empty.")
    if details.birthday and details.birthday > clock.today():
        wrong["birthday"] = _l("A birthday is not in the future.")
    return CustomerDetails(
        sex=details.sex or None, birthday=details.birthday, consent=details.consent, **clean
    )


def _merged_entry(customer: Customer, changes: dict[str, Any]) -> _Entry:
    """Return the customer as it would be with the changes. Raises Invalid."""
    given = dict(changes)
    number = given.pop("id_number", None)
    head = {
        "name": given.pop("name", customer.name),
        "mobile": given.pop("mobile", customer.mobile),
        "id_kind": given.pop("id_kind", None) or customer.id_kind,
        "id_number": number,
    }
    kept = {
        field: given.pop(field, getattr(customer, field))
        for field in ("sex", "birthday", "address", "source", "remark")
    }
    details = CustomerDetails(**kept, **given)
    entry = _read_entry(customer.kind, details=details, **head)
    same = entry.document and customer.id_number_hash in entry.document.fingerprints
    return _Entry(entry.kind, entry.name, entry.mobile, entry.document, entry.details, bool(same))


def _refuse_duplicate(
    entry: _Entry, project_id: int, actor: Actor, *, except_id: int | None = None
) -> None:
    document = entry.document
    found = find_duplicate(
        project_id=project_id,
        mobile=entry.mobile,
        id_kind=document.kind if document else None,
        id_hashes=document.fingerprints if document else (),
        except_id=except_id,
    )
    if found is not None:
        raise _duplicate(found, actor)


def _duplicate(found: Duplicate, actor: Actor) -> Conflict:
    """Say whose the customer is, and nothing of the person."""
    same = {
        "mobile": _l("phone number"),
        "id_number": _l("identity document"),
    }[found.field]
    if found.owner_id == actor.id:
        message = _l(
            "You have registered a customer with this %(same)s already. Open that one.", same=same
        )
    else:
        message = _l(
            "%(owner)s has had a customer with this %(same)s since %(day)s. Speak to %(owner)s, or"
            " ask your manager.",
            owner=found.owner_name,
            same=same,
            day=clock.local(found.since).date().isoformat(),
        )
    visible = policies.sees(found.owner_id, found.project_id, actor)
    return Conflict(
        message,
        code="duplicate",
        fields={found.field: message},
        details={"customer_id": found.customer_id} if visible else {},
    )


def _next_id() -> int:
    # The ciphertext is bound to its row, so the id is needed before the row is written.
    taken = db.session.execute(
        text("SELECT nextval(pg_get_serial_sequence('customers_customer', 'id'))")
    )
    return int(taken.scalar_one())


def _log_reveal(customer: Customer, field: str) -> None:
    audit.record(
        "reveal",
        table_name="customers_customer",
        row_id=customer.id,
        note={"field": field},
        project_id=customer.project_id,
    )

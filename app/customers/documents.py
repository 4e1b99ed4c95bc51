"""Identity documents as they are kept: checked, encrypted for their row, found by their hash."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l

from app.core import clock, secrets
from app.core.bad_value import N_, BadValue
from app.core.errors import Invalid
from app.core.identity import credit_code, resident_id
from app.core.key_rotation import EncryptedColumn, declare_encrypted
from app.customers.models import CustomerKind, IdentityKind

TAIL_LENGTH = 4
CIPHER = declare_encrypted(
    EncryptedColumn("customers_customer", "id_number_cipher", hash_column="id_number_hash")
)
_OTHER_DOCUMENT = re.compile(r"[0-9A-Z一-鿿]{4,30}")
_SEPARATORS = re.compile(r"[\s\-.·()]+")


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document, and what it says of its holder."""

    kind: str
    number: str
    birthday: date | None = None
    sex: str | None = None

    @property
    def fingerprint(self) -> str:
        """Return the keyed hash by which equal numbers are found."""
        return secrets.fingerprint(self.number)

    @property
    def fingerprints(self) -> list[str]:
        """Return the hashes under which the number may stand: while the key is changed, two."""
        return secrets.fingerprints(self.number)

    @property
    def tail(self) -> str:
        """Return the last four places, shown beside the mask."""
        return self.number[-TAIL_LENGTH:]

    def encrypted_for(self, customer_id: int) -> str:
        """Return the ciphertext, which opens in this customer's row only."""
        return secrets.encrypt(self.number, context=CIPHER.context(customer_id))


def open_number(cipher: str, customer_id: int) -> str:
    """Return the plain number. Raises InvalidTag if the ciphertext is not this row's."""
    return secrets.decrypt(cipher, context=CIPHER.context(customer_id))


def read_document(kind: str, id_kind: str | None, id_number: str | None) -> Document | None:
    """Return the document given for a customer of ``kind``, or None if no number was given.

    A company's is its unified social credit code (GB 32100), a person's a resident identity card
    (GB 11643) unless ``id_kind`` says otherwise. Raises Invalid with ``fields``.
    """
    if not (id_number or "").strip():
        return None
    number = str(id_number)
    try:
        if kind == CustomerKind.COMPANY:
            return Document(IdentityKind.CREDIT_CODE, credit_code(number))
        return _persons(id_kind or IdentityKind.RESIDENT_ID, number)
    except BadValue as error:
        raise Invalid(error.message, fields={"id_number": error.message}) from error


def _persons(id_kind: str, number: str) -> Document:
    if id_kind == IdentityKind.RESIDENT_ID:
        read = resident_id(number, today=clock.today())
        return Document(id_kind, read.number, read.birthday, read.sex.value)
    if id_kind not in set(IdentityKind) - {IdentityKind.CREDIT_CODE}:
        sentence = _l("%(kind)s is no kind of a person's document.", kind=id_kind)
        raise Invalid(sentence, fields={"id_kind": sentence})
    compact = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).upper()
    if not _OTHER_DOCUMENT.fullmatch(compact):
        raise BadValue("document", N_("A document's number has 4 to 30 letters and digits."))
    return Document(id_kind, compact)

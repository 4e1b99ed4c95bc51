"""The cashier's form: amount, method, payer, purpose."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, validators
from wtforms.fields.choices import SelectChoice

from app.finance.models import ReceiptMethod
from app.finance.operations import LONGEST_PAYER, LONGEST_PURPOSE
from app.web.crud_forms import AmountField, CrudForm, LineField

#: what a cashier takes over the counter; the rest comes from lists and from other deals
BY_HAND = (
    ReceiptMethod.POS,
    ReceiptMethod.TRANSFER,
    ReceiptMethod.CASH,
    ReceiptMethod.QR,
    ReceiptMethod.CHEQUE,
    ReceiptMethod.MORTGAGE,
    ReceiptMethod.FUND,
)


def _methods() -> list[SelectChoice]:
    return [SelectChoice(method.value, method.title) for method in BY_HAND]


class PaymentForm(CrudForm):
    """Money taken over the counter."""

    amount = AmountField(_l("Amount"), [validators.InputRequired(_l("This is needed."))])
    method = RadioField(
        _l("Paid by"),
        [validators.InputRequired(_l("Choose how the money is paid."))],
        choices=_methods,
    )
    payer = LineField(
        _l("Payer"),
        [validators.InputRequired(_l("This is needed.")), validators.Length(max=LONGEST_PAYER)],
    )
    purpose = LineField(
        _l("Purpose"),
        [validators.Optional(), validators.Length(max=LONGEST_PURPOSE)],
        description=_l("A line named here is paid first; left empty, the deposit and what is due."),
    )
    #: drawn with the form, so that a form sent twice takes the money once
    once = HiddenField(default=lambda: str(uuid.uuid4()))

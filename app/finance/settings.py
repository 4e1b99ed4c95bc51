"""Business settings of the cashier's desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.settings import Setting, declare
from app.devices.capabilities import MOST_COPIES
from app.estate.settings import clean_switch


def clean_copies(value: object) -> int:
    """Return a number of copies from 1 to 5. Raises ValueError."""
    number = int(str(value))
    if not 1 <= number <= MOST_COPIES:
        raise ValueError(value)
    return number


RECEIPT_COPIES = declare(
    Setting(
        "finance.receipt_copies",
        default=1,
        title=_l("Copies of a receipt"),
        clean=clean_copies,
        help=_l("From 1 to 5; each copy says which it is."),
    )
)
OPEN_DRAWER = declare(
    Setting(
        "finance.open_drawer",
        default=False,
        title=_l("Open the cash drawer"),
        clean=clean_switch,
        help=_l("Opens with the receipt of a cash payment, never with a reprint."),
    )
)

"""Document numbers: unique, readable, cheap under contention; gaps may happen (bills have none)."""

from __future__ import annotations

from sqlalchemy import text

from app.core import clock
from app.core.db import db

#: prefix → sequence that the migrations create; bills are numbered by their books instead
SEQUENCES = {
    "YL": "number_hold",
    "RG": "number_subscription",
    "HT": "number_contract",
    "SP": "number_approval",
    "DJ": "number_price_plan",
    "SK": "number_receipt",
    "DR": "number_import",
    "FY": "number_generation",
    "JC": "number_base_data_change",
}


def next_number(prefix: str) -> str:
    """Return the next number such as ``RG2026-00042``.

    A sequence and not a counter row: on an opening day a row lock held through the commit would
    queue all subscriptions of the group one behind the other.
    """
    value = db.session.execute(text(f"SELECT nextval('{SEQUENCES[prefix]}')")).scalar_one()
    return f"{prefix}{clock.today().year}-{value:05d}"

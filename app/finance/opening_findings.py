"""What finance sees of how ready a project is to be sold: bill books and counters' devices."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core.db import db
from app.devices.models import Device
from app.estate.opening import Finding, OpeningKind
from app.estate.signals import opening_examined
from app.finance.models import BillBook


@opening_examined.connect
def examine(_sender: Any, *, project_id: int, **_more: Any) -> dict[str, Finding]:
    """Judge bill books and devices of a project."""
    left = func.sum(BillBook.last_number - BillBook.next_number + 1)
    bills = db.session.scalar(
        select(func.coalesce(left, 0)).where(
            BillBook.project_id == project_id, BillBook.cashier_id.is_not(None)
        )
    ) or 0  # fmt: skip
    devices = db.session.scalar(
        select(func.count(Device.id)).where(
            Device.project_id == project_id, Device.is_active.is_(True)
        )
    ) or 0  # fmt: skip
    return {
        OpeningKind.BILL_BOOKS.value: Finding(
            bills > 0, _l("%(count)d bills are left with cashiers.", count=int(bills))
        ),
        OpeningKind.DEVICES.value: Finding(
            devices > 0, _l("%(count)d devices in use.", count=devices)
        ),
    }

"""What a printed receipt says; Chinese on paper, whatever language the cashier reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.core import clock
from app.core.money import capital, format_yuan
from app.core.settings import get_setting
from app.devices.capabilities import PRINT_RECEIPT
from app.finance.models import Account, Bill, Receipt
from app.finance.settings import OPEN_DRAWER, RECEIPT_COPIES

METHODS: Final[Mapping[str, str]] = {
    "cash": "现金",
    "pos": "刷卡",
    "transfer": "转账",
    "cheque": "支票",
    "qr": "扫码",
    "mortgage": "按揭放款",
    "fund": "公积金放款",
    "moved_in": "转入",
}
#: what money is called that no receivable has asked for yet
ADVANCE: Final = "预收款"


def receipt_payloads(
    receipt: Receipt, bill: Bill, account: Account, *, cashier: str
) -> dict[str, dict[str, Any]]:
    """Return the commands that a confirmed receipt offers to the hooks, with their payloads."""
    document: dict[str, Any] = {
        "title": "收据",
        "lines": _lines(receipt, bill, account, cashier=cashier),
        "copies": get_setting(RECEIPT_COPIES, receipt.project_id),
    }
    if receipt.method == "cash" and get_setting(OPEN_DRAWER, receipt.project_id):
        document["open_drawer"] = True
    return {PRINT_RECEIPT: document}


def reversal_payloads(
    reversal: Receipt, voided: Bill | None, account: Account, *, reason: str, cashier: str
) -> dict[str, dict[str, Any]]:
    """Return the commands that a reversal offers to the hooks, with their payloads."""
    lines = [
        *_head(account),
        _pair("红冲单号", reversal.number),
        _pair("作废票号", voided.number if voided else ""),
        _pair("付款人", reversal.payer),
        _pair("金额", f"￥{format_yuan(reversal.amount)}"),
        {"text": f"大写 {capital(reversal.amount)}"},
        {"text": f"原因 {reason}"},
        *_foot(cashier, reversal.confirmed_at),
    ]
    return {PRINT_RECEIPT: {"title": "红冲凭证", "lines": lines}}


def _lines(receipt: Receipt, bill: Bill, account: Account, *, cashier: str) -> list[dict[str, Any]]:
    return [
        {"text": f"No. {bill.number}", "align": "right", "bold": True},
        *_head(account),
        _pair("付款人", receipt.payer),
        _pair("款项", receipt.purpose or ADVANCE),
        _pair("收款方式", METHODS[receipt.method]),
        {"rule": True},
        {"text": f"￥{format_yuan(receipt.amount)}", "align": "center", "size": "double"},
        {"text": f"人民币（大写） {capital(receipt.amount)}", "bold": True},
        {"rule": True},
        _pair("收款单号", receipt.number),
        *_foot(cashier, receipt.confirmed_at),
    ]


def _head(account: Account) -> list[dict[str, Any]]:
    payee = account.project.company
    return [
        *([_pair("收款单位", payee)] if payee else []),
        _pair("项目", account.project.name),
        _pair("房间", account.room.title),
        _pair("交易", account.title),
    ]


def _foot(cashier: str, moment: datetime | None) -> list[dict[str, Any]]:
    told = clock.local(moment or clock.now()).strftime("%Y-%m-%d %H:%M:%S")
    return [_pair("收款人", cashier), _pair("时间", told)]


def _pair(left: str, right: str) -> dict[str, Any]:
    return {"left": left, "right": right}

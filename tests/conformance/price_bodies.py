"""Bodies of the calls that enter what prices are calculated from, for the walk."""

from __future__ import annotations

from typing import Any

from tests.conformance.office import Office


def _loan(_office: Office) -> dict[str, Any]:
    loan = {"amount": "1000000.00", "rate": "3.50", "months": 12}
    return {"way": "equal_payments", "loans": [loan]}


def _method(office: Office) -> dict[str, Any]:
    line = {"kind": "instalment", "name": "全款", "basis": "rest", "due_rule": "contract",
            "due_days": 7}  # fmt: skip
    return {"project_id": office.project, "name": "越界", "lines": [line]}


def _published(office: Office) -> dict[str, Any]:
    return {"building_id": office.ids["estate_building"]}


def _rule(office: Office) -> dict[str, Any]:
    return {"do": "draft", "name": "越界", "buildings": office.ids["estate_building"],
            "basis": "gross", "base": "50000", "base_floor": "1"}  # fmt: skip


def _scan(_office: Office) -> dict[str, Any]:
    return {"file": b"%PDF-"}


PRICE_BODIES = {
    "BaseDataChangeApi.execute": lambda _office: {},
    "BaseDataChangeApi.open": lambda _office: {},
    "BaseDataChangeApi.put_scan": lambda _office: {},
    "BaseDataChangeView.put_scan": _scan,
    "BaseDataView.review": lambda _office: {},
    "BaseDataView.take_back": lambda _office: {"reason": "越界"},
    "BaseDataApi.review": lambda _office: {"side": "sales"},
    "BaseDataApi.take_back": lambda _office: {"side": "sales", "reason": "越界"},
    "BaseDataChangeApi.finish": lambda _office: {"note": "越界"},
    "BaseDataChangeApi.cancel": lambda _office: {"reason": "越界"},
    "LoanScheduleApi.calculate": _loan,
    "PaymentMethodApi.add": _method,
    "PaymentMethodApi.edit": _method,
    "PricePublicationApi.publish": _published,
    "PriceRuleView.rule": _rule,
}

"""The loan calculator 贷款计算: bank and housing fund, two ways of repaying, month by month."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from flask import request, send_file
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.bad_value import N_, BadValue
from app.core.money import parse_rate, parse_yuan
from app.pricing import loans, policies
from app.web.access import needs
from app.web.export import XLSX

SEE = f"{policies.QUOTE}:see"
MONTHS_A_YEAR = 12
MOST_YEARS = loans.MAX_MONTHS // MONTHS_A_YEAR
YEARS = N_("A loan runs for 1 to 50 years.")
#: 等额本息 and 等额本金
WAYS: Mapping[str, Any] = {
    "equal_payments": _l("Equal instalments"),
    "equal_principal": _l("Equal principal"),
}
#: field of the form → what it begins with; rates are nobody's promise
FIELDS = {
    "amount": "", "rate": "3.50", "years": "30",
    "fund_amount": "", "fund_rate": "2.85", "fund_years": "30",
}  # fmt: skip
#: label of the fields that a loan is made of, by the place that it has in the form
LOANS = (
    (_l("Bank loan"), ("amount", "rate", "years")),
    (_l("Housing fund loan"), ("fund_amount", "fund_rate", "fund_years")),
)


@dataclass(frozen=True)
class Calculated:
    """The loans together in both ways, and the way that is shown month by month."""

    ways: Mapping[str, loans.Schedule]
    way: str

    @property
    def months(self) -> tuple[loans.Month, ...]:
        """Return the months of the chosen way."""
        return self.ways[self.way].months

    @property
    def saved(self) -> Decimal:
        """Return how much less interest equal principal costs, in yuan."""
        return (
            self.ways["equal_payments"].interest_total - self.ways["equal_principal"].interest_total
        )


def calculate(given: Mapping[str, str]) -> Calculated | None:
    """Return what was asked for, None without an amount. Raises BadValue naming what is wrong."""
    found = []
    for _title, (amount, rate, years) in LOANS:
        if typed := given.get(amount, "").strip():
            found.append((parse_yuan(typed), parse_rate(given.get(rate, "")), _years(given, years)))
    if not found:
        return None
    ways = {
        name: functools.reduce(
            loans.combined,
            [
                getattr(loans, name)(amount, annual_percent=rate, months=years * MONTHS_A_YEAR)
                for amount, rate, years in found
            ],
        )
        for name in WAYS
    }
    way = given.get("way", "")
    return Calculated(ways, way if way in WAYS else "equal_payments")


def _years(given: Mapping[str, str], name: str) -> int:
    typed = given.get(name, "").strip()
    if not typed.isascii() or not typed.isdigit() or not 1 <= int(typed[:3]) <= MOST_YEARS:
        raise loans.LoanError("loan_years", YEARS)
    return int(typed)


class LoanView(BaseView):
    """贷款计算."""

    route_base = "/loans"
    default_view = "calculator"

    @expose("/")
    @needs(SEE)
    def calculator(self) -> Any:
        """Show the form and what the loans come to."""
        values, found, problem = _asked()
        page = self.render_template(
            "pricing/loans.html",
            values=values,
            groups=LOANS,
            found=found,
            ways=WAYS,
            problem=problem,
        )
        return page, 422 if problem else 200

    @expose("/months.xlsx")
    @needs(SEE)
    def months(self) -> Any:
        """Send the months of the chosen way as an Excel sheet."""
        _values, found, _problem = _asked()
        if found is None:
            return self.calculator()
        stream = BytesIO()
        _write(found, stream)
        stream.seek(0)
        name = f"{_('Loan calculator')}-{WAYS[found.way]}.xlsx"
        return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


def _asked() -> tuple[dict[str, str], Calculated | None, Any]:
    values = {name: request.args.get(name, begun)[:30] for name, begun in FIELDS.items()}
    values["way"] = request.args.get("way", "")[:30]
    try:
        return values, calculate(values), None
    except BadValue as error:
        return values, None, error.message


def _write(found: Calculated, target: BytesIO) -> None:
    book = xlsxwriter.Workbook(target, {"strings_to_formulas": False})
    sheet = book.add_worksheet(str(WAYS[found.way])[:31])
    head = book.add_format({"bold": True, "bottom": 1})
    money = book.add_format({"num_format": "#,##0.00"})
    titles = (
        _("Month"), _("Payment of the month"), _("Principal"), _("Interest"), _("Still owed"),
    )  # fmt: skip
    for place, title in enumerate(titles):
        sheet.set_column(place, place, 16)
        sheet.write_string(0, place, title, head)
    for line, month in enumerate(found.months, 1):
        sheet.write_number(line, 0, month.number)
        amounts = (month.payment, month.principal, month.interest, month.balance)
        for place, amount in enumerate(amounts, 1):
            sheet.write_number(line, place, amount, money)
    sheet.freeze_panes(1, 0)
    book.close()

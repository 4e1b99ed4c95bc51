"""REST: repayment of loans month by month."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

from flask_appbuilder import expose
from marshmallow import ValidationError, fields, validate

from app.core.bad_value import N_, BadValue
from app.core.errors import Invalid
from app.core.money import parse_rate, plain
from app.pricing import loans, policies
from app.web.rest import Body, RestApi, Whole, Yuan, endpoint

#: 等额本息 and 等额本金, by the names that a call gives them
WAYS = {"equal_payments": loans.equal_payments, "equal_principal": loans.equal_principal}
HOW = N_("Choose whether payments or principal parts are to be equal.")
#: a commercial loan and one of the housing fund
MOST_LOANS = 2


class Rate(fields.Field):
    """A yearly rate in percent: a string with up to four decimals, never a float."""

    def _deserialize(self, value: Any, *_rest: Any, **_more: Any) -> Decimal:
        try:
            return parse_rate(value)
        except BadValue as error:
            raise ValidationError(str(error.message)) from error


class LoanBody(Body):
    amount = Yuan(required=True)
    rate = Rate(required=True)
    months = Whole(required=True, validate=validate.Range(min=1, max=loans.MAX_MONTHS))


class ScheduleBody(Body):
    way = fields.String(required=True, validate=validate.OneOf(list(WAYS), error=HOW))
    loans = fields.List(
        fields.Nested(LoanBody), required=True, validate=validate.Length(min=1, max=MOST_LOANS)
    )


class LoanScheduleApi(RestApi):
    """Repayment schedules; nothing is written."""

    resource_name = "loan-schedules"

    @expose("/", methods=["POST"])
    @endpoint(f"{policies.QUOTE}:see", body=ScheduleBody)
    def calculate(self, body: dict[str, Any]) -> dict[str, Any]:
        """Calculate a loan, or a commercial and a fund loan together, month by month.

        ``rate`` is percent a year; a combined schedule adds up both loans month by month, and the
        longer one goes on alone.

        ---
        post:
          responses:
            200:
              description: totals, first and last payment, and every month
            422:
              description: an amount, a rate or a term that is no loan's
        """
        way = WAYS[body["way"]]
        try:
            schedules = [
                way(loan["amount"], annual_percent=loan["rate"], months=loan["months"])
                for loan in body["loans"]
            ]
        except BadValue as error:
            raise Invalid(
                error.message, code=error.code, fields={"loans": error.message}
            ) from error
        return {"way": body["way"], **schedule_data(functools.reduce(loans.combined, schedules))}


def schedule_data(schedule: loans.Schedule) -> dict[str, Any]:
    """Return a schedule as JSON."""
    return {
        "principal": plain(schedule.principal),
        "interest_total": plain(schedule.interest_total),
        "payment_total": plain(schedule.payment_total),
        "first_payment": plain(schedule.first_payment),
        "last_payment": plain(schedule.last_payment),
        "months": [
            {
                "number": month.number,
                "payment": plain(month.payment),
                "principal": plain(month.principal),
                "interest": plain(month.interest),
                "balance": plain(month.balance),
            }
            for month in schedule.months
        ],
    }

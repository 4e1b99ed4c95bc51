"""Opens and closes the accounts of deals; called by the areas above, which check the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.money import ZERO, format_yuan
from app.finance.allocation import (
    COLLECTED,
    DEPOSIT,
    DEPOSIT_CEILING_PERCENT,
    deposit_ceiling,
)
from app.finance.models import Account, Receivable
from app.finance.queries import account_balance, lock_account


@dataclass(frozen=True, slots=True)
class ReceivableDraft:
    """A line that an account is to ask for; amounts in yuan."""

    kind: str
    name: str
    amount: Decimal
    due_on: date | None = None
    due_rule: str = "date"
    due_days: int | None = None
    due_stage: str | None = None


def open_account(
    *,
    project_id: int,
    room_id: int,
    subject_type: str,
    title: str,
    payer: str,
    deal_total: Decimal,
    receivables: Sequence[ReceivableDraft],
    actor: Actor,
) -> Account:
    """Open the account of a deal with its receivables, in the order given.

    Raises Invalid unless every amount is above 0, all but the collected lines add up to
    ``deal_total``, and the deposits keep under the ceiling of the law.
    """
    if not actor.reaches(project_id):
        raise NotFound(_l("There is no such project within your scope."))
    _check_lines(deal_total, receivables)
    account = Account(
        project_id=project_id,
        room_id=room_id,
        subject_type=subject_type,
        title=title,
        payer=payer,
        deal_total=deal_total,
    )
    db.session.add(account)
    db.session.flush()
    db.session.add_all(
        Receivable(
            project_id=project_id,
            account_id=account.id,
            position=position,
            kind=draft.kind,
            name=draft.name,
            due_on=draft.due_on,
            due_rule=draft.due_rule,
            due_days=draft.due_days,
            due_stage=draft.due_stage,
            amount=draft.amount,
        )
        for position, draft in enumerate(receivables, start=1)
    )
    db.session.flush()
    return account


def attach_subject(account: Account, subject_id: int, *, actor: Actor) -> Account:
    """Note the id of the deal, which is known only after the account is."""
    if not actor.reaches(account.project_id):
        raise NotFound(_l("There is no such account within your scope."))
    account.subject_id = subject_id
    db.session.flush()
    return account


def close_account(account: Account, *, actor: Actor) -> Account:
    """Cancel what the account asks for and take no more money on it.

    Raises Conflict while money is on it: that goes back to the buyer or to another deal first. An
    account closed before stays as it is.
    """
    if not actor.reaches(account.project_id):
        raise NotFound(_l("There is no such account within your scope."))
    locked = lock_account(account.id)
    if locked.closed_at is not None:
        return locked
    balance = account_balance(locked.id)
    if balance.received != ZERO:
        raise Conflict(
            _l(
                "%(amount)s yuan are on the account %(account)s. Refund or move them first.",
                amount=format_yuan(balance.received),
                account=locked.title,
            ),
            code="money_on_account",
        )
    locked.closed_at = clock.now()
    db.session.execute(
        update(Receivable)
        .where(Receivable.account_id == locked.id, Receivable.cancelled_at.is_(None))
        .values(cancelled_at=locked.closed_at)
    )
    db.session.flush()
    return locked


def refuse_high_deposit(deposit: Decimal, deal_total: Decimal) -> None:
    """Raise Invalid with the reason if a deposit is above what the law allows on the deal."""
    ceiling = deposit_ceiling(deal_total)
    if deposit > ceiling:
        raise Invalid(
            _l(
                "A deposit of %(deposit)s yuan is above %(percent)s %% of the deal total"
                " %(total)s, that is %(ceiling)s (Civil Code art. 586). Take less as deposit, or"
                " name the money otherwise.",
                deposit=format_yuan(deposit),
                percent=str(DEPOSIT_CEILING_PERCENT),
                total=format_yuan(deal_total),
                ceiling=format_yuan(ceiling),
            ),
            code="deposit_above_ceiling",
        )


def _check_lines(deal_total: Decimal, receivables: Sequence[ReceivableDraft]) -> None:
    if any(draft.amount <= 0 for draft in receivables):
        raise Invalid(_l("Every payment line must be above 0."), code="line_not_positive")
    total = sum((one.amount for one in receivables if one.kind != COLLECTED), ZERO)
    if total != deal_total:
        raise Invalid(
            _l(
                "The payment lines come to %(lines)s yuan, not to the deal total %(total)s.",
                lines=format_yuan(total),
                total=format_yuan(deal_total),
            ),
            code="lines_do_not_add_up",
        )
    deposit = sum((one.amount for one in receivables if one.kind == DEPOSIT), ZERO)
    refuse_high_deposit(deposit, deal_total)

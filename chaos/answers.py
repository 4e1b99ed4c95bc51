"""The oracle over clients' answers: what was answered is there once, what was refused is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from chaos.diary import Deed
from chaos.records import Read

#: kind → statement for (tag, id): every record that bears the tag of a deed
MADE_BY_TAG = {
    "hold": "SELECT reason, id FROM sales_hold",
    "release": "SELECT end_reason, id FROM sales_hold WHERE end_reason IS NOT NULL",
    "customer": "SELECT name, id FROM customers_customer",
    "subscribe": "SELECT c.name, b.subscription_id FROM sales_subscription_buyer b"
    " JOIN customers_customer c ON c.id = b.customer_id",
    "slip": "SELECT payer, id FROM finance_receipt WHERE reverses_id IS NULL",
    "reverse": "SELECT reason, reverses_id FROM finance_receipt WHERE reverses_id IS NOT NULL",
    "ask for discount": "SELECT reason, id FROM workflows_approval_request",
    "ask for prices": "SELECT reason, id FROM workflows_approval_request",
    "approve": "SELECT comment, request_id FROM workflows_approval_task WHERE decision = 'approve'",
    "reject": "SELECT comment, request_id FROM workflows_approval_task WHERE decision = 'reject'",
    "import": "SELECT replace(file_name, '.csv', ''), id FROM estate_room_import",
    "print again": "SELECT after->>'reason', row_id FROM core_audit_entry"
    " WHERE action = 'device_job_retry'",
}
Violation = tuple[str, str, Deed]


def check(read: Read, deeds: list[Deed]) -> Iterator[Violation]:
    """Yield every deed whose answer and the database disagree."""
    yield from _check_tags(read, deeds)
    yield from _check_confirmed(read, deeds)
    yield from _check_keys(read, deeds)
    for deed in deeds:
        if deed.status is None:
            yield "every request is answered in the end", "no answer", deed
        elif deed.status >= 500:
            yield "no request is answered with a fault of ours", str(deed.answer), deed


def _check_tags(read: Read, deeds: list[Deed]) -> Iterator[Violation]:
    for kind, statement in MADE_BY_TAG.items():
        made: dict[str, list[int]] = defaultdict(list)
        for tag, number in read(statement):
            made[tag].append(number)
        for deed in deeds:
            if deed.kind == kind:
                yield from _judge(deed, made.get(deed.tag, []))


def _judge(deed: Deed, found: list[int]) -> Iterator[Violation]:
    if deed.succeeded and (len(found) != 1 or deed.answer["id"] != found[0]):
        yield "what was answered with success is there once", f"there is {found}", deed
    elif deed.refused and found:
        yield "what was refused has left nothing", f"there is {found}", deed
    elif len(found) > 1:
        yield "what nobody answered is there once at most", f"there is {found}", deed


def _check_confirmed(read: Read, deeds: list[Deed]) -> Iterator[Violation]:
    taken = {
        number: (state, bill)
        for number, state, bill in read(
            "SELECT f.id, f.state, min(b.number) FROM finance_receipt f"
            " LEFT JOIN finance_bill b ON b.receipt_id = f.id WHERE f.amount > 0 GROUP BY f.id"
        )
    }
    by_receipt: dict[int, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.kind == "confirm":
            by_receipt[deed.about].append(deed)
    for receipt, ones in by_receipt.items():
        state, bill = taken[receipt]
        good = [one for one in ones if one.succeeded]
        is_money = state in ("confirmed", "reversed")
        if len(good) > 1 or (good and not is_money):
            yield "of many who take the same money one has it", f"it is {state}", good[0]
        elif is_money and not good and all(one.refused for one in ones):
            yield "what was refused has left nothing", f"it is {state}", ones[0]
        elif good and good[0].answer["bill_number"] != bill:
            yield "the bill is the one that was answered", f"it is {bill}", good[0]


def _check_keys(read: Read, deeds: list[Deed]) -> Iterator[Violation]:
    kept = defaultdict(list)
    for key, status in read("SELECT key, status FROM core_idempotency"):
        kept[key].append(status)
    for deed in deeds:
        found = kept.get(deed.key, [])
        if deed.succeeded and found != [deed.status]:
            yield "a success is kept with its key", f"there is {found}", deed
        elif deed.refused and found:
            yield "a refusal is not kept", f"there is {found}", deed


def repeat(deeds: list[Deed], ask: Callable[[Deed], Any]) -> Iterator[Violation]:
    """Ask again under the same keys; yield every deed that is answered otherwise than before."""
    for deed in deeds:
        status, answer = ask(deed)
        if (status, answer) != (deed.status, deed.answer):
            yield "the same key gets the same answer", f"{status} {answer}", deed

"""The oracle's questions to the database: each answers the rows that must not be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Read = Callable[..., list[Any]]

LIVE_DEALS = "('awaiting_deposit','deposit_short','active','contracted')"
#: tables whose every row came in by one audited insert
AUDITED = (
    "sales_hold",
    "sales_subscription",
    "sales_special_discount",
    "finance_account",
    "finance_receipt",
    "finance_allocation",
    "finance_bill",
    "customers_customer",
    "workflows_approval_request",
    "workflows_approval_task",
    "pricing_price_plan",
    "estate_building",
)

#: name → rows that break the rule, each with what it is about first: (what, id, …)
RULES: Mapping[str, str] = {
    "a room is what its holds and deals say": f"""
SELECT 'estate_room', r.id, r.status, h.live, s.live
  FROM estate_room r
  LEFT JOIN LATERAL (SELECT count(*) AS live FROM sales_hold
                      WHERE room_id = r.id AND state = 'live') h ON true
  LEFT JOIN LATERAL (SELECT count(*) AS live FROM sales_subscription
                      WHERE room_id = r.id AND state IN {LIVE_DEALS}) s ON true
 WHERE h.live <> (r.status IN ('held', 'reserved'))::int
    OR s.live <> (r.status IN ('subscribed', 'contracted'))::int""",
    "a room's newest event is of its version": """
SELECT 'estate_room', r.id, r.version, e.newest
  FROM estate_room r
  JOIN (SELECT room_id, max(version) AS newest FROM estate_room_event WHERE NOT gone
         GROUP BY room_id) e ON e.room_id = r.id
 WHERE e.newest <> r.version""",
    "a receipt that is money has one live bill, any other none": """
SELECT 'finance_receipt', f.id, f.state, f.amount, count(b.id) FILTER (WHERE b.voided_at IS NULL)
  FROM finance_receipt f LEFT JOIN finance_bill b ON b.receipt_id = f.id
 GROUP BY f.id
HAVING count(b.id) FILTER (WHERE b.voided_at IS NULL)
       <> (f.state = 'confirmed' AND f.amount > 0)::int
    OR (f.state = 'reversed' AND count(b.id) = 0)
    OR (f.state IN ('slip', 'withdrawn') AND count(b.id) > 0)""",
    "a book's bills are numbered without gap": """
SELECT 'finance_bill_book', k.id, k.first_number, k.next_number, count(b.id), min(b.serial),
       max(b.serial)
  FROM finance_bill_book k LEFT JOIN finance_bill b ON b.book_id = k.id
 GROUP BY k.id
HAVING count(DISTINCT b.serial) <> k.next_number - k.first_number
    OR count(b.serial) <> count(DISTINCT b.serial)
    OR min(b.serial) <> k.first_number OR max(b.serial) <> k.next_number - 1""",
    "a bill is its receipt's amount": """
SELECT 'finance_bill', b.id, b.amount, f.amount FROM finance_bill b
  JOIN finance_receipt f ON f.id = b.receipt_id WHERE b.amount <> f.amount""",
    "a reversed receipt has one reversal that mirrors it": """
SELECT 'finance_receipt', f.id, f.state, f.amount, count(m.id), sum(m.amount)
  FROM finance_receipt f LEFT JOIN finance_receipt m ON m.reverses_id = f.id
 WHERE f.reverses_id IS NULL GROUP BY f.id
HAVING count(m.id) <> (f.state = 'reversed')::int
    OR (f.state = 'reversed' AND sum(m.amount) <> -f.amount)""",
    "no more is allocated than was received": """
SELECT 'finance_receipt', f.id, f.state, f.amount, sum(a.amount)
  FROM finance_receipt f JOIN finance_allocation a ON a.receipt_id = f.id
 GROUP BY f.id
HAVING f.state NOT IN ('confirmed', 'reversed') OR abs(sum(a.amount)) > abs(f.amount)
    OR sign(sum(a.amount)) <> sign(f.amount)""",
    "no receivable is paid beyond what it asks, or below nothing": """
SELECT 'finance_receivable', v.id, v.amount, sum(a.amount)
  FROM finance_receivable v JOIN finance_allocation a ON a.receivable_id = v.id
 GROUP BY v.id HAVING sum(a.amount) > v.amount OR sum(a.amount) < 0""",
    "a deal is paid as its state says": """
SELECT 'sales_subscription', s.id, s.state, d.asked, d.paid, m.received
  FROM sales_subscription s
  JOIN LATERAL (SELECT sum(v.amount) AS asked, coalesce(sum(p.paid), 0) AS paid
                  FROM finance_receivable v
                  LEFT JOIN LATERAL (SELECT sum(amount) AS paid FROM finance_allocation
                                      WHERE receivable_id = v.id) p ON true
                 WHERE v.account_id = s.account_id AND v.kind = 'deposit') d ON true
  JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS received FROM finance_receipt
                 WHERE account_id = s.account_id AND state IN ('confirmed', 'reversed')) m ON true
 WHERE (s.state = 'active') <> (s.state IN ('awaiting_deposit', 'deposit_short', 'active')
                                AND d.paid >= d.asked)
    OR (s.state = 'deposit_short' AND m.received <= 0)
    OR (s.state IN ('awaiting_deposit', 'lapsed') AND m.received <> 0)""",
    "a lapsed deal's account is closed, a live one's is open": f"""
SELECT 'sales_subscription', s.id, s.state, a.closed_at
  FROM sales_subscription s JOIN finance_account a ON a.id = s.account_id
 WHERE (a.closed_at IS NULL) <> (s.state IN {LIVE_DEALS})""",
    "every account is of one deal": """
SELECT 'finance_account', a.id, a.subject_id FROM finance_account a
  LEFT JOIN sales_subscription s ON s.account_id = a.id
 WHERE a.subject_type = 'subscription' AND (s.id IS NULL OR s.id <> a.subject_id)""",
    "an approved discount is granted once, any other never": """
SELECT 'workflows_approval_request', q.id, q.state, count(d.id)
  FROM workflows_approval_request q
  LEFT JOIN sales_special_discount d ON d.request_id = q.id
 WHERE q.kind = 'special_discount' GROUP BY q.id
HAVING count(d.id) <> (q.state = 'approved')::int""",
    "a granted discount is used by one deal at most": """
SELECT 'sales_special_discount', d.id, d.used_at, count(s.id)
  FROM sales_special_discount d LEFT JOIN sales_subscription s ON s.special_discount_id = d.id
 GROUP BY d.id HAVING count(s.id) <> (d.used_at IS NOT NULL)::int""",
    "an approved price plan is in force once": """
SELECT 'pricing_price_plan', p.id, p.state, w.lines, c.prices
  FROM pricing_price_plan p
  JOIN LATERAL (SELECT count(*) AS lines FROM pricing_price_plan_row
                 WHERE plan_id = p.id) w ON true
  JOIN LATERAL (SELECT count(*) AS prices FROM pricing_room_price WHERE plan_id = p.id) c ON true
 WHERE c.prices <> CASE WHEN p.state = 'effective' THEN w.lines ELSE 0 END""",
    "a room has one present price at most": """
SELECT 'estate_room', room_id, count(*) FROM pricing_room_price WHERE valid_to IS NULL
 GROUP BY room_id HAVING count(*) > 1""",
    "a running approval waits for somebody, any other for nobody": """
SELECT 'workflows_approval_request', q.id, q.state, count(t.id) FILTER (WHERE t.state = 'waiting')
  FROM workflows_approval_request q LEFT JOIN workflows_approval_task t ON t.request_id = q.id
 GROUP BY q.id
HAVING (count(t.id) FILTER (WHERE t.state = 'waiting') > 0) <> (q.state = 'running')""",
    "money taken has one printing order": """
SELECT 'finance_receipt', f.id, f.state, count(j.id)
  FROM finance_receipt f
  LEFT JOIN devices_job j ON j.subject_type = 'receipt' AND j.subject_id = f.id
 WHERE f.amount > 0 GROUP BY f.id
HAVING count(j.id) <> (f.state IN ('confirmed', 'reversed'))::int""",
    "no printing order is of nothing": """
SELECT 'devices_job', j.id, j.subject_id FROM devices_job j
 WHERE j.subject_type = 'receipt'
   AND NOT EXISTS (SELECT 1 FROM finance_receipt f WHERE f.id = j.subject_id)""",
    "an order whose outcome is unknown says why": """
SELECT 'devices_job', id, state, error_code FROM devices_job
 WHERE state IN ('unknown', 'failed') AND error_code IS NULL""",
}

#: what must be over when nobody works any more
AT_REST: Mapping[str, str] = {
    "no request holds a key for ever": """
SELECT 'pg_locks', pid::bigint, granted FROM pg_locks WHERE locktype = 'advisory'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND mode = 'ExclusiveLock' AND pid IN (SELECT pid FROM pg_stat_activity
                                          WHERE application_name = 'xiaokong')""",
    "no transaction is left open": """
SELECT 'pg_stat_activity', pid::bigint, state, query FROM pg_stat_activity
 WHERE state LIKE 'idle in transaction%%' AND state_change < now() - interval '20 seconds'
   AND datname = current_database()""",
    "no order stays with an agent that is gone, or waits without a reason": """
SELECT 'devices_job', id, state, error_code FROM devices_job
 WHERE state = 'sent' OR (state = 'queued' AND error_code IS NULL)""",
    "no background job is left half done": """
SELECT 'procrastinate_jobs', id, task_name, status FROM procrastinate_jobs
 WHERE status = 'doing' AND id IN (SELECT job_id FROM procrastinate_events
                                    WHERE type = 'started'
                                      AND at < now() - interval '2 minutes')""",
    "no deal or hold outlives its time": """
SELECT 'sales_subscription', s.id, s.lapses_at FROM sales_subscription s
 WHERE s.state = 'awaiting_deposit' AND s.lapses_at < now() - interval '60 seconds'
UNION ALL
SELECT 'sales_hold', h.id, h.until FROM sales_hold h
 WHERE h.state = 'live' AND h.until < now() - interval '60 seconds'""",
}


def audit_rule(table: str) -> str:
    """Return the statement for rows without their one insert, and inserts without their row."""
    return f"""
SELECT '{table}', coalesce(r.id, a.row_id), r.id IS NOT NULL, a.entries
  FROM {table} r
  FULL JOIN (SELECT row_id, count(*) AS entries FROM core_audit_entry
              WHERE table_name = '{table}' AND action = 'insert' GROUP BY row_id) a
    ON a.row_id = r.id
 WHERE r.id IS NULL OR a.entries IS DISTINCT FROM 1"""


def broken(read: Read, rules: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    """Yield (rule, row) for every row that a rule finds."""
    for name, statement in rules.items():
        for row in read(statement):
            yield name, row


def all_rules() -> dict[str, str]:
    """Return the rules that hold at any moment."""
    audits = {f"every row of {table} came in by one audited step": audit_rule(table)
              for table in AUDITED}  # fmt: skip
    return {**RULES, **audits}


def history(read: Read, table: str, row_id: int) -> list[str]:
    """Return what the audit knows of a record, oldest first."""
    return [
        f"{at:%H:%M:%S.%f} {actor} {action} {before or ''} → {after or ''}"
        for at, actor, action, before, after in read(
            "SELECT at, actor, action, before, after FROM core_audit_entry"
            " WHERE table_name = %s AND row_id = %s ORDER BY id",
            (table, row_id),
        )
    ]

"""audit_page: the slowest search of the audit over a million entries, and what a row costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bench.measure import Measure, measure
from bench.stage import Stage
from tests.database import KEYS

ENTRIES = 1_000_000
ROUNDS = 7

_FILL = """
INSERT INTO core_audit_entry
       (at, actor, address, action, table_name, row_id, project_id, before, after, channel)
SELECT now() - (%(entries)s - n) / 4 * interval '20 seconds', 'user:' || 1 + (n / 4) %% 300,
       '10.0.0.1',
       CASE WHEN n %% 400 = 0 THEN 'export' WHEN n %% 5000 = 1 THEN 'delete'
            WHEN n %% 3 = 0 THEN 'insert' ELSE 'update' END,
       (ARRAY['estate_room', 'sales_hold', 'finance_receipt', 'customers_customer'])[1 + n %% 4],
       1 + n %% 50000, 1 + (n / 4) %% 60, '{"status": "available"}', '{"status": "reserved"}',
       'page'
  FROM generate_series(1, %(entries)s) n
"""


def run(stage: Stage, scale: float) -> list[Measure]:
    """Fill the audit, then search it as its page does; the middle of several rounds counts."""
    from app import create_app
    from app.core.audit import AuditScope, Search, StepKey, list_steps, read_steps
    from app.core.db import db

    stage.sql(_FILL, {"entries": ENTRIES})
    stage.sql("VACUUM ANALYZE core_audit_entry")
    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        (oldest, newest) = stage.sql("SELECT min(at), max(at) FROM core_audit_entry")[0]
        middle = oldest + (newest - oldest) / 2
        region = AuditScope(frozenset({7, 8}), frozenset({"user:7"}), frozenset({7}))
        searches: dict[str, tuple[Search, Any, Any]] = {
            "newest": (Search(), None, None),
            "deep page": (Search(), None, StepKey(middle, "user:1")),
            "record": (Search(objects=(("estate_room", 49),)), None, None),
            "person": (Search(actor="user:77"), None, None),
            "person, old": (Search(actor="user:77", until=middle), None, None),
            "deleted": (Search(actions=("delete",)), None, None),
            "exports": (Search(actions=("export",), until=middle), None, None),
            "kind of record": (Search(tables=("sales_hold",)), None, None),
            "a week": (Search(since=middle, until=middle + timedelta(days=7)), None, None),
            "project": (Search(project_id=33), None, None),
            "region": (Search(), region, None),
            "region, person": (Search(actor="user:8"), region, None),
            "nothing": (Search(objects=()), None, None),
        }
        slowest, name = max(
            (_middle(lambda s=search: _page(s, list_steps, read_steps, db)), title)
            for title, search in searches.items()
        )
        db.session.remove()
        db.engine.dispose()
    print(f"slowest search of {ENTRIES:,} entries: {name}")
    return [
        measure(
            "audit_page", slowest * 1000, "ms", scale=scale, better="lower", goal=200.0, by="value"
        )
    ]


def _page(search: tuple[Any, Any, Any], list_steps: Any, read_steps: Any, db: Any) -> None:
    asked, scope, before = search
    keys = list_steps(asked, scope=scope, before=before, limit=31)
    read_steps(keys, scope=scope)
    db.session.rollback()


def _middle(work: Callable[[], None]) -> float:
    taken = []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)

"""The audit of large statements: every row is written, in time that grows with the rows only."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.factories.people import make_organization

ROWS = 20_000


@pytest.mark.parametrize("first", [1, 0], ids=["after a single row", "at once"])
def test_twenty_thousand_rows_in_one_statement(session, first):
    top = make_organization()
    if first:
        # A plan kept from this one would take minutes for the many.
        session.execute(
            text("UPDATE admin_organization SET name = '一' WHERE id = :id"), {"id": top.id}
        )
    session.execute(
        text(
            "INSERT INTO admin_organization (code, name, parent_id)"
            " SELECT 'BULK' || n, 'x', :top FROM generate_series(1, :rows) n"
        ),
        {"top": top.id, "rows": ROWS},
    )
    session.execute(text("SET LOCAL statement_timeout = '30s'"))
    session.execute(text("UPDATE admin_organization SET name = 'y' WHERE code LIKE 'BULK%'"))
    written = session.execute(
        text(
            "SELECT count(*) FROM core_audit_entry WHERE action = 'update'"
            " AND table_name = 'admin_organization' AND after = '{\"name\": \"y\"}'"
        )
    ).scalar_one()
    assert written == ROWS

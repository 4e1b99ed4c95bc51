"""the audit of many rows at once costs as many steps, not their square.

A function keeps the plan that it made for its first, small change of the session. Joining the rows
before and after by a nested loop, right for one row, then takes minutes for ten thousand.
"""

from __future__ import annotations

from alembic import op

revision = 'f2a6c8e1b734'
down_revision = 'e94b7a1d52f6'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION audit_rows() SET enable_nestloop = off")


def downgrade() -> None:
    op.execute("ALTER FUNCTION audit_rows() RESET enable_nestloop")

"""the audit keeps that a payer changed, not who it is."""

from __future__ import annotations

from alembic import op

revision = "b30f6c8e1d94"
down_revision = "e94b7a1d52f6"
branch_labels = None
depends_on = None

TABLES = ("finance_account", "finance_bill", "finance_receipt")


def attach_again(table: str, personal: str) -> None:
    for action in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER audit_{action} ON {table}")
    op.execute(f"SELECT audit_attach('{table}', '{{{personal}}}')")


def upgrade() -> None:
    for table in TABLES:
        attach_again(table, "payer")


def downgrade() -> None:
    for table in TABLES:
        attach_again(table, "")

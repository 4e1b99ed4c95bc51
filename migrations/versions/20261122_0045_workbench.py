"""what a role's workbench shows, and small indexes for its figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d2e8b41f7c05"
down_revision = "0aaa086b1598"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workbench_default",
        sa.Column("role_code", sa.String(length=40), nullable=False),
        sa.Column("tiles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workbench_default")),
        sa.UniqueConstraint("role_code", name=op.f("uq_workbench_default_role_code")),
    )
    op.execute("SELECT audit_attach('workbench_default', '{}')")
    op.create_index(
        "ix_sales_subscription_subscribed_at", "sales_subscription", ["subscribed_at"]
    )
    # Days are written in the order of time: a block range index costs the counter next to nothing.
    op.create_index(
        "ix_finance_receipt_received_on",
        "finance_receipt",
        ["received_on"],
        postgresql_using="brin",
    )


def downgrade() -> None:
    op.drop_index("ix_finance_receipt_received_on", "finance_receipt")
    op.drop_index("ix_sales_subscription_subscribed_at", "sales_subscription")
    op.drop_table("workbench_default")

"""slips that wait for the cashier and jobs that wait for a person are found by small indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e94b7a1d52f6"
down_revision = "d81f5b2c6e30"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_devices_job_trouble",
        "devices_job",
        ["project_id"],
        postgresql_where=sa.text("state IN ('failed','unknown')"),
    )
    op.create_index(
        "ix_finance_receipt_slips",
        "finance_receipt",
        ["project_id"],
        postgresql_where=sa.text("state = 'slip'"),
    )


def downgrade() -> None:
    op.drop_index("ix_finance_receipt_slips", "finance_receipt")
    op.drop_index("ix_devices_job_trouble", "devices_job")

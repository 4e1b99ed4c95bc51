"""house types and zones can be switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f1b6a94c2e83"
down_revision = "e7f2136b8d40"
branch_labels = None
depends_on = None

TABLES = ("estate_house_type", "estate_zone")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False)
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "is_active")

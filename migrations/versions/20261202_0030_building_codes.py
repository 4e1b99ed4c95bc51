"""buildings may have a code, which stands for them in the codes of their rooms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c5f81d3b9e27"
down_revision = "a94c7d10e5b6"
branch_labels = None
depends_on = None

TABLE, INDEX = "estate_building", "uq_estate_building_code"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("code", sa.String(20), nullable=True))
    # Names are unique within a project already, so no building stands in the way of this.
    op.create_index(INDEX, TABLE, ["project_id", sa.text("coalesce(code, name)")], unique=True)


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    op.drop_column(TABLE, "code")

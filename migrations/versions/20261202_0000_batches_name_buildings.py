"""launch batches name the buildings that they put on the market."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a3d81f60b2c7"
down_revision = "f1b6a94c2e83"
branch_labels = None
depends_on = None

TABLE = "estate_launch_batch_building"


def points_to(column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{TABLE}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        points_to("batch_id", "estate_launch_batch", "CASCADE"),
        points_to("building_id", "estate_building"),
        points_to("project_id", "estate_project"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "batch_id", "building_id", name=op.f(f"uq_{TABLE}_batch_id_building_id")
        ),
    )
    for indexed in ("batch_id", "building_id", "project_id"):
        op.create_index(op.f(f"ix_{TABLE}_{indexed}"), TABLE, [indexed])
    op.execute(f"SELECT audit_attach('{TABLE}')")


def downgrade() -> None:
    op.drop_table(TABLE)

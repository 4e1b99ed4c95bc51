"""what a check of a price list found of each room is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a94c7d10e5b6"
down_revision = "b72e0d94a1f5"
branch_labels = None
depends_on = None

TABLE = "estate_room_import_line"


def points_to(column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{TABLE}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("room_import_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("sheet", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        points_to("room_import_id", "estate_room_import", "CASCADE"),
        points_to("room_id", "estate_room", "SET NULL"),
        points_to("project_id", "estate_project"),
        sa.CheckConstraint(
            "kind IN ('new','changed','differs','same','absent','refused')",
            name=op.f(f"ck_{TABLE}_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_project_id"), TABLE, ["project_id"])
    op.create_index(f"ix_{TABLE}_kind", TABLE, ["room_import_id", "kind", "id"])
    op.create_index(
        f"ix_{TABLE}_room",
        TABLE,
        ["room_id"],
        postgresql_where=sa.text("room_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table(TABLE)

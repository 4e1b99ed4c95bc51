"""what has to be ready before a batch goes on the market."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8c41e7d2a6b5"
down_revision = "2f6d90b1c7e3"
branch_labels = None
depends_on = None

TABLE = "estate_opening_item"
PEOPLE = ("responsible_id", "done_by_id")


def points_to(column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{TABLE}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Integer(), nullable=True),
        sa.Column("remarks", sa.String(200), server_default=sa.text("''"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        points_to("batch_id", "estate_launch_batch", "CASCADE"),
        points_to("responsible_id", "ab_user"),
        points_to("done_by_id", "ab_user"),
        points_to("project_id", "estate_project"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("batch_id", "kind", name=op.f(f"uq_{TABLE}_batch_id_kind")),
        sa.CheckConstraint(
            "(done_at IS NULL) = (done_by_id IS NULL)", name=op.f(f"ck_{TABLE}_done_by_somebody")
        ),
    )
    for column in ("batch_id", "project_id", *PEOPLE):
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])
    op.execute(f"SELECT audit_attach('{TABLE}')")


def downgrade() -> None:
    op.drop_table(TABLE)

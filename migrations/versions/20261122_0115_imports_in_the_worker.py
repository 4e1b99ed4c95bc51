"""big imports are carried out by the worker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9e2b64d0c7f3"
down_revision = "f1a6c3d27b90"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "estate_room_import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.String(300), server_default=sa.text("''"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["estate_room_import.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["ab_user.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["estate_project.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("import_id"),
    )
    op.create_index(
        op.f("ix_estate_room_import_run_asked_by_id"), "estate_room_import_run", ["asked_by_id"]
    )
    op.create_index(
        op.f("ix_estate_room_import_run_project_id"), "estate_room_import_run", ["project_id"]
    )


def downgrade() -> None:
    op.drop_table("estate_room_import_run")

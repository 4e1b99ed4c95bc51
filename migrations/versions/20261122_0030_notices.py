"""what people are told, and what each has chosen for himself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c7d1a90e4b26"
down_revision = "c3a9d5e17f20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_preference",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_core_preference_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_preference")),
    )
    op.create_index("ix_core_preference_user_id", "core_preference", ["user_id"])
    op.create_index("uq_core_preference", "core_preference", ["user_id", "name"], unique=True)
    op.create_table(
        "notices_notice",
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("once", sa.String(length=80), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_notices_notice_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_notice")),
    )
    op.create_index("ix_notices_notice_user", "notices_notice", ["user_id", "id"])
    op.create_index(
        "ix_notices_notice_unread",
        "notices_notice",
        ["user_id", "id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_notices_notice_xid", "notices_notice", ["xid"])
    op.create_index(
        "uq_notices_notice_once",
        "notices_notice",
        ["user_id", "once"],
        unique=True,
        postgresql_where=sa.text("once IS NOT NULL"),
    )
    op.create_index(
        "ix_notices_notice_waiting",
        "notices_notice",
        ["link"],
        postgresql_where=sa.text("read_at IS NULL AND kind IN ('approval_waits', 'opinion_asked')"),
    )
    op.create_index(
        "ix_notices_notice_made_at", "notices_notice", ["made_at"], postgresql_using="brin"
    )
    op.create_index(
        "ix_sales_subscription_signing",
        "sales_subscription",
        ["sign_by"],
        postgresql_where=sa.text("state = 'active'"),
    )


def downgrade() -> None:
    op.drop_index("ix_sales_subscription_signing", "sales_subscription")
    op.drop_table("notices_notice")
    op.drop_table("core_preference")

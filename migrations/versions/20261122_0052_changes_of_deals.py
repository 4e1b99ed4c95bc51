"""the register of what approvals changed of deals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0aaa086b1598"
down_revision = "c51d7e90a2b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sales_change",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("request_number", sa.String(length=40), nullable=False),
        sa.Column("applicant_id", sa.Integer(), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["ab_user.id"], name=op.f("fk_sales_change_applicant_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["ab_user.id"], name=op.f("fk_sales_change_approved_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_sales_change_owner_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_sales_change_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["estate_room.id"], name=op.f("fk_sales_change_room_id_estate_room")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["sales_subscription.id"],
            name=op.f("fk_sales_change_subscription_id_sales_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_change")),
        sa.UniqueConstraint("request_id", name=op.f("uq_sales_change_request_id")),
    )
    op.create_index(
        op.f("ix_sales_change_applicant_id"), "sales_change", ["applicant_id"], unique=False
    )
    op.create_index(
        op.f("ix_sales_change_approved_by_id"), "sales_change", ["approved_by_id"], unique=False
    )
    op.create_index(op.f("ix_sales_change_owner_id"), "sales_change", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_sales_change_project_id"), "sales_change", ["project_id"], unique=False
    )
    op.create_index(op.f("ix_sales_change_room_id"), "sales_change", ["room_id"], unique=False)
    op.create_index(
        op.f("ix_sales_change_subscription_id"), "sales_change", ["subscription_id"], unique=False
    )
    op.execute("SELECT audit_attach('sales_change', '{}')")


def downgrade() -> None:
    op.drop_index(op.f("ix_sales_change_subscription_id"), table_name="sales_change")
    op.drop_index(op.f("ix_sales_change_room_id"), table_name="sales_change")
    op.drop_index(op.f("ix_sales_change_project_id"), table_name="sales_change")
    op.drop_index(op.f("ix_sales_change_owner_id"), table_name="sales_change")
    op.drop_index(op.f("ix_sales_change_approved_by_id"), table_name="sales_change")
    op.drop_index(op.f("ix_sales_change_applicant_id"), table_name="sales_change")
    op.drop_table("sales_change")

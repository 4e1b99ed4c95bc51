"""views, layouts and exports of lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5d1c7e3a90b2"
down_revision = "c5e20d9a71f3"
branch_labels = None
depends_on = None


def moment(name: str, **more: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **more)


def number() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "lists_view",
        number(),
        sa.Column("list_key", sa.String(80), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("role_code", sa.String(80)),
        sa.Column("project_id", sa.BigInteger()),
        moment("created_at", server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["ab_user.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["estate_project.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner_id", "list_key", "name"),
    )
    op.create_index("ix_lists_view_list_key", "lists_view", ["list_key"])
    op.create_index(op.f("ix_lists_view_owner_id"), "lists_view", ["owner_id"])
    op.create_index(op.f("ix_lists_view_project_id"), "lists_view", ["project_id"])
    op.execute("SELECT audit_attach('lists_view', '{}')")
    op.create_table(
        "lists_layout",
        number(),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("list_key", sa.String(80), nullable=False),
        sa.Column("columns", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("page_size", sa.Integer()),
        sa.Column("default_view_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"]),
        sa.ForeignKeyConstraint(["default_view_id"], ["lists_view.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "list_key"),
    )
    op.create_index(op.f("ix_lists_layout_user_id"), "lists_layout", ["user_id"])
    op.create_index(op.f("ix_lists_layout_default_view_id"), "lists_layout", ["default_view_id"])
    op.create_table(
        "lists_export",
        number(),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("list_key", sa.String(80), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("project_id", sa.BigInteger()),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("state", sa.String(20), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("file_name", sa.String(80), server_default=sa.text("''"), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("problem", sa.String(300), server_default=sa.text("''"), nullable=False),
        moment("created_at", server_default=sa.text("now()"), nullable=False),
        moment("started_at"),
        moment("seen_at"),
        moment("ended_at"),
        moment("expires_at"),
        sa.ForeignKeyConstraint(["owner_id"], ["ab_user.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["estate_project.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_lists_export_owner_id_id", "lists_export", ["owner_id", "id"])
    op.create_index("ix_lists_export_state", "lists_export", ["state"])
    op.create_index(op.f("ix_lists_export_project_id"), "lists_export", ["project_id"])


def downgrade() -> None:
    op.drop_table("lists_export")
    op.drop_table("lists_layout")
    op.drop_table("lists_view")

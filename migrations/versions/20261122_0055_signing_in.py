"""sign-in sessions, second factors, recovery codes, used passwords, what roles ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c51d7e90a2b8"
down_revision = "5d1c7e3a90b2"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _user(table: str) -> list:
    return [
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f(f"fk_{table}_user_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.add_column("ab_user", sa.Column("password_changed_at", MOMENT, nullable=True))
    op.add_column(
        "admin_sign_in_failure",
        sa.Column("pending", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "admin_sign_in_session",
        _id(),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("access_version", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("idle_until", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("duty", sa.String(20), server_default="", nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("end_reason", sa.String(20), server_default="", nullable=False),
        *_user("admin_sign_in_session"),
        sa.UniqueConstraint("key_digest", name=op.f("uq_admin_sign_in_session_key_digest")),
    )
    op.create_index(
        op.f("ix_admin_sign_in_session_user_id"), "admin_sign_in_session", ["user_id"]
    )
    op.create_table(
        "admin_second_factor",
        _id(),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        *_user("admin_second_factor"),
        sa.UniqueConstraint("user_id", name=op.f("uq_admin_second_factor_user_id")),
    )
    op.create_table(
        "admin_recovery_code",
        _id(),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        *_user("admin_recovery_code"),
        sa.UniqueConstraint(
            "user_id", "code_digest", name=op.f("uq_admin_recovery_code_user_id_code_digest")
        ),
    )
    op.create_index(op.f("ix_admin_recovery_code_user_id"), "admin_recovery_code", ["user_id"])
    op.create_table(
        "admin_password_history",
        _id(),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("password", sa.String(256), nullable=False),
        *_user("admin_password_history"),
    )
    op.create_index(
        op.f("ix_admin_password_history_user_id"), "admin_password_history", ["user_id"]
    )
    op.create_table(
        "admin_role_security",
        _id(),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["ab_role.id"],
            name=op.f("fk_admin_role_security_role_id_ab_role"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_role_security")),
        sa.UniqueConstraint("role_id", name=op.f("uq_admin_role_security_role_id")),
    )
    op.execute("SELECT audit_attach('admin_role_security', '{}')")


def downgrade() -> None:
    for table in (
        "admin_role_security",
        "admin_password_history",
        "admin_recovery_code",
        "admin_second_factor",
        "admin_sign_in_session",
    ):
        op.drop_table(table)
    op.drop_column("admin_sign_in_failure", "pending")
    op.drop_column("ab_user", "password_changed_at")

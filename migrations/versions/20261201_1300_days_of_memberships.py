"""memberships that take effect by themselves; the browser that a sign-in came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a92d57e3f1c8"
down_revision = "c4d92a1b7e35"
branch_labels = None
depends_on = None

MEMBERSHIPS = ("admin_organization_member", "estate_project_member", "admin_team_member")


def upgrade() -> None:
    for table in MEMBERSHIPS:
        op.add_column(table, sa.Column("counts", sa.Boolean(), nullable=True))
    op.add_column(
        "admin_sign_in_session",
        sa.Column("browser", sa.String(64), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("admin_sign_in_session", "browser")
    for table in MEMBERSHIPS:
        op.drop_column(table, "counts")

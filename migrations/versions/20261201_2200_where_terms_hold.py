"""where payment methods and discounts hold, and who grants a discount."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d90b47c1f6a2"
down_revision = "c5a8f03e9d17"
branch_labels = None
depends_on = None

TABLES = {
    "pricing_payment_method_building": ("method_id", "pricing_payment_method"),
    "pricing_discount_building": ("discount_id", "pricing_discount"),
}


def points_to(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.add_column("pricing_discount", sa.Column("grantor_role", sa.String(40), nullable=True))
    for table, (column, target) in TABLES.items():
        op.create_table(
            table,
            sa.Column(column, sa.BigInteger(), nullable=False),
            sa.Column("building_id", sa.BigInteger(), nullable=False),
            sa.Column("project_id", sa.BigInteger(), nullable=False),
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            points_to(table, column, target, "CASCADE"),
            points_to(table, "building_id", "estate_building"),
            points_to(table, "project_id", "estate_project"),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint(
                column, "building_id", name=op.f(f"uq_{table}_{column}_building_id")
            ),
        )
        for indexed in (column, "building_id", "project_id"):
            op.create_index(op.f(f"ix_{table}_{indexed}"), table, [indexed])
        op.execute(f"SELECT audit_attach('{table}')")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("pricing_discount", "grantor_role")

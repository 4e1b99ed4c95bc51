"""price plans by hand, by rule and on a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "a4d7e1c05b93"
down_revision = "a92d57e3f1c8"
branch_labels = None
depends_on = None

PLAN, ROW, PRICE = "pricing_price_plan", "pricing_price_plan_row", "pricing_room_price"
FIGURES = ("list_unit_price", "list_total", "floor_total")


def upgrade() -> None:
    op.add_column(PLAN, sa.Column("terms", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column(PLAN, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column(PLAN, sa.Column("takes_effect_on", sa.Date()))
    op.add_column(PLAN, sa.Column("approved_at", sa.DateTime(timezone=True)))
    op.add_column(
        PLAN,
        sa.Column("closing_note", sa.String(300), server_default=sa.text("''"), nullable=False),
    )
    # Plans of closed projects are filled in as well; nobody's work is changed by it.
    op.execute(f"ALTER TABLE {PLAN} DISABLE TRIGGER USER")
    op.execute(f"UPDATE {PLAN} SET approved_at = effective_at WHERE effective_at IS NOT NULL")
    op.execute(f"ALTER TABLE {PLAN} ENABLE TRIGGER USER")
    for table in (ROW, PRICE):
        basis = sa.Column(
            "price_basis", sa.String(10), server_default=sa.text("'gross'"), nullable=False
        )
        op.add_column(table, basis)
    op.add_column(ROW, sa.Column("left_because", sa.String(10)))
    for name in FIGURES:
        op.alter_column(ROW, name, nullable=True)
    op.create_check_constraint(
        op.f("ck_pricing_price_plan_row_whole_or_none"),
        ROW,
        "num_nulls(list_unit_price, list_total, floor_total) IN (0, 3)",
    )
    op.create_check_constraint(
        op.f("ck_pricing_price_plan_row_basis_known"),
        ROW,
        "price_basis IN ('gross', 'inside', 'unit')",
    )
    op.create_index(
        "ix_pricing_price_plan_row_left_sold",
        ROW,
        ["plan_id"],
        postgresql_where=sa.text("left_because = 'sold'"),
    )
    op.create_index("uq_pricing_room_price_plan_room", PRICE, ["plan_id", "room_id"], unique=True)
    op.drop_index(op.f("ix_pricing_room_price_plan_id"), PRICE)


def downgrade() -> None:
    op.create_index(op.f("ix_pricing_room_price_plan_id"), PRICE, ["plan_id"])
    op.drop_index("uq_pricing_room_price_plan_room", PRICE)
    op.drop_index("ix_pricing_price_plan_row_left_sold", ROW)
    op.drop_constraint(op.f("ck_pricing_price_plan_row_basis_known"), ROW)
    op.drop_constraint(op.f("ck_pricing_price_plan_row_whole_or_none"), ROW)
    # A row without a price and a plan that waits for its day were unknown.
    op.execute(f"DELETE FROM {ROW} WHERE list_total IS NULL")
    op.execute(f"UPDATE {PLAN} SET state = 'draft' WHERE state = 'scheduled'")
    op.execute(f"UPDATE {PLAN} SET state = 'rejected' WHERE state IN ('cancelled', 'overtaken')")
    for name in FIGURES:
        op.alter_column(ROW, name, nullable=False)
    op.drop_column(ROW, "left_because")
    for table in (PRICE, ROW):
        op.drop_column(table, "price_basis")
    for name in ("closing_note", "approved_at", "takes_effect_on", "version", "terms"):
        op.drop_column(PLAN, name)

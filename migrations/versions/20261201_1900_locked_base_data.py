"""base data are reviewed and locked, and change by an approved change from then on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2f6d90b1c7e3"
down_revision = "5e8b20c7d914"
branch_labels = None
depends_on = None

CHANGE = "pricing_base_data_change"
LINE = "pricing_base_data_change_line"
SCAN = "pricing_base_data_change_scan"
LOCK = "estate_base_data_lock"
ENTRY = "estate_base_data_entry"
AUDITED = (LOCK, CHANGE, LINE)


def create(table: str, *parts: sa.Column | sa.Constraint) -> None:
    """Create a table of rows of a project, with its key."""
    op.create_table(
        table,
        *parts,
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        points_to(table, "project_id", "estate_project"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_project_id"), table, ["project_id"])


def points_to(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def person(column: str) -> sa.Column:
    return sa.Column(column, sa.Integer(), nullable=True)


def moment(column: str, *, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(
        column, sa.DateTime(timezone=True), nullable=not now, server_default=default
    )


def text(column: str, length: int) -> sa.Column:
    return sa.Column(column, sa.String(length), server_default=sa.text("''"), nullable=False)


def locks() -> None:
    create(
        LOCK,
        moment("sales_reviewed_at"),
        person("sales_reviewed_by_id"),
        text("sales_digest", 64),
        moment("finance_reviewed_at"),
        person("finance_reviewed_by_id"),
        text("finance_digest", 64),
        moment("locked_at"),
        sa.Column("opened_for", sa.String(40), nullable=True),
        points_to(LOCK, "sales_reviewed_by_id", "ab_user"),
        points_to(LOCK, "finance_reviewed_by_id", "ab_user"),
        sa.UniqueConstraint("project_id", name=op.f(f"uq_{LOCK}_project_id")),
        sa.CheckConstraint(
            "locked_at IS NULL"
            " OR (sales_reviewed_at IS NOT NULL AND finance_reviewed_at IS NOT NULL)",
            name=op.f(f"ck_{LOCK}_locked_when_both_have_reviewed"),
        ),
        sa.CheckConstraint(
            "sales_reviewed_by_id <> finance_reviewed_by_id", name=op.f(f"ck_{LOCK}_two_people")
        ),
        sa.CheckConstraint(
            "opened_for IS NULL OR locked_at IS NOT NULL",
            name=op.f(f"ck_{LOCK}_opened_when_locked"),
        ),
    )
    create(
        ENTRY,
        sa.Column("kind", sa.String(30), nullable=False),
        moment("happened_at", now=True),
        person("by_id"),
        sa.Column("change_number", sa.String(40), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        points_to(ENTRY, "by_id", "ab_user"),
    )


def changes() -> None:
    create(
        CHANGE,
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(20), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("execute_by", sa.Date(), nullable=True),
        moment("approved_at"),
        moment("executed_at"),
        person("executed_by_id"),
        text("closing_note", 300),
        moment("created_at", now=True),
        person("created_by_id"),
        moment("state_at"),
        person("state_by_id"),
        points_to(CHANGE, "executed_by_id", "ab_user"),
        points_to(CHANGE, "created_by_id", "ab_user"),
        points_to(CHANGE, "state_by_id", "ab_user"),
        sa.UniqueConstraint("number", name=op.f(f"uq_{CHANGE}_number")),
    )
    op.create_index(
        "uq_pricing_base_data_change_opened",
        CHANGE,
        ["project_id"],
        unique=True,
        postgresql_where=sa.text("state = 'opened'"),
    )
    records = {
        "room_id": "estate_room",
        "house_type_id": "estate_house_type",
        "payment_method_id": "pricing_payment_method",
        "discount_id": "pricing_discount",
    }
    create(
        LINE,
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        *(sa.Column(column, sa.BigInteger(), nullable=True) for column in records),
        sa.Column("field", sa.String(40), nullable=False),
        text("before", 120),
        text("after", 120),
        points_to(LINE, "change_id", CHANGE, "CASCADE"),
        *(points_to(LINE, column, target) for column, target in records.items()),
        sa.CheckConstraint(
            "num_nonnulls(room_id, house_type_id, payment_method_id, discount_id) = 1",
            name=op.f(f"ck_{LINE}_of_one_record"),
        ),
    )
    for column in ("change_id", *records):
        op.create_index(op.f(f"ix_{LINE}_{column}"), LINE, [column])
    op.create_index(
        "uq_pricing_base_data_change_line_field",
        LINE,
        ["change_id", *records, "field"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    create(
        SCAN,
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        moment("created_at", now=True),
        person("created_by_id"),
        points_to(SCAN, "change_id", CHANGE, "CASCADE"),
        points_to(SCAN, "created_by_id", "ab_user"),
        sa.UniqueConstraint("change_id", name=op.f(f"uq_{SCAN}_change_id")),
    )


PEOPLE = {
    LOCK: ("sales_reviewed_by_id", "finance_reviewed_by_id"),
    ENTRY: ("by_id",),
    CHANGE: ("executed_by_id", "created_by_id", "state_by_id"),
    SCAN: ("created_by_id",),
}


def upgrade() -> None:
    op.execute("CREATE SEQUENCE number_base_data_change")
    locks()
    changes()
    for table, columns in PEOPLE.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    for table in AUDITED:
        op.execute(f"SELECT audit_attach('{table}')")


def downgrade() -> None:
    for table in (SCAN, LINE, CHANGE, ENTRY, LOCK):
        op.drop_table(table)
    op.execute("DROP SEQUENCE number_base_data_change")

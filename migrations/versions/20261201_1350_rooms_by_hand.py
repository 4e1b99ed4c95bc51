"""rooms made and reshaped by hand: generations, lineage, fit-outs, what a room is besides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4c1d7a90be35"
down_revision = "b7e05c9a41d8"
branch_labels = None
depends_on = None

STATUSES = (
    "'unreleased','available','held','reserved','queued','subscribed','contracted','handed_over',"
    "'repricing'"
)
USAGES = "usage IN ('sale','lease','both')"
AUDITED = ("estate_fit_out", "estate_room_generation", "estate_room_lineage")

# Rooms merged away are gone for every screen, though their rows stay.
TELL = """
CREATE OR REPLACE FUNCTION estate_room_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO estate_room_event (xid, project_id, room_id, version, gone)
    SELECT pg_current_xact_id()::text::bigint, o.project_id, o.id, o.version + 1, true
      FROM old_rows o;
  ELSE
    INSERT INTO estate_room_event (xid, project_id, room_id, version, gone)
    SELECT pg_current_xact_id()::text::bigint, n.project_id, n.id, n.version, @GONE@
      FROM new_rows n;
  END IF;
  RETURN NULL;
END $$;
"""


def create(table: str, *columns: sa.Column, constraints: tuple[sa.Constraint, ...] = ()) -> None:
    """Create a table of rows of a project, with its key and its trail in the audit."""
    op.create_table(
        table,
        *columns,
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f(f"fk_{table}_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *constraints,
    )
    op.create_index(op.f(f"ix_{table}_project_id"), table, ["project_id"])


def points_to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def moment(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=default
    )


def new_tables() -> None:
    create(
        "estate_fit_out",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("unit_price", sa.Numeric(14, 2), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        constraints=(
            sa.UniqueConstraint(
                "project_id", "name", name=op.f("uq_estate_fit_out_project_id_name")
            ),
            sa.CheckConstraint(
                "unit_price >= 0", name=op.f("ck_estate_fit_out_unit_price_not_negative")
            ),
        ),
    )
    generation = "estate_room_generation"
    create(
        generation,
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("buildings", sa.String(120), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("specification", postgresql.JSONB(), nullable=False),
        sa.Column("made", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(20), server_default=sa.text("'done'"), nullable=False),
        moment("created_at", nullable=False, now=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        moment("state_at"),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        constraints=(
            points_to(generation, "created_by_id", "ab_user"),
            points_to(generation, "state_by_id", "ab_user"),
            sa.UniqueConstraint("number", name=op.f("uq_estate_room_generation_number")),
        ),
    )
    for column in ("created_by_id", "state_by_id"):
        op.create_index(op.f(f"ix_{generation}_{column}"), generation, [column])
    lineage = "estate_room_lineage"
    create(
        lineage,
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("restores_id", sa.BigInteger(), nullable=True),
        sa.Column("source", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        moment("at", nullable=False, now=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        moment("undone_at"),
        constraints=(
            points_to(lineage, "room_id", "estate_room"),
            points_to(lineage, "source_id", "estate_room"),
            points_to(lineage, "restores_id", "estate_room"),
            points_to(lineage, "created_by_id", "ab_user"),
        ),
    )
    for column in ("room_id", "source_id", "restores_id", "created_by_id"):
        op.create_index(op.f(f"ix_{lineage}_{column}"), lineage, [column])
    op.execute("CREATE SEQUENCE number_generation")


def new_columns() -> None:
    op.add_column(
        "estate_building",
        sa.Column("usage", sa.String(10), server_default=sa.text("'sale'"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_estate_building_usage_known"), "estate_building", USAGES)
    for name, kind in (
        ("structure", sa.String(40)),
        ("gross_area", sa.Numeric(10, 2)),
        ("inside_area", sa.Numeric(10, 2)),
    ):
        op.add_column("estate_house_type", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_estate_house_type_gross_area_positive"), "estate_house_type", "gross_area > 0"
    )
    op.create_check_constraint(
        op.f("ck_estate_house_type_inside_fits"), "estate_house_type", "inside_area <= gross_area"
    )
    room = "estate_room"
    for column in (
        sa.Column(
            "lower_floors", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("view", sa.String(40), nullable=True),
        sa.Column("structure", sa.String(40), nullable=True),
        sa.Column("fit_out_id", sa.BigInteger(), nullable=True),
        sa.Column("usage", sa.String(10), nullable=True),
        sa.Column(
            "is_accessory", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("main_room_id", sa.BigInteger(), nullable=True),
        sa.Column("generation_id", sa.BigInteger(), nullable=True),
    ):
        op.add_column(room, column)
    for column, target in (
        ("fit_out_id", "estate_fit_out"),
        ("main_room_id", room),
        ("generation_id", "estate_room_generation"),
    ):
        op.create_foreign_key(op.f(f"fk_{room}_{column}_{target}"), room, target, [column], ["id"])
        op.create_index(op.f(f"ix_{room}_{column}"), room, [column])
    for name, rule in (
        ("usage_known", USAGES),
        ("accessory_has_its_mark", "main_room_id IS NULL OR is_accessory"),
        ("not_its_own_main_room", "main_room_id <> id"),
    ):
        op.create_check_constraint(op.f(f"ck_{room}_{name}"), room, rule)


def know_statuses(statuses: str) -> None:
    op.drop_constraint(op.f("ck_estate_room_status_known"), "estate_room", type_="check")
    op.create_check_constraint(
        op.f("ck_estate_room_status_known"), "estate_room", f"status IN ({statuses})"
    )


def number_once(where: str | None) -> None:
    """Keep a number unique within its entrance, among all rooms or among those that are there."""
    name = "uq_estate_room_number_in_entrance"
    op.drop_index(name, table_name="estate_room", postgresql_nulls_not_distinct=True)
    op.create_index(
        name,
        "estate_room",
        ["building_id", "entrance_id", "number"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=None if where is None else sa.text(where),
    )


def upgrade() -> None:
    new_tables()
    new_columns()
    know_statuses(f"{STATUSES},'merged'")
    number_once("status <> 'merged'")
    op.execute(TELL.replace("@GONE@", "n.status = 'merged'"))
    for table in AUDITED:
        op.execute(f"SELECT audit_attach('{table}')")


# What is merged away has no place in the older release: it goes, as far as nothing hangs on it, and
# else comes back under a number of its own.
GOING_BACK = """
DELETE FROM estate_room_lineage;
UPDATE estate_room SET main_room_id = NULL WHERE main_room_id IS NOT NULL;
UPDATE estate_room SET status = 'unreleased', number = left('M' || id || '-' || number, 30)
 WHERE status = 'merged';
"""


def downgrade() -> None:
    op.execute(GOING_BACK)
    op.execute(TELL.replace("@GONE@", "false"))
    number_once(None)
    know_statuses(STATUSES)
    room = "estate_room"
    for name in ("usage_known", "accessory_has_its_mark", "not_its_own_main_room"):
        op.drop_constraint(op.f(f"ck_{room}_{name}"), room, type_="check")
    for name in (
        "generation_id",
        "main_room_id",
        "is_accessory",
        "usage",
        "fit_out_id",
        "structure",
        "view",
        "lower_floors",
    ):
        op.drop_column(room, name)
    for name in ("inside_fits", "gross_area_positive"):
        op.drop_constraint(
            op.f(f"ck_estate_house_type_{name}"), "estate_house_type", type_="check"
        )
    for name in ("inside_area", "gross_area", "structure"):
        op.drop_column("estate_house_type", name)
    op.drop_constraint(op.f("ck_estate_building_usage_known"), "estate_building", type_="check")
    op.drop_column("estate_building", "usage")
    for table in reversed(AUDITED):
        op.drop_table(table)
    op.execute("DROP SEQUENCE number_generation")

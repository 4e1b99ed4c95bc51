"""drawings of projects, what is placed on them, and how a building is first seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c5a8f03e9d17"
down_revision = "8c41e7d2a6b5"
branch_labels = None
depends_on = None

DRAWING, FILE, SPOT = "estate_drawing", "estate_drawing_file", "estate_drawing_spot"
BUILDING = "estate_building"


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


def index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def new_tables() -> None:
    create(
        DRAWING,
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("house_type_id", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        points_to(DRAWING, "building_id", BUILDING, "CASCADE"),
        points_to(DRAWING, "house_type_id", "estate_house_type", "CASCADE"),
        points_to(DRAWING, "created_by_id", "ab_user"),
        sa.CheckConstraint(
            "(kind = 'floor') = (building_id IS NOT NULL)"
            " AND (kind = 'house_type') = (house_type_id IS NOT NULL)",
            name=op.f(f"ck_{DRAWING}_of_what_its_kind_says"),
        ),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f(f"ck_{DRAWING}_has_a_size")),
    )
    index(DRAWING, "building_id", "house_type_id", "created_by_id")
    op.create_index(
        "uq_estate_drawing_site",
        DRAWING,
        ["project_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'site'"),
    )
    create(
        FILE,
        sa.Column("drawing_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        points_to(FILE, "drawing_id", DRAWING, "CASCADE"),
        sa.UniqueConstraint("drawing_id", name=op.f(f"uq_{FILE}_drawing_id")),
    )
    create(
        SPOT,
        sa.Column("drawing_id", sa.BigInteger(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("points", JSONB(), nullable=False),
        points_to(SPOT, "drawing_id", DRAWING, "CASCADE"),
        points_to(SPOT, "building_id", BUILDING, "CASCADE"),
        points_to(SPOT, "room_id", "estate_room", "CASCADE"),
        sa.CheckConstraint(
            "num_nonnulls(building_id, room_id) = 1", name=op.f(f"ck_{SPOT}_of_one_record")
        ),
    )
    index(SPOT, "drawing_id", "building_id", "room_id")
    op.create_index(
        "uq_estate_drawing_spot_record",
        SPOT,
        ["drawing_id", "building_id", "room_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def upgrade() -> None:
    op.add_column(
        BUILDING,
        sa.Column("first_view", sa.String(10), server_default=sa.text("'grid'"), nullable=False),
    )
    op.create_check_constraint(
        op.f(f"ck_{BUILDING}_first_view_known"), BUILDING, "first_view IN ('grid','plan')"
    )
    new_tables()
    for table in (DRAWING, SPOT):
        op.execute(f"SELECT audit_attach('{table}')")


def downgrade() -> None:
    for table in (SPOT, FILE, DRAWING):
        op.drop_table(table)
    op.drop_constraint(op.f(f"ck_{BUILDING}_first_view_known"), BUILDING, type_="check")
    op.drop_column(BUILDING, "first_view")

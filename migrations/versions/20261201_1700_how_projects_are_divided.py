"""how projects are divided and how far they are: land, zones, product types, milestones, batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5e8b20c7d914"
down_revision = "7a0c53e4b91d"
branch_labels = None
depends_on = None

PROJECT = (
    ("plot_place", sa.String(200)),
    ("plot_number", sa.String(60)),
    ("plot_area", sa.Numeric(10, 2)),
    ("land_use", sa.String(60)),
    ("grant_contract", sa.String(60)),
    ("term_from", sa.Date()),
    ("term_until", sa.Date()),
    ("land_certificate", sa.String(60)),
    ("planning_permit", sa.String(60)),
    ("construction_permit", sa.String(60)),
    ("title_number", sa.String(60)),
    ("saleable_area", sa.Numeric(10, 2)),
    ("started_on", sa.Date()),
    ("opened_on", sa.Date()),
)
CHECKS = (
    ("plot_area_positive", "plot_area > 0"),
    ("saleable_area_positive", "saleable_area > 0"),
    ("term_runs", "term_until > term_from"),
)
AUDITED = ("estate_product_type", "estate_zone", "estate_milestone", "estate_launch_batch")

# What is known already: the completion record is a milestone from now on. One to come was a plan,
# and is no longer taken for a record that lets rooms be sold.
KNOWN = """
INSERT INTO estate_milestone (project_id, building_id, kind, planned_on, actual_on)
SELECT project_id, id, 'completion_record',
       CASE WHEN completed_on > @TODAY@ THEN completed_on END,
       CASE WHEN completed_on <= @TODAY@ THEN completed_on END
  FROM estate_building
 WHERE completed_on IS NOT NULL;
UPDATE estate_building SET completed_on = NULL WHERE completed_on > @TODAY@;
"""


def create(table: str, *parts: sa.Column | sa.Constraint) -> None:
    """Create a table of rows of a project, with its key and its trail in the audit."""
    op.create_table(
        table,
        *parts,
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["estate_project.id"], name=op.f(f"fk_{table}_project_id_estate_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_project_id"), table, ["project_id"])


def points_to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def new_tables() -> None:
    op.create_table(
        "estate_product_type",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_product_type")),
        sa.UniqueConstraint("name", name=op.f("uq_estate_product_type_name")),
    )
    create(
        "estate_zone",
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        points_to("estate_zone", "parent_id", "estate_zone"),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_estate_zone_project_id_name")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_estate_zone_not_its_own_parent")),
    )
    op.create_index(op.f("ix_estate_zone_parent_id"), "estate_zone", ["parent_id"])
    milestone = "estate_milestone"
    create(
        milestone,
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("actual_on", sa.Date(), nullable=True),
        sa.Column("remarks", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["estate_building.id"],
            name=op.f(f"fk_{milestone}_building_id_estate_building"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "building_id", "kind", name=op.f("uq_estate_milestone_building_id_kind")
        ),
        sa.CheckConstraint(
            "planned_on IS NOT NULL OR actual_on IS NOT NULL",
            name=op.f("ck_estate_milestone_has_a_day"),
        ),
    )
    op.create_index(op.f("ix_estate_milestone_building_id"), milestone, ["building_id"])
    batch = "estate_launch_batch"
    create(
        batch,
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("launched_on", sa.Date(), nullable=True),
        sa.Column("area", sa.Numeric(10, 2), nullable=True),
        sa.Column("remarks", sa.String(200), nullable=True),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_estate_launch_batch_project_id_name")
        ),
        sa.CheckConstraint("area > 0", name=op.f("ck_estate_launch_batch_area_positive")),
    )


def upgrade() -> None:
    for name, kind in PROJECT:
        op.add_column("estate_project", sa.Column(name, kind, nullable=True))
    for name, rule in CHECKS:
        op.create_check_constraint(op.f(f"ck_estate_project_{name}"), "estate_project", rule)
    new_tables()
    for column, target in (("zone_id", "estate_zone"), ("product_type_id", "estate_product_type")):
        building = "estate_building"
        op.add_column(building, sa.Column(column, sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{building}_{column}_{target}"), building, target, [column], ["id"]
        )
        op.create_index(op.f(f"ix_{building}_{column}"), building, [column])
    for table in AUDITED:
        op.execute(f"SELECT audit_attach('{table}')")
    op.execute(KNOWN.replace("@TODAY@", "(now() AT TIME ZONE 'Asia/Shanghai')::date"))


def downgrade() -> None:
    for column in ("product_type_id", "zone_id"):
        op.drop_column("estate_building", column)
    for table in reversed(AUDITED):
        op.drop_table(table)
    for name, _rule in CHECKS:
        op.drop_constraint(op.f(f"ck_estate_project_{name}"), "estate_project", type_="check")
    for name, _kind in reversed(PROJECT):
        op.drop_column("estate_project", name)

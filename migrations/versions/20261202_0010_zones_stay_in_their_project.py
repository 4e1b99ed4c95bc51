"""zones and what lies in them are of one project; projects have a point on the map."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b72e0d94a1f5"
down_revision = "a3d81f60b2c7"
branch_labels = None
depends_on = None

POINT = r"map_point ~ '^-?\d{1,2}\.\d{6}, -?\d{1,3}\.\d{6}$'"
INSIDE = (
    ("estate_building", "zone_id", "estate_zone"),
    ("estate_zone", "parent_id", "estate_zone"),
)


def upgrade() -> None:
    for table, column, _target in INSIDE:
        _refuse_strangers(table, column)
    op.create_unique_constraint(
        op.f("uq_estate_zone_project_id_id"), "estate_zone", ["project_id", "id"]
    )
    for table, column, target in INSIDE:
        op.create_foreign_key(
            op.f(f"fk_{table}_project_id_{column}_{target}"),
            table,
            target,
            ["project_id", column],
            ["project_id", "id"],
        )
    op.add_column("estate_project", sa.Column("map_point", sa.String(30), nullable=True))
    op.create_check_constraint(
        op.f("ck_estate_project_map_point_reads"), "estate_project", sa.text(POINT)
    )


def downgrade() -> None:
    op.drop_column("estate_project", "map_point")
    for table, column, target in reversed(INSIDE):
        op.drop_constraint(op.f(f"fk_{table}_project_id_{column}_{target}"), table)
    op.drop_constraint(op.f("uq_estate_zone_project_id_id"), "estate_zone")


def _refuse_strangers(table: str, column: str) -> None:
    """Stop before anything is changed where a row lies in a zone of another project."""
    found = op.get_bind().execute(
        sa.text(
            f"SELECT string_agg(t.name, '、') FROM {table} t JOIN estate_zone z ON z.id = t.{column}"
            " WHERE z.project_id <> t.project_id"
        )
    )
    names = found.scalar_one()
    if names:
        raise RuntimeError(f"以下记录所属分区不在本项目内，请先改正再升级：{names}")

"""published price lists, frozen by the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "d3b96f2a7c41"
down_revision = "a4d7e1c05b93"
branch_labels = None
depends_on = None

LIST, ROW = "pricing_publication", "pricing_publication_row"
# A list is written in one transaction and then final; rows only ever come with their list. Only the
# restore of a whole project puts rows beside a list that is final already.
FREEZE = f"""
CREATE FUNCTION pricing_is_restored() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce(current_setting('xiaokong.actor', true), '') = 'system:project-restore' $$;
CREATE FUNCTION pricing_publication_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (TG_OP = 'TRUNCATE' OR OLD.is_final) AND NOT pricing_is_restored() THEN
    RAISE EXCEPTION 'a published price list never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION pricing_publication_row_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pricing_is_restored() THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM new_rows n JOIN {LIST} p ON p.id = n.publication_id
                WHERE p.is_final) THEN
      RAISE EXCEPTION 'a published price list never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'a published price list never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON {LIST}
  FOR EACH ROW EXECUTE FUNCTION pricing_publication_keep();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON {LIST}
  FOR EACH STATEMENT EXECUTE FUNCTION pricing_publication_keep();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {ROW}
  FOR EACH STATEMENT EXECUTE FUNCTION pricing_publication_row_keep();
CREATE TRIGGER keep_whole AFTER INSERT ON {ROW} REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION pricing_publication_row_keep();
"""


def upgrade() -> None:
    op.create_table(
        LIST,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("building_name", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.Integer()),
        sa.Column("permits", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("approvals", JSONB(), nullable=False),
        sa.Column("remarks", sa.String(300), server_default=sa.text("''"), nullable=False),
        sa.Column("rooms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("list_total", sa.Numeric(14, 2), server_default=sa.text("0"), nullable=False),
        sa.Column("digest", sa.String(64), server_default=sa.text("''"), nullable=False),
        sa.Column("is_final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["building_id"], ["estate_building.id"]),
        sa.ForeignKeyConstraint(["published_by_id"], ["ab_user.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["estate_project.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("building_id", "version"),
    )
    op.create_table(
        ROW,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("entrance", sa.String(60)),
        sa.Column("floor_name", sa.String(20), nullable=False),
        sa.Column("number", sa.String(30), nullable=False),
        sa.Column("house_type", sa.String(60)),
        sa.Column("gross_area", sa.Numeric(10, 2), nullable=False),
        sa.Column("inside_area", sa.Numeric(10, 2)),
        sa.Column("price_basis", sa.String(10), nullable=False),
        sa.Column("list_unit_price", sa.Numeric(14, 2), nullable=False),
        sa.Column("list_total", sa.Numeric(14, 2), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["publication_id"], [f"{LIST}.id"]),
        sa.ForeignKeyConstraint(["room_id"], ["estate_room.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["estate_project.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("publication_id", "position"),
    )
    for table, columns in (
        (LIST, ("building_id", "published_by_id", "project_id")),
        (ROW, ("publication_id", "room_id", "project_id")),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.execute(f"SELECT audit_attach('{LIST}', '{{}}')")
    op.execute(FREEZE)


def downgrade() -> None:
    op.drop_table(ROW)
    op.drop_table(LIST)
    op.execute("DROP FUNCTION pricing_publication_row_keep()")
    op.execute("DROP FUNCTION pricing_publication_keep()")
    op.execute("DROP FUNCTION pricing_is_restored()")

"""roles put in an administrator's hands; what an account reaches now or will reach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e17c40b9d2a6"
down_revision = "b81e5f07a2c4"
branch_labels = None
depends_on = None

TABLE = "admin_entrusted_role"
LASTS = "coalesce(m.until_on, 'infinity') >= access_today()"

# As access_projects and access_nodes, with what begins on a later day: whoever takes an account
# over would come to that as well.
CLAIMS = f"""
CREATE FUNCTION access_node_claims(who bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE node AS (
    SELECT m.organization_id AS id FROM admin_organization_member m
     WHERE m.user_id = who AND {LASTS}
    UNION
    SELECT o.id FROM node n JOIN admin_organization o ON o.parent_id = n.id
  )
  SELECT id FROM node
$$;
CREATE FUNCTION access_claims(who bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE reach AS (
    (SELECT p.id FROM access_node_claims(who) n JOIN estate_project p ON p.organization_id = n
     UNION
     SELECT m.project_id FROM estate_project_member m WHERE m.user_id = who AND {LASTS}
     UNION
     SELECT m.project_id FROM admin_team_member m WHERE m.user_id = who AND {LASTS})
    UNION
    SELECT p.id FROM reach r JOIN estate_project p ON p.parent_id = r.id
  )
  SELECT id FROM reach
$$;
"""


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True),
        sa.Column(
            "user_id", sa.Integer(), sa.ForeignKey("ab_user.id"), nullable=False, index=True
        ),
        sa.Column(
            "role_id",
            sa.Integer(),
            sa.ForeignKey("ab_role.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.UniqueConstraint("user_id", "role_id"),
    )
    op.execute(f"SELECT audit_attach('{TABLE}', '{{}}')")
    op.execute(CLAIMS)


def downgrade() -> None:
    op.execute("DROP FUNCTION access_claims(bigint)")
    op.execute("DROP FUNCTION access_node_claims(bigint)")
    op.drop_table(TABLE)

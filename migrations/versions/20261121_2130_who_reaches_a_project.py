"""who reaches a project; who asked for an opinion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a7c1d90e42b8"
down_revision = "5f740eacc867"
branch_labels = None
depends_on = None

# The inverse of access_projects: asked from one project upwards.
ACCESS_USERS = """
CREATE FUNCTION access_users(which bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE place AS (
    SELECT p.id, p.parent_id, p.organization_id FROM estate_project p WHERE p.id = which
    UNION
    SELECT p.id, p.parent_id, p.organization_id
      FROM place c JOIN estate_project p ON p.id = c.parent_id
  ), node AS (
    SELECT organization_id AS id FROM place
    UNION
    SELECT o.parent_id FROM node n JOIN admin_organization o ON o.id = n.id
     WHERE o.parent_id IS NOT NULL
  )
  SELECT m.user_id FROM node n JOIN admin_organization_member m ON m.organization_id = n.id
  UNION
  SELECT m.user_id FROM place p JOIN estate_project_member m ON m.project_id = p.id
$$;
"""


def upgrade() -> None:
    op.execute(ACCESS_USERS)
    op.add_column("workflows_approval_request", sa.Column("closing_note", sa.Text()))
    op.add_column("workflows_approval_task", sa.Column("asked_by_id", sa.Integer()))
    op.add_column("workflows_approval_task", sa.Column("question", sa.Text()))
    op.create_index(
        "ix_workflows_approval_task_asked_by_id", "workflows_approval_task", ["asked_by_id"]
    )
    op.create_foreign_key(
        "fk_workflows_approval_task_asked_by_id_ab_user",
        "workflows_approval_task",
        "ab_user",
        ["asked_by_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_column("workflows_approval_task", "question")
    op.drop_column("workflows_approval_task", "asked_by_id")
    op.drop_column("workflows_approval_request", "closing_note")
    op.execute("DROP FUNCTION IF EXISTS access_users(bigint)")

"""teams, posts, memberships with dates, roles with a description."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c5e20d9a71f3"
down_revision = "c7d1a90e4b26"
branch_labels = None
depends_on = None

TABLES = ("admin_post_template", "admin_team", "admin_post", "admin_team_member")

TODAY = """
CREATE FUNCTION access_today() RETURNS date LANGUAGE sql STABLE AS $$
  SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date
$$;
"""

COUNTS = "access_today() BETWEEN coalesce(m.from_on, '-infinity') AND coalesce(m.until_on, 'infinity')"  # noqa: E501

PROJECTS = """
CREATE OR REPLACE FUNCTION access_projects(who bigint) RETURNS SETOF bigint LANGUAGE sql STABLE
AS $$
  WITH RECURSIVE node AS (
    SELECT m.organization_id AS id FROM admin_organization_member m
     WHERE m.user_id = who{counts}
    UNION
    SELECT o.id FROM node n JOIN admin_organization o ON o.parent_id = n.id
  ), reach AS (
    (SELECT p.id FROM node n JOIN estate_project p ON p.organization_id = n.id
     UNION
     SELECT m.project_id FROM estate_project_member m WHERE m.user_id = who{counts}{teams})
    UNION
    SELECT p.id FROM reach r JOIN estate_project p ON p.parent_id = r.id
  )
  SELECT id FROM reach
$$;
"""

# The inverse of access_projects: asked from one project upwards.
USERS = """
CREATE OR REPLACE FUNCTION access_users(which bigint) RETURNS SETOF bigint LANGUAGE sql STABLE
AS $$
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
  SELECT m.user_id FROM node n JOIN admin_organization_member m ON m.organization_id = n.id{where}
  UNION
  SELECT m.user_id FROM place p JOIN estate_project_member m ON m.project_id = p.id{where}{teams}
$$;
"""

# The nodes of the tree that a user belongs to, and all below them.
NODES = f"""
CREATE FUNCTION access_nodes(who bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE node AS (
    SELECT m.organization_id AS id FROM admin_organization_member m
     WHERE m.user_id = who AND {COUNTS}
    UNION
    SELECT o.id FROM node n JOIN admin_organization o ON o.parent_id = n.id
  )
  SELECT id FROM node
$$;
"""

# Whose rows a user sees beside his own: those on posts below his, or the whole team where the
# project shares; in the phases of the project as well.
FOLLOWED = f"""
CREATE FUNCTION access_followed(who bigint)
RETURNS TABLE (project_id bigint, user_id bigint) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE mine AS (
    SELECT m.team_id, m.post_id FROM admin_team_member m WHERE m.user_id = who AND {COUNTS}
  ), below AS (
    SELECT p.id FROM mine JOIN admin_post p ON p.superior_id = mine.post_id
    UNION
    SELECT p.id FROM below b JOIN admin_post p ON p.superior_id = b.id
  ), place AS (
    (SELECT m.project_id, m.user_id
       FROM mine
       JOIN admin_team_member m ON m.team_id = mine.team_id
       JOIN estate_project e ON e.id = m.project_id
      WHERE m.user_id <> who AND (e.team_shares OR m.post_id IN (SELECT id FROM below))
        AND {COUNTS})
    UNION
    SELECT p.id, l.user_id FROM place l JOIN estate_project p ON p.parent_id = l.project_id
  )
  SELECT place.project_id, place.user_id::bigint FROM place
$$;
"""

# Who stands above a user in his team, the nearest first.
SUPERIORS = f"""
CREATE FUNCTION access_superiors(which bigint, who bigint)
RETURNS TABLE (user_id bigint, distance integer) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE place AS (
    SELECT p.id, p.parent_id FROM estate_project p WHERE p.id = which
    UNION
    SELECT p.id, p.parent_id FROM place c JOIN estate_project p ON p.id = c.parent_id
  ), up AS (
    SELECT m.team_id, o.superior_id AS id, 1 AS distance
      FROM place
      JOIN admin_team_member m ON m.project_id = place.id AND m.user_id = who
      JOIN admin_post o ON o.id = m.post_id
     WHERE {COUNTS}
    UNION
    SELECT u.team_id, o.superior_id, u.distance + 1 FROM up u JOIN admin_post o ON o.id = u.id
     WHERE u.distance < 50
  )
  SELECT m.user_id::bigint, min(u.distance)
    FROM up u JOIN admin_team_member m ON m.post_id = u.id
   WHERE m.user_id <> who AND {COUNTS}
   GROUP BY m.user_id
$$;
"""

TEAM_PROJECTS = f"""
     UNION
     SELECT m.project_id FROM admin_team_member m WHERE m.user_id = who AND {COUNTS}"""
TEAM_USERS = f"""
  UNION
  SELECT m.user_id FROM place p JOIN admin_team_member m ON m.project_id = p.id WHERE {COUNTS}"""


def upgrade() -> None:
    _columns()
    _tables()
    for table in TABLES:
        op.execute(f"SELECT audit_attach('{table}', '{{}}')")
    op.execute(TODAY)
    op.execute(PROJECTS.format(counts=f" AND {COUNTS}", teams=TEAM_PROJECTS))
    op.execute(USERS.format(where=f" WHERE {COUNTS}", teams=TEAM_USERS))
    op.execute(NODES)
    op.execute(FOLLOWED)
    op.execute(SUPERIORS)


def downgrade() -> None:
    op.execute("DROP FUNCTION access_superiors(bigint, bigint)")
    op.execute("DROP FUNCTION access_followed(bigint)")
    op.execute("DROP FUNCTION access_nodes(bigint)")
    op.execute(PROJECTS.format(counts="", teams=""))
    op.execute(USERS.format(where="", teams=""))
    op.execute("DROP FUNCTION access_today()")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("estate_project", "team_shares")
    for table in ("admin_organization_member", "estate_project_member"):
        op.drop_column(table, "until_on")
        op.drop_column(table, "from_on")
    op.drop_column("admin_role_profile", "is_preset")
    op.drop_column("admin_role_profile", "description")


def _columns() -> None:
    op.add_column("admin_role_profile", sa.Column("description", sa.String(400)))
    op.add_column(
        "admin_role_profile",
        sa.Column("is_preset", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    for table in ("admin_organization_member", "estate_project_member"):
        op.add_column(table, sa.Column("from_on", sa.Date()))
        op.add_column(table, sa.Column("until_on", sa.Date()))
    op.add_column(
        "estate_project",
        sa.Column("team_shares", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _ref(name: str, table: str, *, needed: bool = False, **more: str) -> sa.Column:
    kind = sa.Integer() if table == "ab_user" else sa.BigInteger()
    return sa.Column(
        name, kind, sa.ForeignKey(f"{table}.id", **more), nullable=not needed, index=True
    )


def _tables() -> None:
    op.create_table(
        "admin_post_template",
        _id(),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        _ref("superior_id", "admin_post_template"),
    )
    op.create_table(
        "admin_team",
        _id(),
        _ref("project_id", "estate_project", needed=True),
        sa.Column("name", sa.String(120), nullable=False),
        _ref("organization_id", "admin_organization"),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "admin_post",
        _id(),
        _ref("project_id", "estate_project", needed=True),
        sa.Column(
            "team_id",
            sa.BigInteger(),
            sa.ForeignKey("admin_team.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.String(120), nullable=False),
        _ref("superior_id", "admin_post"),
        _ref("template_id", "admin_post_template"),
        sa.UniqueConstraint("team_id", "name"),
    )
    op.create_table(
        "admin_team_member",
        _id(),
        _ref("project_id", "estate_project", needed=True),
        _ref("team_id", "admin_team", needed=True),
        _ref("post_id", "admin_post", needed=True),
        _ref("user_id", "ab_user", needed=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date()),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on >= from_on",
            name=op.f("ck_admin_team_member_ends_after_beginning"),
        ),
    )
    # One team per user and project at a time. Numbers as ranges, since btree_gist is not needed
    # for those.
    op.execute(
        "ALTER TABLE admin_team_member ADD CONSTRAINT ex_admin_team_member_one_team"
        " EXCLUDE USING gist (int8range(project_id, project_id, '[]') WITH &&,"
        " int8range(user_id, user_id, '[]') WITH &&, daterange(from_on, until_on, '[]') WITH &&)"
    )

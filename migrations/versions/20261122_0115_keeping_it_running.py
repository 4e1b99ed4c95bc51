"""keeping it running: ids of requests, backups, signs of life, faults, checks, closed projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "f1a6c3d27b90"
down_revision = "d41b7e90c6a3"
branch_labels = None
depends_on = None

REQUEST_ID = sa.text("nullif(current_setting('xiaokong.request_id', true), '')")

# One statement-level trigger per table, whoever writes: the pages, REST, a job, psql. The first
# look is at an empty table, which costs next to nothing while no project is closed.
GUARD = r"""
CREATE FUNCTION upkeep_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  closed bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM upkeep_project_closing) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT c.closed_project_id INTO closed FROM upkeep_project_closing c
     WHERE c.closed_project_id IN (SELECT n.project_id FROM new_rows n) LIMIT 1;
  END IF;
  IF closed IS NULL AND TG_OP <> 'INSERT' THEN
    SELECT c.closed_project_id INTO closed FROM upkeep_project_closing c
     WHERE c.closed_project_id IN (SELECT o.project_id FROM old_rows o) LIMIT 1;
  END IF;
  IF closed IS NOT NULL THEN
    RAISE EXCEPTION 'project % is closed', closed
      USING ERRCODE = 'XK001', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION upkeep_guard_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM upkeep_project_closing c JOIN old_rows o ON o.id = c.closed_project_id)
  THEN
    RAISE EXCEPTION 'the project is closed' USING ERRCODE = 'XK001', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

-- Every table with a project_id, today's and those of later migrations: migrations/env.py calls
-- it after each run.
CREATE FUNCTION upkeep_guard_all() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  target text;
  made integer := 0;
BEGIN
  FOR target IN
    SELECT c.relname FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'project_id' AND NOT a.attisdropped
     WHERE c.relkind = 'r' AND NOT c.relispartition
       -- The audit goes on; and people may always be taken away from a project.
       -- Views and notices are people's own.
       AND c.relname NOT LIKE ALL (ARRAY['core\_audit%', 'lists\_%', 'notices\_%'])
       AND c.relname <> 'estate_project_member'
       AND NOT EXISTS (SELECT 1 FROM pg_trigger t
                        WHERE t.tgrelid = c.oid AND t.tgname = 'closed_insert')
     ORDER BY 1
  LOOP
    EXECUTE format('CREATE TRIGGER closed_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS
                    new_rows FOR EACH STATEMENT EXECUTE FUNCTION upkeep_guard()', target);
    EXECUTE format('CREATE TRIGGER closed_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS
                    old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
                    EXECUTE FUNCTION upkeep_guard()', target);
    EXECUTE format('CREATE TRIGGER closed_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS
                    old_rows FOR EACH STATEMENT EXECUTE FUNCTION upkeep_guard()', target);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

CREATE TRIGGER closed_update AFTER UPDATE ON estate_project REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION upkeep_guard_project();
CREATE TRIGGER closed_delete AFTER DELETE ON estate_project REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION upkeep_guard_project();
"""

GUARD_DOWN = """
DROP FUNCTION upkeep_guard_all();
DROP FUNCTION upkeep_guard_project() CASCADE;
DROP FUNCTION upkeep_guard() CASCADE;
"""


def raw(sql: str) -> None:
    op.get_bind().connection.cursor().execute(sql)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _moment(name: str, *, nullable: bool = True, default: bool = False) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=sa.text("now()") if default else None,
    )


def _user(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _table(name: str, *columns, unique: tuple[str, ...] = (), users: tuple[str, ...] = ()) -> None:
    constraints = [sa.PrimaryKeyConstraint("id", name=f"pk_{name}")]
    if unique:
        constraints.append(sa.UniqueConstraint(*unique, name=f"uq_{name}_{'_'.join(unique)}"))
    constraints += [
        sa.ForeignKeyConstraint([user], ["ab_user.id"], name=f"fk_{name}_{user}_ab_user")
        for user in users
    ]
    op.create_table(name, *columns, _id(), *constraints)
    for user in users:
        op.create_index(f"ix_{name}_{user}", name, [user])


def _backup() -> None:
    _table(
        "upkeep_backup",
        _moment("started_at", nullable=False, default=True),
        _moment("ended_at"),
        sa.Column("state", sa.String(20), server_default=sa.text("'running'"), nullable=False),
        sa.Column("machine", sa.String(120), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("revision", sa.String(40)),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("error", sa.String(400)),
        _moment("checked_at"),
        _moment("rehearsed_at"),
        sa.Column("rehearsal_error", sa.String(400)),
    )
    op.create_index("ix_upkeep_backup_started_at", "upkeep_backup", ["started_at"])


def _technical() -> None:
    _table(
        "upkeep_sign_of_life",
        sa.Column("process", sa.String(20), nullable=False),
        sa.Column("machine", sa.String(120), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        _moment("started_at", nullable=False),
        _moment("seen_at", nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column(
            "detail", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False
        ),
        unique=("process", "machine", "pid"),
    )
    _table(
        "upkeep_fault",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(120), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("during", sa.String(120), nullable=False),
        _moment("first_at", nullable=False),
        _moment("last_at", nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("last_request_id", sa.String(64)),
        unique=("fingerprint",),
    )
    op.create_index("ix_upkeep_fault_last_at", "upkeep_fault", ["last_at"])


def _by_people() -> None:
    _table(
        "upkeep_daily_check",
        sa.Column("day", sa.Date(), nullable=False),
        _moment("signed_at", nullable=False),
        _user("signed_by_id", nullable=False),
        sa.Column("remarks", sa.Text()),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        unique=("day",),
        users=("signed_by_id",),
    )
    _table(
        "upkeep_incident",
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("severity", sa.String(20), server_default=sa.text("'minor'"), nullable=False),
        _moment("began_at", nullable=False),
        _moment("ended_at"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text()),
        sa.Column("remedy", sa.Text()),
        sa.Column("error_id", sa.String(64)),
        _moment("created_at", nullable=False, default=True),
        _user("created_by_id"),
        users=("created_by_id",),
    )
    op.create_index("ix_upkeep_incident_began_at", "upkeep_incident", ["began_at"])
    _table(
        "upkeep_project_closing",
        sa.Column("closed_project_id", sa.BigInteger(), nullable=False),
        _moment("closed_at", nullable=False),
        sa.Column("closed_by", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        unique=("closed_project_id",),
    )
    op.create_foreign_key(
        "fk_upkeep_project_closing_closed_project_id_estate_project",
        "upkeep_project_closing",
        "estate_project",
        ["closed_project_id"],
        ["id"],
    )


def upgrade() -> None:
    for table in ("core_audit_entry", "devices_job"):
        op.add_column(
            table, sa.Column("request_id", sa.String(64), server_default=REQUEST_ID, nullable=True)
        )
    _backup()
    _technical()
    _by_people()
    for table in ("upkeep_daily_check", "upkeep_incident", "upkeep_project_closing"):
        op.execute(f"SELECT audit_attach('{table}', '{{}}')")
    raw(GUARD)


def downgrade() -> None:
    raw(GUARD_DOWN)
    for table in (
        "upkeep_project_closing",
        "upkeep_incident",
        "upkeep_daily_check",
        "upkeep_fault",
        "upkeep_sign_of_life",
        "upkeep_backup",
    ):
        op.drop_table(table)
    for table in ("devices_job", "core_audit_entry"):
        op.drop_column(table, "request_id")

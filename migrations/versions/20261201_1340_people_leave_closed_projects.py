"""teams of a closed project let their people go: memberships end there as elsewhere."""

from __future__ import annotations

from alembic import op

revision = "b7e05c9a41d8"
down_revision = "d3b96f2a7c41"
branch_labels = None
depends_on = None

# As it was, with the tables that stay open named by @OPEN@; migrations/env.py calls it afterwards.
GUARD = r"""
CREATE OR REPLACE FUNCTION upkeep_guard_all() RETURNS integer LANGUAGE plpgsql AS $$
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
       AND c.relname NOT IN (@OPEN@)
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
"""


def guard(still_open: str) -> None:
    with op.get_bind().connection.cursor() as cursor:  # % stands for itself
        cursor.execute(GUARD.replace("@OPEN@", still_open))


def upgrade() -> None:
    guard("'estate_project_member', 'admin_team_member'")
    # A fresh database has none yet: they are made after the last migration.
    for name in ("closed_insert", "closed_update", "closed_delete"):
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON admin_team_member")


def downgrade() -> None:
    guard("'estate_project_member'")

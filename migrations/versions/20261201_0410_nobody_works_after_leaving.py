"""a user's changes and his leaving exclude one another; he changes nothing afterwards."""

from __future__ import annotations

from alembic import op

revision = "f4b86e1c07d3"
down_revision = "e17c40b9d2a6"
branch_labels = None
depends_on = None

# Whoever changes something holds his own lock together with all his other requests; whoever
# deactivates him takes it alone. Nobody waits here: a request that comes while somebody is being
# deactivated is refused, so it can keep no room or deal from the handover. Asked once in a
# transaction, within a statement that is sent anyway.
PRESENT = """
CREATE FUNCTION access_require_present(who text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  key integer;
BEGIN
  IF who !~ '^user:[0-9]{1,9}$' OR current_setting('xiaokong.present', true) = who THEN
    RETURN;
  END IF;
  key := substr(who, 6)::integer;
  IF NOT pg_try_advisory_xact_lock_shared(7117, key)
     OR EXISTS (SELECT FROM ab_user WHERE id = key AND NOT active) THEN
    RAISE EXCEPTION '% has left', who USING ERRCODE = 'XK002';
  END IF;
  PERFORM set_config('xiaokong.present', who, true);
END $$;
"""
CHECK = "  PERFORM access_require_present(who);\n"

# The functions as they were, with the check in front.
ROWS = r"""
CREATE OR REPLACE FUNCTION @FUNCTION@() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text := coalesce(nullif(current_setting('xiaokong.actor', true), ''),
                       'database:' || session_user);
  whence inet := nullif(current_setting('xiaokong.address', true), '')::inet;
  personal text[] := TG_ARGV[0]::text[];
BEGIN
@CHECK@  IF TG_OP = 'INSERT' THEN
    INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, project_id, after)
    SELECT who, whence, 'insert', TG_TABLE_NAME, n.id, NEW_PROJECT,
           audit_hide(to_jsonb(n), personal)
      FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, project_id, before)
    SELECT who, whence, 'delete', TG_TABLE_NAME, o.id, OLD_PROJECT,
           audit_hide(to_jsonb(o), personal)
      FROM old_rows o;
  ELSIF (SELECT count(*) FROM new_rows) <= 20 THEN
    INSERT INTO core_audit_entry
           (actor, address, action, table_name, row_id, project_id, before, after)
    SELECT who, whence, 'update', TG_TABLE_NAME, n.id, NEW_PROJECT, d.before, d.after
      FROM new_rows n JOIN old_rows o ON o.id = n.id, audit_difference(o, n, personal) d
     WHERE d.before IS NOT NULL;
  ELSE
    -- Planned afresh: the plan kept from a single row would compare every row with every other.
    EXECUTE 'INSERT INTO core_audit_entry'
            ' (actor, address, action, table_name, row_id, project_id, before, after)'
            ' SELECT $1, $2, ''update'', $3, n.id, NEW_PROJECT, d.before, d.after'
            ' FROM new_rows n JOIN old_rows o ON o.id = n.id,'
            ' audit_difference(o, n, $4) d WHERE d.before IS NOT NULL'
      USING who, whence, TG_TABLE_NAME, personal;
  END IF;
  RETURN NULL;
END $$;
"""


def raw(sql: str) -> None:
    """Run SQL as it is: the driver must not read % signs and colons as parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(sql)


def rows_functions(check: str) -> None:
    for name, project in (
        ("audit_rows", ""),
        ("audit_rows_of_project", "project_id"),
        ("audit_rows_of_root", "id"),
    ):
        new, old = (f"{side}.{project}" if project else "NULL::bigint" for side in ("n", "o"))
        raw(
            ROWS.replace("@FUNCTION@", name)
            .replace("@CHECK@", check)
            .replace("NEW_PROJECT", new)
            .replace("OLD_PROJECT", old)
        )


def upgrade() -> None:
    raw(PRESENT)
    rows_functions(CHECK)


def downgrade() -> None:
    rows_functions("")
    raw("DROP FUNCTION access_require_present(text)")

"""the audit knows project and channel, is read by its time, hides more, and is sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c3a9d5e17f20"
down_revision = "b30f6c8e1d94"
branch_labels = None
depends_on = None

#: columns that say something of a person and stood in the audit as they were until now
CUSTOMER_BEFORE = "{name,mobile,address,birthday}"
CUSTOMER_NOW = (
    "{name,mobile,mobile_tail,sex,birthday,address,source,remark,"
    "id_number_cipher,id_number_hash,id_number_tail}"
)

# The function that audits a table is made three times: a row of a project names it in a column,
# the project is its own, and all other rows have none. A column named in the statement costs
# nothing; looking it up in the row as JSON would.
ROWS = r"""
CREATE OR REPLACE FUNCTION @FUNCTION@() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text := coalesce(nullif(current_setting('xiaokong.actor', true), ''),
                       'database:' || session_user);
  whence inet := nullif(current_setting('xiaokong.address', true), '')::inet;
  personal text[] := TG_ARGV[0]::text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
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

ATTACH = r"""
CREATE OR REPLACE FUNCTION audit_attach(target text, personal text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  rows_of text := CASE
    WHEN target = 'estate_project' THEN 'audit_rows_of_root'
    WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = target::regclass
                    AND attname = 'project_id' AND NOT attisdropped) THEN 'audit_rows_of_project'
    ELSE 'audit_rows' END;
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION %I(%L)', target, rows_of, personal);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
                  NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I(%L)',
                 target, rows_of, personal);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION %I(%L)', target, rows_of, personal);
END $$;
"""

#: what was attached before this migration is attached again, each with its own personal columns
ATTACH_ALL_AGAIN = r"""
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.relname AS target,
           split_part(encode(t.tgargs, 'escape'), '\000', 1)::text[] AS personal
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'audit_insert'
  LOOP
    EXECUTE format('DROP TRIGGER audit_insert ON %I', one.target);
    EXECUTE format('DROP TRIGGER audit_update ON %I', one.target);
    EXECUTE format('DROP TRIGGER audit_delete ON %I', one.target);
    PERFORM audit_attach(one.target, one.personal);
  END LOOP;
END $$;
"""

#: the entries of old get their project, and lose what is personal; the only change ever made here
PUT_RIGHT = r"""
ALTER TABLE core_audit_entry DISABLE TRIGGER audit_fixed;
UPDATE core_audit_entry SET
  project_id = coalesce((after ->> 'project_id')::bigint, (before ->> 'project_id')::bigint,
                        CASE WHEN table_name = 'estate_project' THEN row_id END)
 WHERE coalesce(after, before) ? 'project_id' OR table_name = 'estate_project';
UPDATE core_audit_entry e SET project_id = c.project_id
  FROM (SELECT DISTINCT table_name, row_id, project_id FROM core_audit_entry
         WHERE project_id IS NOT NULL) c
 WHERE e.project_id IS NULL AND c.table_name = e.table_name AND c.row_id = e.row_id;
UPDATE core_audit_entry SET before = audit_hide(before, 'CUSTOMER'),
                            after = audit_hide(after, 'CUSTOMER')
 WHERE table_name = 'customers_customer' AND action IN ('insert', 'update', 'delete');
ALTER TABLE core_audit_entry ENABLE TRIGGER audit_fixed;
"""

SEAL = """
CREATE TRIGGER audit_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON core_audit_seal
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""


def raw(sql: str) -> None:
    """Run SQL as it is: the driver must not read % signs and colons as parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(sql)


def rows_function(name: str, project: str) -> str:
    new, old = (f"{side}.{project}" if project else "NULL::bigint" for side in ("n", "o"))
    return ROWS.replace("@FUNCTION@", name).replace("NEW_PROJECT", new).replace("OLD_PROJECT", old)


def attach_customer_again(personal: str) -> None:
    for action in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER audit_{action} ON customers_customer")
    op.execute(f"SELECT audit_attach('customers_customer', '{personal}')")


def upgrade() -> None:
    op.add_column("core_audit_entry", sa.Column("project_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "core_audit_entry",
        sa.Column(
            "channel",
            sa.String(length=10),
            server_default=sa.text("nullif(current_setting('xiaokong.channel', true), '')"),
            nullable=True,
        ),
    )
    raw(rows_function("audit_rows", ""))
    raw(rows_function("audit_rows_of_project", "project_id"))
    raw(rows_function("audit_rows_of_root", "id"))
    raw(ATTACH)
    raw(ATTACH_ALL_AGAIN)
    attach_customer_again(CUSTOMER_NOW)
    raw(PUT_RIGHT.replace("CUSTOMER", CUSTOMER_NOW))
    indexes()
    op.create_table(
        "core_audit_seal",
        sa.Column(
            "sealed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit_seal")),
    )
    op.create_index(
        "uq_core_audit_seal_generation_first_id",
        "core_audit_seal",
        ["generation", "first_id"],
        unique=True,
    )
    raw(SEAL)


def indexes() -> None:
    op.drop_index("ix_core_audit_entry_actor", table_name="core_audit_entry")
    op.drop_index("ix_core_audit_entry_at", table_name="core_audit_entry")
    op.create_index("ix_core_audit_entry_at", "core_audit_entry", ["at", "actor"])
    op.create_index("ix_core_audit_entry_actor", "core_audit_entry", ["actor", "at"])
    op.create_index(
        "ix_core_audit_entry_project",
        "core_audit_entry",
        ["project_id", "at"],
        postgresql_where=sa.text("project_id IS NOT NULL"),
    )
    op.create_index(
        "ix_core_audit_entry_rare",
        "core_audit_entry",
        ["action", "at"],
        postgresql_where=sa.text("action NOT IN ('insert', 'update')"),
    )


def downgrade() -> None:
    op.drop_table("core_audit_seal")
    for name in ("rare", "project", "actor", "at"):
        op.drop_index(f"ix_core_audit_entry_{name}", table_name="core_audit_entry")
    op.create_index("ix_core_audit_entry_actor", "core_audit_entry", ["actor", "id"])
    op.create_index("ix_core_audit_entry_at", "core_audit_entry", ["at"])
    attach_customer_again(CUSTOMER_BEFORE)
    # One function for all tables again, which leaves the two new columns alone.
    raw(
        ATTACH.replace("'audit_rows_of_root'", "'audit_rows'").replace(
            "'audit_rows_of_project'", "'audit_rows'"
        )
    )
    raw(ATTACH_ALL_AGAIN)
    raw("DROP FUNCTION audit_rows_of_root(); DROP FUNCTION audit_rows_of_project();")
    raw(
        ROWS.replace("@FUNCTION@", "audit_rows")
        .replace(", project_id", "")
        .replace(", NEW_PROJECT", "")
        .replace(", OLD_PROJECT", "")
    )
    op.drop_column("core_audit_entry", "channel")
    op.drop_column("core_audit_entry", "project_id")

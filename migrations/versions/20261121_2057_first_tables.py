"""first_tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5f740eacc867"
down_revision = None
branch_labels = None
depends_on = None


AUDIT = r"""
CREATE FUNCTION audit_hide(whole jsonb, personal text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN cardinality(personal) = 0 THEN whole ELSE (
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY(personal) AND value <> 'null'
                                      THEN '"•"'::jsonb ELSE value END)
      FROM jsonb_each(whole)) END
$$;

CREATE FUNCTION audit_difference(
  was anyelement, is_now anyelement, personal text[], OUT before jsonb, OUT after jsonb)
LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(b.key, CASE WHEN b.key = ANY(personal)
                                      THEN '"•"'::jsonb ELSE b.value END),
         jsonb_object_agg(a.key, CASE WHEN a.key = ANY(personal)
                                      THEN '"•"'::jsonb ELSE a.value END)
    FROM jsonb_each(to_jsonb(was)) b JOIN jsonb_each(to_jsonb(is_now)) a
      ON a.key = b.key AND a.value <> b.value
$$;

CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text := coalesce(nullif(current_setting('xiaokong.actor', true), ''),
                       'database:' || session_user);
  whence inet := nullif(current_setting('xiaokong.address', true), '')::inet;
  personal text[] := TG_ARGV[0]::text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, after)
    SELECT who, whence, 'insert', TG_TABLE_NAME, n.id, audit_hide(to_jsonb(n), personal)
      FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, before)
    SELECT who, whence, 'delete', TG_TABLE_NAME, o.id, audit_hide(to_jsonb(o), personal)
      FROM old_rows o;
  ELSIF (SELECT count(*) FROM new_rows) <= 20 THEN
    INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, before, after)
    SELECT who, whence, 'update', TG_TABLE_NAME, n.id, d.before, d.after
      FROM new_rows n JOIN old_rows o ON o.id = n.id, audit_difference(o, n, personal) d
     WHERE d.before IS NOT NULL;
  ELSE
    -- Planned afresh: the plan kept from a single row would compare every row with every other.
    EXECUTE 'INSERT INTO core_audit_entry'
            ' (actor, address, action, table_name, row_id, before, after)'
            ' SELECT $1, $2, ''update'', $3, n.id, d.before, d.after'
            ' FROM new_rows n JOIN old_rows o ON o.id = n.id,'
            ' audit_difference(o, n, $4) d WHERE d.before IS NOT NULL'
      USING who, whence, TG_TABLE_NAME, personal;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION audit_attach(target text, personal text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L)', target, personal);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
                  NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L)',
                 target, personal);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L)', target, personal);
END $$;

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit cannot be changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON core_audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

AUDIT_DOWN = """
DROP FUNCTION IF EXISTS audit_attach(text, text[]) CASCADE;
DROP FUNCTION IF EXISTS audit_rows() CASCADE;
DROP FUNCTION IF EXISTS audit_refuse() CASCADE;
DROP FUNCTION IF EXISTS audit_difference(anyelement, anyelement, text[]) CASCADE;
DROP FUNCTION IF EXISTS audit_hide(jsonb, text[]) CASCADE;
"""

ROOM_EVENTS = """
CREATE FUNCTION estate_room_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER raise_version BEFORE UPDATE ON estate_room
  FOR EACH ROW EXECUTE FUNCTION estate_room_raise_version();

CREATE FUNCTION estate_room_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO estate_room_event (xid, project_id, room_id, version, gone)
    SELECT pg_current_xact_id()::text::bigint, o.project_id, o.id, o.version + 1, true
      FROM old_rows o;
  ELSE
    INSERT INTO estate_room_event (xid, project_id, room_id, version)
    SELECT pg_current_xact_id()::text::bigint, n.project_id, n.id, n.version FROM new_rows n;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_insert AFTER INSERT ON estate_room REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION estate_room_tell();
CREATE TRIGGER tell_update AFTER UPDATE ON estate_room REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION estate_room_tell();
CREATE TRIGGER tell_delete AFTER DELETE ON estate_room REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION estate_room_tell();
"""

ROOM_EVENTS_DOWN = """
DROP FUNCTION IF EXISTS estate_room_tell() CASCADE;
DROP FUNCTION IF EXISTS estate_room_raise_version() CASCADE;
"""

ACCESS = """
CREATE FUNCTION access_projects(who bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE node AS (
    SELECT m.organization_id AS id FROM admin_organization_member m WHERE m.user_id = who
    UNION
    SELECT o.id FROM node n JOIN admin_organization o ON o.parent_id = n.id
  ), reach AS (
    (SELECT p.id FROM node n JOIN estate_project p ON p.organization_id = n.id
     UNION
     SELECT m.project_id FROM estate_project_member m WHERE m.user_id = who)
    UNION
    SELECT p.id FROM reach r JOIN estate_project p ON p.parent_id = r.id
  )
  SELECT id FROM reach
$$;
"""

ACCESS_DOWN = "DROP FUNCTION IF EXISTS access_projects(bigint);"

PROCRASTINATE_DOWN = """
DO $$
DECLARE found record;
BEGIN
  FOR found IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname = current_schema()
                  AND c.relname LIKE 'procrastinate\\_%'
  LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.relname); END LOOP;
  FOR found IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p
                 JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = current_schema() AND p.proname LIKE 'procrastinate\\_%'
  LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', found.name); END LOOP;
  FOR found IN SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE n.nspname = current_schema() AND t.typname LIKE 'procrastinate\\_%'
                  AND t.typtype IN ('e', 'c')
  LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', found.typname); END LOOP;
END $$;
"""

SEQUENCES = (
    "number_hold",
    "number_subscription",
    "number_contract",
    "number_approval",
    "number_price_plan",
    "number_receipt",
    "number_import",
)

#: table → personal columns, whose values the audit keeps only as "•"
AUDITED = {
    "ab_permission_view_role": (),
    "ab_role": (),
    "ab_user": ("password",),
    "ab_user_role": (),
    "admin_organization": (),
    "admin_organization_member": (),
    "admin_role_profile": (),
    "core_setting": (),
    "customers_customer": ("name", "mobile", "address", "birthday"),
    "devices_device": (),
    "devices_hook": (),
    "devices_station": ("token_hash",),
    "devices_station_operator": (),
    "estate_building": (),
    "estate_entrance": (),
    "estate_house_type": (),
    "estate_permit": (),
    "estate_permit_building": (),
    "estate_project": (),
    "estate_project_member": (),
    "estate_room": (),
    "estate_room_import": (),
    "finance_account": (),
    "finance_allocation": (),
    "finance_bill": (),
    "finance_bill_book": (),
    "finance_receipt": (),
    "finance_receivable": (),
    "pricing_discount": (),
    "pricing_payment_method": (),
    "pricing_payment_method_line": (),
    "pricing_price_plan": (),
    "pricing_price_plan_row": (),
    "pricing_room_price": (),
    "sales_hold": (),
    "sales_special_discount": (),
    "sales_subscription": (),
    "sales_subscription_buyer": (),
    "workflows_approval_flow": (),
    "workflows_approval_request": (),
    "workflows_approval_task": (),
}


def raw(sql: str) -> None:
    """Run SQL as it is: the driver must not read % signs and colons as parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(sql)


def procrastinate_schema() -> str:
    """Return the schema of the pinned procrastinate release."""
    from procrastinate.schema import SchemaManager

    return SchemaManager.get_schema()


def upgrade() -> None:
    op.create_table(
        "ab_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=150), nullable=True),
        sa.Column("description", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_permission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_register_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("registration_date", sa.DateTime(), nullable=True),
        sa.Column("registration_hash", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("last_login", sa.DateTime(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=True),
        sa.Column("fail_login_count", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("changed_on", sa.DateTime(), nullable=True),
        sa.Column("created_by_fk", sa.Integer(), nullable=True),
        sa.Column("changed_by_fk", sa.Integer(), nullable=True),
        sa.Column("access_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("whole_group", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_fk"],
            ["ab_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["created_by_fk"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_view_menu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "admin_organization",
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["admin_organization.id"],
            name=op.f("fk_admin_organization_parent_id_admin_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_organization")),
        sa.UniqueConstraint("code", name=op.f("uq_admin_organization_code")),
    )
    op.create_index(
        op.f("ix_admin_organization_parent_id"), "admin_organization", ["parent_id"], unique=False
    )
    op.create_table(
        "admin_sign_in_failure",
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("forgiven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_sign_in_failure")),
    )
    op.create_index(
        "ix_admin_sign_in_failure_address_at",
        "admin_sign_in_failure",
        ["address", "at"],
        unique=False,
    )
    op.create_index(
        "ix_admin_sign_in_failure_username_at",
        "admin_sign_in_failure",
        ["username", "at"],
        unique=False,
    )
    op.create_table(
        "core_audit_entry",
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit_entry")),
    )
    op.create_index("ix_core_audit_entry_actor", "core_audit_entry", ["actor", "id"], unique=False)
    op.create_index("ix_core_audit_entry_at", "core_audit_entry", ["at"], unique=False)
    op.create_index(
        "ix_core_audit_entry_object",
        "core_audit_entry",
        ["table_name", "row_id", "id"],
        unique=False,
    )
    op.create_table(
        "core_idempotency",
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_idempotency")),
        sa.UniqueConstraint("actor", "key", name=op.f("uq_core_idempotency_actor_key")),
    )
    op.create_index(
        "ix_core_idempotency_created_at", "core_idempotency", ["created_at"], unique=False
    )
    op.create_table(
        "core_setting",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_setting")),
        sa.UniqueConstraint(
            "name",
            "project_id",
            name=op.f("uq_core_setting_name_project_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_core_setting_project_id", "core_setting", ["project_id"], unique=False)
    op.create_table(
        "estate_room_event",
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_room_event")),
    )
    op.create_index("ix_estate_room_event_at", "estate_room_event", ["at"], unique=False)
    op.create_index(
        "ix_estate_room_event_project_xid", "estate_room_event", ["project_id", "xid"], unique=False
    )
    op.create_index("ix_estate_room_event_xid", "estate_room_event", ["xid"], unique=False)
    op.create_table(
        "ab_api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("key_hash", sa.String(length=256), nullable=False),
        sa.Column("lookup_hash", sa.String(length=256), nullable=True),
        sa.Column("key_prefix", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("expires_on", sa.DateTime(), nullable=True),
        sa.Column("revoked_on", sa.DateTime(), nullable=True),
        sa.Column("last_used_on", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lookup_hash"),
        sa.UniqueConstraint("uuid"),
    )
    op.create_index("idx_api_key_lookup_hash", "ab_api_key", ["lookup_hash"], unique=True)
    op.create_index("idx_api_key_prefix", "ab_api_key", ["key_prefix"], unique=False)
    op.create_index("idx_api_key_user_id", "ab_api_key", ["user_id"], unique=False)
    op.create_table(
        "ab_group_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "role_id"),
    )
    op.create_index("idx_group_id", "ab_group_role", ["group_id"], unique=False)
    op.create_index("idx_group_role_id", "ab_group_role", ["role_id"], unique=False)
    op.create_table(
        "ab_permission_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_id", sa.Integer(), nullable=False),
        sa.Column("view_menu_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["ab_permission.id"],
        ),
        sa.ForeignKeyConstraint(
            ["view_menu_id"],
            ["ab_view_menu.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_id", "view_menu_id"),
    )
    op.create_index("idx_permission_id", "ab_permission_view", ["permission_id"], unique=False)
    op.create_index("idx_view_menu_id", "ab_permission_view", ["view_menu_id"], unique=False)
    op.create_table(
        "ab_user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "group_id"),
    )
    op.create_index("idx_user_group_id", "ab_user_group", ["group_id"], unique=False)
    op.create_index("idx_user_id", "ab_user_group", ["user_id"], unique=False)
    op.create_table(
        "ab_user_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "role_id"),
    )
    op.create_table(
        "admin_organization_member",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["admin_organization.id"],
            name=op.f("fk_admin_organization_member_organization_id_admin_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_admin_organization_member_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_organization_member")),
        sa.UniqueConstraint(
            "user_id",
            "organization_id",
            name=op.f("uq_admin_organization_member_user_id_organization_id"),
        ),
    )
    op.create_index(
        op.f("ix_admin_organization_member_organization_id"),
        "admin_organization_member",
        ["organization_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_admin_organization_member_user_id"),
        "admin_organization_member",
        ["user_id"],
        unique=False,
    )
    op.create_table(
        "admin_role_profile",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("granted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["ab_role.id"],
            name=op.f("fk_admin_role_profile_role_id_ab_role"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_role_profile")),
        sa.UniqueConstraint("code", name=op.f("uq_admin_role_profile_code")),
        sa.UniqueConstraint("role_id", name=op.f("uq_admin_role_profile_role_id")),
    )
    op.create_table(
        "estate_project",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("company", sa.String(length=120), nullable=True),
        sa.Column("city", sa.String(length=60), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column(
            "total_rounding",
            sa.Numeric(precision=6, scale=2),
            server_default=sa.text("0.01"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["admin_organization.id"],
            name=op.f("fk_estate_project_organization_id_admin_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_project_parent_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_project")),
        sa.UniqueConstraint("code", name=op.f("uq_estate_project_code")),
    )
    op.create_index(
        op.f("ix_estate_project_organization_id"),
        "estate_project",
        ["organization_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_estate_project_parent_id"), "estate_project", ["parent_id"], unique=False
    )
    op.create_table(
        "workflows_approval_flow",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_workflows_approval_flow_created_by_id_ab_user"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows_approval_flow")),
    )
    op.create_index(
        op.f("ix_workflows_approval_flow_created_by_id"),
        "workflows_approval_flow",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        "uq_workflows_approval_flow_active",
        "workflows_approval_flow",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_index(
        "uq_workflows_approval_flow_version",
        "workflows_approval_flow",
        ["kind", "version"],
        unique=True,
    )
    op.create_table(
        "ab_permission_view_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_view_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["permission_view_id"], ["ab_permission_view.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_view_id", "role_id"),
    )
    op.create_index(
        "idx_permission_view_id", "ab_permission_view_role", ["permission_view_id"], unique=False
    )
    op.create_index("idx_role_id", "ab_permission_view_role", ["role_id"], unique=False)
    op.create_table(
        "customers_customer",
        sa.Column("kind", sa.String(length=10), server_default=sa.text("'person'"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("mobile_tail", sa.String(length=4), nullable=False),
        sa.Column("sex", sa.String(length=6), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("id_kind", sa.String(length=20), nullable=True),
        sa.Column("id_number_cipher", sa.String(length=200), nullable=True),
        sa.Column("id_number_hash", sa.String(length=64), nullable=True),
        sa.Column("id_number_tail", sa.String(length=4), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('person','company')", name=op.f("ck_customers_customer_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_customers_customer_created_by_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_customers_customer_owner_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_customers_customer_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_customer")),
    )
    op.create_index(
        op.f("ix_customers_customer_created_by_id"),
        "customers_customer",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        "ix_customers_customer_mobile_tail",
        "customers_customer",
        ["project_id", "mobile_tail"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customers_customer_owner_id"), "customers_customer", ["owner_id"], unique=False
    )
    op.create_index(
        op.f("ix_customers_customer_project_id"), "customers_customer", ["project_id"], unique=False
    )
    op.create_index(
        "uq_customers_customer_document",
        "customers_customer",
        ["project_id", "id_kind", "id_number_hash"],
        unique=True,
        postgresql_where=sa.text("id_number_hash IS NOT NULL"),
    )
    op.create_index(
        "uq_customers_customer_mobile", "customers_customer", ["project_id", "mobile"], unique=True
    )
    op.create_table(
        "devices_station",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_station_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_station")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_devices_station_project_id_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_devices_station_token_hash")),
    )
    op.create_index(
        op.f("ix_devices_station_project_id"), "devices_station", ["project_id"], unique=False
    )
    op.create_table(
        "estate_building",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_building_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_building")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_estate_building_project_id_name")),
    )
    op.create_index(
        op.f("ix_estate_building_project_id"), "estate_building", ["project_id"], unique=False
    )
    op.create_table(
        "estate_house_type",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_house_type_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_house_type")),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_estate_house_type_project_id_name")
        ),
    )
    op.create_index(
        op.f("ix_estate_house_type_project_id"), "estate_house_type", ["project_id"], unique=False
    )
    op.create_table(
        "estate_permit",
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_permit_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_permit")),
        sa.UniqueConstraint(
            "project_id", "number", name=op.f("uq_estate_permit_project_id_number")
        ),
    )
    op.create_index(
        op.f("ix_estate_permit_project_id"), "estate_permit", ["project_id"], unique=False
    )
    op.create_table(
        "estate_project_member",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_project_member_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_estate_project_member_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_project_member")),
        sa.UniqueConstraint(
            "user_id", "project_id", name=op.f("uq_estate_project_member_user_id_project_id")
        ),
    )
    op.create_index(
        op.f("ix_estate_project_member_project_id"),
        "estate_project_member",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_estate_project_member_user_id"), "estate_project_member", ["user_id"], unique=False
    )
    op.create_table(
        "estate_room_import",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("shape", sa.String(length=20), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_estate_room_import_created_by_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_room_import_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_room_import")),
        sa.UniqueConstraint("number", name=op.f("uq_estate_room_import_number")),
    )
    op.create_index(
        op.f("ix_estate_room_import_created_by_id"),
        "estate_room_import",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_estate_room_import_project_id"), "estate_room_import", ["project_id"], unique=False
    )
    op.create_table(
        "finance_bill_book",
        sa.Column(
            "kind", sa.String(length=20), server_default=sa.text("'receipt'"), nullable=False
        ),
        sa.Column("prefix", sa.String(length=10), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("cashier_id", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "first_number <= last_number", name=op.f("ck_finance_bill_book_numbers_in_order")
        ),
        sa.CheckConstraint(
            "next_number BETWEEN first_number AND last_number + 1",
            name=op.f("ck_finance_bill_book_next_within"),
        ),
        sa.ForeignKeyConstraint(
            ["cashier_id"], ["ab_user.id"], name=op.f("fk_finance_bill_book_cashier_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_bill_book_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_bill_book")),
        sa.UniqueConstraint(
            "project_id",
            "prefix",
            "first_number",
            name=op.f("uq_finance_bill_book_project_id_prefix_first_number"),
        ),
    )
    op.create_index(
        op.f("ix_finance_bill_book_cashier_id"), "finance_bill_book", ["cashier_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_bill_book_project_id"), "finance_bill_book", ["project_id"], unique=False
    )
    op.create_table(
        "pricing_discount",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_stackable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_discount_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_discount")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_pricing_discount_project_id_name")),
    )
    op.create_index(
        op.f("ix_pricing_discount_project_id"), "pricing_discount", ["project_id"], unique=False
    )
    op.create_table(
        "pricing_payment_method",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column(
            "discount_percent",
            sa.Numeric(precision=5, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_payment_method_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_payment_method")),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_pricing_payment_method_project_id_name")
        ),
    )
    op.create_index(
        op.f("ix_pricing_payment_method_project_id"),
        "pricing_payment_method",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "pricing_price_plan",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_pricing_price_plan_created_by_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_price_plan_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"], ["ab_user.id"], name=op.f("fk_pricing_price_plan_state_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_price_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_pricing_price_plan_number")),
    )
    op.create_index(
        op.f("ix_pricing_price_plan_created_by_id"),
        "pricing_price_plan",
        ["created_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pricing_price_plan_project_id"), "pricing_price_plan", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_pricing_price_plan_state_by_id"),
        "pricing_price_plan",
        ["state_by_id"],
        unique=False,
    )
    op.create_table(
        "workflows_approval_request",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_type", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("applicant_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("flow_id", sa.BigInteger(), nullable=True),
        sa.Column("route", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("failure", sa.String(length=400), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["applicant_id"],
            ["ab_user.id"],
            name=op.f("fk_workflows_approval_request_applicant_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["flow_id"],
            ["workflows_approval_flow.id"],
            name=op.f("fk_workflows_approval_request_flow_id_workflows_approval_flow"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_workflows_approval_request_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"],
            ["ab_user.id"],
            name=op.f("fk_workflows_approval_request_state_by_id_ab_user"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows_approval_request")),
        sa.UniqueConstraint("number", name=op.f("uq_workflows_approval_request_number")),
    )
    op.create_index(
        op.f("ix_workflows_approval_request_applicant_id"),
        "workflows_approval_request",
        ["applicant_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_approval_request_flow_id"),
        "workflows_approval_request",
        ["flow_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_approval_request_project_id"),
        "workflows_approval_request",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_approval_request_state_by_id"),
        "workflows_approval_request",
        ["state_by_id"],
        unique=False,
    )
    op.create_index(
        "ix_workflows_approval_request_subject",
        "workflows_approval_request",
        ["subject_type", "subject_id"],
        unique=False,
    )
    op.create_index(
        "uq_workflows_approval_request_live",
        "workflows_approval_request",
        ["kind", "subject_type", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('running','returned','failed')"),
    )
    op.create_table(
        "devices_device",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("driver", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=200), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_device_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["devices_station.id"],
            name=op.f("fk_devices_device_station_id_devices_station"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_device")),
        sa.UniqueConstraint("station_id", "name", name=op.f("uq_devices_device_station_id_name")),
    )
    op.create_index(
        op.f("ix_devices_device_project_id"), "devices_device", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_devices_device_station_id"), "devices_device", ["station_id"], unique=False
    )
    op.create_table(
        "devices_station_operator",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_station_operator_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["devices_station.id"],
            name=op.f("fk_devices_station_operator_station_id_devices_station"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_devices_station_operator_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_station_operator")),
        sa.UniqueConstraint(
            "station_id", "user_id", name=op.f("uq_devices_station_operator_station_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_devices_station_operator_project_id"),
        "devices_station_operator",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_devices_station_operator_station_id"),
        "devices_station_operator",
        ["station_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_devices_station_operator_user_id"),
        "devices_station_operator",
        ["user_id"],
        unique=False,
    )
    op.create_table(
        "estate_entrance",
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["estate_building.id"],
            name=op.f("fk_estate_entrance_building_id_estate_building"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_entrance_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_entrance")),
        sa.UniqueConstraint(
            "building_id", "name", name=op.f("uq_estate_entrance_building_id_name")
        ),
    )
    op.create_index(
        op.f("ix_estate_entrance_building_id"), "estate_entrance", ["building_id"], unique=False
    )
    op.create_index(
        op.f("ix_estate_entrance_project_id"), "estate_entrance", ["project_id"], unique=False
    )
    op.create_table(
        "estate_permit_building",
        sa.Column("permit_id", sa.BigInteger(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["estate_building.id"],
            name=op.f("fk_estate_permit_building_building_id_estate_building"),
        ),
        sa.ForeignKeyConstraint(
            ["permit_id"],
            ["estate_permit.id"],
            name=op.f("fk_estate_permit_building_permit_id_estate_permit"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_permit_building_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_permit_building")),
        sa.UniqueConstraint(
            "permit_id", "building_id", name=op.f("uq_estate_permit_building_permit_id_building_id")
        ),
    )
    op.create_index(
        op.f("ix_estate_permit_building_building_id"),
        "estate_permit_building",
        ["building_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_estate_permit_building_permit_id"),
        "estate_permit_building",
        ["permit_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_estate_permit_building_project_id"),
        "estate_permit_building",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "pricing_payment_method_line",
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("due_rule", sa.String(length=20), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("round_down_to", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["method_id"],
            ["pricing_payment_method.id"],
            name=op.f("fk_pricing_payment_method_line_method_id_pricing_payment_method"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_payment_method_line_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_payment_method_line")),
        sa.UniqueConstraint(
            "method_id", "position", name=op.f("uq_pricing_payment_method_line_method_id_position")
        ),
    )
    op.create_index(
        op.f("ix_pricing_payment_method_line_method_id"),
        "pricing_payment_method_line",
        ["method_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pricing_payment_method_line_project_id"),
        "pricing_payment_method_line",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "workflows_approval_task",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "purpose", sa.String(length=10), server_default=sa.text("'step'"), nullable=False
        ),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column(
            "state", sa.String(length=10), server_default=sa.text("'waiting'"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["ab_user.id"],
            name=op.f("fk_workflows_approval_task_decided_by_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_workflows_approval_task_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["workflows_approval_request.id"],
            name=op.f("fk_workflows_approval_task_request_id_workflows_approval_request"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_workflows_approval_task_user_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows_approval_task")),
    )
    op.create_index(
        op.f("ix_workflows_approval_task_decided_by_id"),
        "workflows_approval_task",
        ["decided_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_approval_task_project_id"),
        "workflows_approval_task",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_approval_task_request_id"),
        "workflows_approval_task",
        ["request_id"],
        unique=False,
    )
    op.create_index(
        "ix_workflows_approval_task_user_waiting",
        "workflows_approval_task",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_workflows_approval_task_waiting",
        "workflows_approval_task",
        ["role", "project_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "devices_device_status",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices_device.id"],
            name=op.f("fk_devices_device_status_device_id_devices_device"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_device_status")),
        sa.UniqueConstraint("device_id", name=op.f("uq_devices_device_status_device_id")),
    )
    op.create_table(
        "devices_hook",
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("device_kind", sa.String(length=40), nullable=False),
        sa.Column("command", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices_device.id"],
            name=op.f("fk_devices_hook_device_id_devices_device"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_hook_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_hook")),
        sa.UniqueConstraint(
            "project_id",
            "event",
            "device_kind",
            "command",
            "device_id",
            name=op.f("uq_devices_hook_project_id_event_device_kind_command_device_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_devices_hook_device_id"), "devices_hook", ["device_id"], unique=False)
    op.create_index(
        op.f("ix_devices_hook_project_id"), "devices_hook", ["project_id"], unique=False
    )
    op.create_table(
        "devices_job",
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("command", sa.String(length=40), nullable=False),
        sa.Column("subject_type", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state", sa.String(length=20), server_default=sa.text("'queued'"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reprint", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_detail", sa.String(length=400), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_devices_job_created_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices_device.id"],
            name=op.f("fk_devices_job_device_id_devices_device"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_job_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"], ["ab_user.id"], name=op.f("fk_devices_job_state_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_job")),
    )
    op.create_index(
        op.f("ix_devices_job_created_by_id"), "devices_job", ["created_by_id"], unique=False
    )
    op.create_index(op.f("ix_devices_job_device_id"), "devices_job", ["device_id"], unique=False)
    op.create_index(
        "ix_devices_job_open",
        "devices_job",
        ["device_id", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','sent')"),
    )
    op.create_index(op.f("ix_devices_job_project_id"), "devices_job", ["project_id"], unique=False)
    op.create_index(
        op.f("ix_devices_job_state_by_id"), "devices_job", ["state_by_id"], unique=False
    )
    op.create_index(
        "ix_devices_job_subject", "devices_job", ["subject_type", "subject_id"], unique=False
    )
    op.create_index(
        "uq_devices_job_working",
        "devices_job",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_table(
        "estate_room",
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("entrance_id", sa.BigInteger(), nullable=True),
        sa.Column("house_type_id", sa.BigInteger(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("floor_name", sa.String(length=20), nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=False),
        sa.Column("column_span", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("row_span", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("gross_area", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("inside_area", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("orientation", sa.String(length=20), nullable=True),
        sa.Column(
            "status", sa.String(length=20), server_default=sa.text("'unreleased'"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status IN ('unreleased','available','held','reserved','queued','subscribed','contracted','handed_over','repricing')",
            name=op.f("ck_estate_room_status_known"),
        ),
        sa.CheckConstraint("gross_area > 0", name=op.f("ck_estate_room_gross_area_positive")),
        sa.CheckConstraint(
            "inside_area IS NULL OR inside_area <= gross_area",
            name=op.f("ck_estate_room_inside_fits"),
        ),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["estate_building.id"],
            name=op.f("fk_estate_room_building_id_estate_building"),
        ),
        sa.ForeignKeyConstraint(
            ["entrance_id"],
            ["estate_entrance.id"],
            name=op.f("fk_estate_room_entrance_id_estate_entrance"),
        ),
        sa.ForeignKeyConstraint(
            ["house_type_id"],
            ["estate_house_type.id"],
            name=op.f("fk_estate_room_house_type_id_estate_house_type"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_room_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_room")),
    )
    op.create_index(
        op.f("ix_estate_room_building_id"), "estate_room", ["building_id"], unique=False
    )
    op.create_index(
        op.f("ix_estate_room_entrance_id"), "estate_room", ["entrance_id"], unique=False
    )
    op.create_index(
        op.f("ix_estate_room_house_type_id"), "estate_room", ["house_type_id"], unique=False
    )
    op.create_index(op.f("ix_estate_room_project_id"), "estate_room", ["project_id"], unique=False)
    op.create_index(
        "ix_estate_room_project_status", "estate_room", ["project_id", "status"], unique=False
    )
    op.create_index(
        "uq_estate_room_number_in_entrance",
        "estate_room",
        ["building_id", "entrance_id", "number"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "devices_job_log",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("entries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["devices_job.id"], name=op.f("fk_devices_job_log_job_id_devices_job")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_devices_job_log_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices_job_log")),
        sa.UniqueConstraint("job_id", "attempt", name=op.f("uq_devices_job_log_job_id_attempt")),
    )
    op.create_index(op.f("ix_devices_job_log_job_id"), "devices_job_log", ["job_id"], unique=False)
    op.create_index(
        op.f("ix_devices_job_log_project_id"), "devices_job_log", ["project_id"], unique=False
    )
    op.create_table(
        "finance_account",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_type", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("payer", sa.String(length=120), nullable=False),
        sa.Column("deal_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_account_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["estate_room.id"], name=op.f("fk_finance_account_room_id_estate_room")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_account")),
    )
    op.create_index(
        op.f("ix_finance_account_project_id"), "finance_account", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_account_room_id"), "finance_account", ["room_id"], unique=False
    )
    op.create_table(
        "pricing_price_plan_row",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("list_unit_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("list_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("floor_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "floor_total <= list_total", name=op.f("ck_pricing_price_plan_row_floor_below_list")
        ),
        sa.CheckConstraint(
            "list_total > 0 AND floor_total > 0",
            name=op.f("ck_pricing_price_plan_row_prices_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["pricing_price_plan.id"],
            name=op.f("fk_pricing_price_plan_row_plan_id_pricing_price_plan"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_price_plan_row_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"],
            ["estate_room.id"],
            name=op.f("fk_pricing_price_plan_row_room_id_estate_room"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_price_plan_row")),
        sa.UniqueConstraint(
            "plan_id", "room_id", name=op.f("uq_pricing_price_plan_row_plan_id_room_id")
        ),
    )
    op.create_index(
        op.f("ix_pricing_price_plan_row_plan_id"),
        "pricing_price_plan_row",
        ["plan_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pricing_price_plan_row_project_id"),
        "pricing_price_plan_row",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pricing_price_plan_row_room_id"),
        "pricing_price_plan_row",
        ["room_id"],
        unique=False,
    )
    op.create_table(
        "pricing_room_price",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("list_unit_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("list_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("floor_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["pricing_price_plan.id"],
            name=op.f("fk_pricing_room_price_plan_id_pricing_price_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_pricing_room_price_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["estate_room.id"], name=op.f("fk_pricing_room_price_room_id_estate_room")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_room_price")),
    )
    op.create_index(
        op.f("ix_pricing_room_price_plan_id"), "pricing_room_price", ["plan_id"], unique=False
    )
    op.create_index(
        op.f("ix_pricing_room_price_project_id"), "pricing_room_price", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_pricing_room_price_room_id"), "pricing_room_price", ["room_id"], unique=False
    )
    op.create_index(
        "uq_pricing_room_price_current",
        "pricing_room_price",
        ["room_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "sales_hold",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), server_default=sa.text("'live'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers_customer.id"],
            name=op.f("fk_sales_hold_customer_id_customers_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["ab_user.id"], name=op.f("fk_sales_hold_holder_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_sales_hold_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["estate_room.id"], name=op.f("fk_sales_hold_room_id_estate_room")
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"], ["ab_user.id"], name=op.f("fk_sales_hold_state_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_hold")),
    )
    op.create_index(op.f("ix_sales_hold_customer_id"), "sales_hold", ["customer_id"], unique=False)
    op.create_index(
        "ix_sales_hold_ending",
        "sales_hold",
        ["until"],
        unique=False,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(op.f("ix_sales_hold_holder_id"), "sales_hold", ["holder_id"], unique=False)
    op.create_index(op.f("ix_sales_hold_project_id"), "sales_hold", ["project_id"], unique=False)
    op.create_index(op.f("ix_sales_hold_room_id"), "sales_hold", ["room_id"], unique=False)
    op.create_index(op.f("ix_sales_hold_state_by_id"), "sales_hold", ["state_by_id"], unique=False)
    op.create_index(
        "uq_sales_hold_live_room",
        "sales_hold",
        ["room_id"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "sales_special_discount",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("list_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "percent > 0 AND percent < 100", name=op.f("ck_sales_special_discount_percent_within")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers_customer.id"],
            name=op.f("fk_sales_special_discount_customer_id_customers_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_sales_special_discount_owner_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_sales_special_discount_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"],
            ["estate_room.id"],
            name=op.f("fk_sales_special_discount_room_id_estate_room"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_special_discount")),
    )
    op.create_index(
        op.f("ix_sales_special_discount_customer_id"),
        "sales_special_discount",
        ["customer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_special_discount_owner_id"),
        "sales_special_discount",
        ["owner_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_special_discount_project_id"),
        "sales_special_discount",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_special_discount_room_id"),
        "sales_special_discount",
        ["room_id"],
        unique=False,
    )
    op.create_table(
        "finance_receipt",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), server_default=sa.text("'slip'"), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("payer", sa.String(length=120), nullable=False),
        sa.Column("purpose", sa.String(length=120), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(reverses_id IS NULL) = (amount > 0)",
            name=op.f("ck_finance_receipt_only_reversals_negative"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_finance_receipt_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["finance_account.id"],
            name=op.f("fk_finance_receipt_account_id_finance_account"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_finance_receipt_confirmed_by_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_finance_receipt_created_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_receipt_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["finance_receipt.id"],
            name=op.f("fk_finance_receipt_reverses_id_finance_receipt"),
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"], ["ab_user.id"], name=op.f("fk_finance_receipt_state_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_receipt")),
        sa.UniqueConstraint("number", name=op.f("uq_finance_receipt_number")),
    )
    op.create_index(
        op.f("ix_finance_receipt_account_id"), "finance_receipt", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_receipt_confirmed_by_id"),
        "finance_receipt",
        ["confirmed_by_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_finance_receipt_created_by_id"), "finance_receipt", ["created_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_receipt_project_id"), "finance_receipt", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_receipt_state_by_id"), "finance_receipt", ["state_by_id"], unique=False
    )
    op.create_index(
        "uq_finance_receipt_reverses",
        "finance_receipt",
        ["reverses_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "finance_receivable",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_rule", sa.String(length=20), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_finance_receivable_amount_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["finance_account.id"],
            name=op.f("fk_finance_receivable_account_id_finance_account"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_receivable_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_receivable")),
        sa.UniqueConstraint(
            "account_id", "position", name=op.f("uq_finance_receivable_account_id_position")
        ),
    )
    op.create_index(
        op.f("ix_finance_receivable_account_id"), "finance_receivable", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_receivable_project_id"), "finance_receivable", ["project_id"], unique=False
    )
    op.create_table(
        "sales_subscription",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.String(length=20),
            server_default=sa.text("'awaiting_deposit'"),
            nullable=False,
        ),
        sa.Column("consultant_id", sa.Integer(), nullable=False),
        sa.Column("payment_method_id", sa.BigInteger(), nullable=False),
        sa.Column("special_discount_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("list_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("deal_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("deal_unit_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_by", sa.Date(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "deal_total > 0", name=op.f("ck_sales_subscription_deal_total_positive")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["finance_account.id"],
            name=op.f("fk_sales_subscription_account_id_finance_account"),
        ),
        sa.ForeignKeyConstraint(
            ["consultant_id"],
            ["ab_user.id"],
            name=op.f("fk_sales_subscription_consultant_id_ab_user"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_method_id"],
            ["pricing_payment_method.id"],
            name=op.f("fk_sales_subscription_payment_method_id_pricing_payment_method"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_sales_subscription_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["estate_room.id"], name=op.f("fk_sales_subscription_room_id_estate_room")
        ),
        sa.ForeignKeyConstraint(
            ["special_discount_id"],
            ["sales_special_discount.id"],
            name=op.f("fk_sales_subscription_special_discount_id_sales_special_discount"),
        ),
        sa.ForeignKeyConstraint(
            ["state_by_id"], ["ab_user.id"], name=op.f("fk_sales_subscription_state_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_subscription")),
        sa.UniqueConstraint("account_id", name=op.f("uq_sales_subscription_account_id")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_subscription_number")),
        sa.UniqueConstraint(
            "special_discount_id", name=op.f("uq_sales_subscription_special_discount_id")
        ),
    )
    op.create_index(
        op.f("ix_sales_subscription_consultant_id"),
        "sales_subscription",
        ["consultant_id"],
        unique=False,
    )
    op.create_index(
        "ix_sales_subscription_lapsing",
        "sales_subscription",
        ["lapses_at"],
        unique=False,
        postgresql_where=sa.text("state = 'awaiting_deposit'"),
    )
    op.create_index(
        op.f("ix_sales_subscription_payment_method_id"),
        "sales_subscription",
        ["payment_method_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_subscription_project_id"), "sales_subscription", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_sales_subscription_room_id"), "sales_subscription", ["room_id"], unique=False
    )
    op.create_index(
        op.f("ix_sales_subscription_state_by_id"),
        "sales_subscription",
        ["state_by_id"],
        unique=False,
    )
    op.create_index(
        "uq_sales_subscription_live_room",
        "sales_subscription",
        ["room_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('awaiting_deposit','deposit_short','active','contracted')"
        ),
    )
    op.create_table(
        "finance_allocation",
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("receivable_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_finance_allocation_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_allocation_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"],
            ["finance_receipt.id"],
            name=op.f("fk_finance_allocation_receipt_id_finance_receipt"),
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["finance_receivable.id"],
            name=op.f("fk_finance_allocation_receivable_id_finance_receivable"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_allocation")),
        sa.UniqueConstraint(
            "receipt_id",
            "receivable_id",
            name=op.f("uq_finance_allocation_receipt_id_receivable_id"),
        ),
    )
    op.create_index(
        op.f("ix_finance_allocation_project_id"), "finance_allocation", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_allocation_receipt_id"), "finance_allocation", ["receipt_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_allocation_receivable_id"),
        "finance_allocation",
        ["receivable_id"],
        unique=False,
    )
    op.create_table(
        "finance_bill",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("payer", sa.String(length=120), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Integer(), nullable=True),
        sa.Column("void_reason", sa.String(length=200), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"],
            ["finance_bill_book.id"],
            name=op.f("fk_finance_bill_book_id_finance_bill_book"),
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["ab_user.id"], name=op.f("fk_finance_bill_issued_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_finance_bill_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"],
            ["finance_receipt.id"],
            name=op.f("fk_finance_bill_receipt_id_finance_receipt"),
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["ab_user.id"], name=op.f("fk_finance_bill_voided_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_bill")),
        sa.UniqueConstraint("book_id", "serial", name=op.f("uq_finance_bill_book_id_serial")),
    )
    op.create_index(op.f("ix_finance_bill_book_id"), "finance_bill", ["book_id"], unique=False)
    op.create_index(
        op.f("ix_finance_bill_issued_by_id"), "finance_bill", ["issued_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_bill_project_id"), "finance_bill", ["project_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_bill_receipt_id"), "finance_bill", ["receipt_id"], unique=False
    )
    op.create_index(
        op.f("ix_finance_bill_voided_by_id"), "finance_bill", ["voided_by_id"], unique=False
    )
    op.create_index(
        "uq_finance_bill_live_receipt",
        "finance_bill",
        ["receipt_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_table(
        "sales_subscription_buyer",
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("share", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "share > 0 AND share <= 100", name=op.f("ck_sales_subscription_buyer_share_within")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers_customer.id"],
            name=op.f("fk_sales_subscription_buyer_customer_id_customers_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_sales_subscription_buyer_project_id_estate_project"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["sales_subscription.id"],
            name=op.f("fk_sales_subscription_buyer_subscription_id_sales_subscription"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_subscription_buyer")),
        sa.UniqueConstraint(
            "subscription_id",
            "customer_id",
            name=op.f("uq_sales_subscription_buyer_subscription_id_customer_id"),
        ),
    )
    op.create_index(
        op.f("ix_sales_subscription_buyer_customer_id"),
        "sales_subscription_buyer",
        ["customer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_subscription_buyer_project_id"),
        "sales_subscription_buyer",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sales_subscription_buyer_subscription_id"),
        "sales_subscription_buyer",
        ["subscription_id"],
        unique=False,
    )
    raw(AUDIT)
    for table, personal in AUDITED.items():
        op.execute(f"SELECT audit_attach('{table}', '{{{','.join(personal)}}}')")
    raw(ROOM_EVENTS)
    raw(ACCESS)
    for name in SEQUENCES:
        op.execute(f"CREATE SEQUENCE {name}")
    raw(procrastinate_schema())


def downgrade() -> None:
    raw(PROCRASTINATE_DOWN)
    for name in SEQUENCES:
        op.execute(f"DROP SEQUENCE {name}")
    raw(ACCESS_DOWN)
    raw(ROOM_EVENTS_DOWN)
    raw(AUDIT_DOWN)
    op.drop_index(
        op.f("ix_sales_subscription_buyer_subscription_id"), table_name="sales_subscription_buyer"
    )
    op.drop_index(
        op.f("ix_sales_subscription_buyer_project_id"), table_name="sales_subscription_buyer"
    )
    op.drop_index(
        op.f("ix_sales_subscription_buyer_customer_id"), table_name="sales_subscription_buyer"
    )
    op.drop_table("sales_subscription_buyer")
    op.drop_index(
        "uq_finance_bill_live_receipt",
        table_name="finance_bill",
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.drop_index(op.f("ix_finance_bill_voided_by_id"), table_name="finance_bill")
    op.drop_index(op.f("ix_finance_bill_receipt_id"), table_name="finance_bill")
    op.drop_index(op.f("ix_finance_bill_project_id"), table_name="finance_bill")
    op.drop_index(op.f("ix_finance_bill_issued_by_id"), table_name="finance_bill")
    op.drop_index(op.f("ix_finance_bill_book_id"), table_name="finance_bill")
    op.drop_table("finance_bill")
    op.drop_index(op.f("ix_finance_allocation_receivable_id"), table_name="finance_allocation")
    op.drop_index(op.f("ix_finance_allocation_receipt_id"), table_name="finance_allocation")
    op.drop_index(op.f("ix_finance_allocation_project_id"), table_name="finance_allocation")
    op.drop_table("finance_allocation")
    op.drop_index(
        "uq_sales_subscription_live_room",
        table_name="sales_subscription",
        postgresql_where=sa.text(
            "state IN ('awaiting_deposit','deposit_short','active','contracted')"
        ),
    )
    op.drop_index(op.f("ix_sales_subscription_state_by_id"), table_name="sales_subscription")
    op.drop_index(op.f("ix_sales_subscription_room_id"), table_name="sales_subscription")
    op.drop_index(op.f("ix_sales_subscription_project_id"), table_name="sales_subscription")
    op.drop_index(op.f("ix_sales_subscription_payment_method_id"), table_name="sales_subscription")
    op.drop_index(
        "ix_sales_subscription_lapsing",
        table_name="sales_subscription",
        postgresql_where=sa.text("state = 'awaiting_deposit'"),
    )
    op.drop_index(op.f("ix_sales_subscription_consultant_id"), table_name="sales_subscription")
    op.drop_table("sales_subscription")
    op.drop_index(op.f("ix_finance_receivable_project_id"), table_name="finance_receivable")
    op.drop_index(op.f("ix_finance_receivable_account_id"), table_name="finance_receivable")
    op.drop_table("finance_receivable")
    op.drop_index(
        "uq_finance_receipt_reverses",
        table_name="finance_receipt",
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_finance_receipt_state_by_id"), table_name="finance_receipt")
    op.drop_index(op.f("ix_finance_receipt_project_id"), table_name="finance_receipt")
    op.drop_index(op.f("ix_finance_receipt_created_by_id"), table_name="finance_receipt")
    op.drop_index(op.f("ix_finance_receipt_confirmed_by_id"), table_name="finance_receipt")
    op.drop_index(op.f("ix_finance_receipt_account_id"), table_name="finance_receipt")
    op.drop_table("finance_receipt")
    op.drop_index(op.f("ix_sales_special_discount_room_id"), table_name="sales_special_discount")
    op.drop_index(op.f("ix_sales_special_discount_project_id"), table_name="sales_special_discount")
    op.drop_index(op.f("ix_sales_special_discount_owner_id"), table_name="sales_special_discount")
    op.drop_index(
        op.f("ix_sales_special_discount_customer_id"), table_name="sales_special_discount"
    )
    op.drop_table("sales_special_discount")
    op.drop_index(
        "uq_sales_hold_live_room",
        table_name="sales_hold",
        postgresql_where=sa.text("state = 'live'"),
    )
    op.drop_index(op.f("ix_sales_hold_state_by_id"), table_name="sales_hold")
    op.drop_index(op.f("ix_sales_hold_room_id"), table_name="sales_hold")
    op.drop_index(op.f("ix_sales_hold_project_id"), table_name="sales_hold")
    op.drop_index(op.f("ix_sales_hold_holder_id"), table_name="sales_hold")
    op.drop_index(
        "ix_sales_hold_ending", table_name="sales_hold", postgresql_where=sa.text("state = 'live'")
    )
    op.drop_index(op.f("ix_sales_hold_customer_id"), table_name="sales_hold")
    op.drop_table("sales_hold")
    op.drop_index(
        "uq_pricing_room_price_current",
        table_name="pricing_room_price",
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.drop_index(op.f("ix_pricing_room_price_room_id"), table_name="pricing_room_price")
    op.drop_index(op.f("ix_pricing_room_price_project_id"), table_name="pricing_room_price")
    op.drop_index(op.f("ix_pricing_room_price_plan_id"), table_name="pricing_room_price")
    op.drop_table("pricing_room_price")
    op.drop_index(op.f("ix_pricing_price_plan_row_room_id"), table_name="pricing_price_plan_row")
    op.drop_index(op.f("ix_pricing_price_plan_row_project_id"), table_name="pricing_price_plan_row")
    op.drop_index(op.f("ix_pricing_price_plan_row_plan_id"), table_name="pricing_price_plan_row")
    op.drop_table("pricing_price_plan_row")
    op.drop_index(op.f("ix_finance_account_room_id"), table_name="finance_account")
    op.drop_index(op.f("ix_finance_account_project_id"), table_name="finance_account")
    op.drop_table("finance_account")
    op.drop_index(op.f("ix_devices_job_log_project_id"), table_name="devices_job_log")
    op.drop_index(op.f("ix_devices_job_log_job_id"), table_name="devices_job_log")
    op.drop_table("devices_job_log")
    op.drop_index(
        "uq_estate_room_number_in_entrance",
        table_name="estate_room",
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index("ix_estate_room_project_status", table_name="estate_room")
    op.drop_index(op.f("ix_estate_room_project_id"), table_name="estate_room")
    op.drop_index(op.f("ix_estate_room_house_type_id"), table_name="estate_room")
    op.drop_index(op.f("ix_estate_room_entrance_id"), table_name="estate_room")
    op.drop_index(op.f("ix_estate_room_building_id"), table_name="estate_room")
    op.drop_table("estate_room")
    op.drop_index(
        "uq_devices_job_working",
        table_name="devices_job",
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.drop_index("ix_devices_job_subject", table_name="devices_job")
    op.drop_index(op.f("ix_devices_job_state_by_id"), table_name="devices_job")
    op.drop_index(op.f("ix_devices_job_project_id"), table_name="devices_job")
    op.drop_index(
        "ix_devices_job_open",
        table_name="devices_job",
        postgresql_where=sa.text("state IN ('queued','sent')"),
    )
    op.drop_index(op.f("ix_devices_job_device_id"), table_name="devices_job")
    op.drop_index(op.f("ix_devices_job_created_by_id"), table_name="devices_job")
    op.drop_table("devices_job")
    op.drop_index(op.f("ix_devices_hook_project_id"), table_name="devices_hook")
    op.drop_index(op.f("ix_devices_hook_device_id"), table_name="devices_hook")
    op.drop_table("devices_hook")
    op.drop_table("devices_device_status")
    op.drop_index(
        "ix_workflows_approval_task_waiting",
        table_name="workflows_approval_task",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "ix_workflows_approval_task_user_waiting",
        table_name="workflows_approval_task",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        op.f("ix_workflows_approval_task_request_id"), table_name="workflows_approval_task"
    )
    op.drop_index(
        op.f("ix_workflows_approval_task_project_id"), table_name="workflows_approval_task"
    )
    op.drop_index(
        op.f("ix_workflows_approval_task_decided_by_id"), table_name="workflows_approval_task"
    )
    op.drop_table("workflows_approval_task")
    op.drop_index(
        op.f("ix_pricing_payment_method_line_project_id"), table_name="pricing_payment_method_line"
    )
    op.drop_index(
        op.f("ix_pricing_payment_method_line_method_id"), table_name="pricing_payment_method_line"
    )
    op.drop_table("pricing_payment_method_line")
    op.drop_index(op.f("ix_estate_permit_building_project_id"), table_name="estate_permit_building")
    op.drop_index(op.f("ix_estate_permit_building_permit_id"), table_name="estate_permit_building")
    op.drop_index(
        op.f("ix_estate_permit_building_building_id"), table_name="estate_permit_building"
    )
    op.drop_table("estate_permit_building")
    op.drop_index(op.f("ix_estate_entrance_project_id"), table_name="estate_entrance")
    op.drop_index(op.f("ix_estate_entrance_building_id"), table_name="estate_entrance")
    op.drop_table("estate_entrance")
    op.drop_index(
        op.f("ix_devices_station_operator_user_id"), table_name="devices_station_operator"
    )
    op.drop_index(
        op.f("ix_devices_station_operator_station_id"), table_name="devices_station_operator"
    )
    op.drop_index(
        op.f("ix_devices_station_operator_project_id"), table_name="devices_station_operator"
    )
    op.drop_table("devices_station_operator")
    op.drop_index(op.f("ix_devices_device_station_id"), table_name="devices_device")
    op.drop_index(op.f("ix_devices_device_project_id"), table_name="devices_device")
    op.drop_table("devices_device")
    op.drop_index(
        "uq_workflows_approval_request_live",
        table_name="workflows_approval_request",
        postgresql_where=sa.text("state IN ('running','returned','failed')"),
    )
    op.drop_index("ix_workflows_approval_request_subject", table_name="workflows_approval_request")
    op.drop_index(
        op.f("ix_workflows_approval_request_state_by_id"), table_name="workflows_approval_request"
    )
    op.drop_index(
        op.f("ix_workflows_approval_request_project_id"), table_name="workflows_approval_request"
    )
    op.drop_index(
        op.f("ix_workflows_approval_request_flow_id"), table_name="workflows_approval_request"
    )
    op.drop_index(
        op.f("ix_workflows_approval_request_applicant_id"), table_name="workflows_approval_request"
    )
    op.drop_table("workflows_approval_request")
    op.drop_index(op.f("ix_pricing_price_plan_state_by_id"), table_name="pricing_price_plan")
    op.drop_index(op.f("ix_pricing_price_plan_project_id"), table_name="pricing_price_plan")
    op.drop_index(op.f("ix_pricing_price_plan_created_by_id"), table_name="pricing_price_plan")
    op.drop_table("pricing_price_plan")
    op.drop_index(op.f("ix_pricing_payment_method_project_id"), table_name="pricing_payment_method")
    op.drop_table("pricing_payment_method")
    op.drop_index(op.f("ix_pricing_discount_project_id"), table_name="pricing_discount")
    op.drop_table("pricing_discount")
    op.drop_index(op.f("ix_finance_bill_book_project_id"), table_name="finance_bill_book")
    op.drop_index(op.f("ix_finance_bill_book_cashier_id"), table_name="finance_bill_book")
    op.drop_table("finance_bill_book")
    op.drop_index(op.f("ix_estate_room_import_project_id"), table_name="estate_room_import")
    op.drop_index(op.f("ix_estate_room_import_created_by_id"), table_name="estate_room_import")
    op.drop_table("estate_room_import")
    op.drop_index(op.f("ix_estate_project_member_user_id"), table_name="estate_project_member")
    op.drop_index(op.f("ix_estate_project_member_project_id"), table_name="estate_project_member")
    op.drop_table("estate_project_member")
    op.drop_index(op.f("ix_estate_permit_project_id"), table_name="estate_permit")
    op.drop_table("estate_permit")
    op.drop_index(op.f("ix_estate_house_type_project_id"), table_name="estate_house_type")
    op.drop_table("estate_house_type")
    op.drop_index(op.f("ix_estate_building_project_id"), table_name="estate_building")
    op.drop_table("estate_building")
    op.drop_index(op.f("ix_devices_station_project_id"), table_name="devices_station")
    op.drop_table("devices_station")
    op.drop_index("uq_customers_customer_mobile", table_name="customers_customer")
    op.drop_index(
        "uq_customers_customer_document",
        table_name="customers_customer",
        postgresql_where=sa.text("id_number_hash IS NOT NULL"),
    )
    op.drop_index(op.f("ix_customers_customer_project_id"), table_name="customers_customer")
    op.drop_index(op.f("ix_customers_customer_owner_id"), table_name="customers_customer")
    op.drop_index("ix_customers_customer_mobile_tail", table_name="customers_customer")
    op.drop_index(op.f("ix_customers_customer_created_by_id"), table_name="customers_customer")
    op.drop_table("customers_customer")
    op.drop_index("idx_role_id", table_name="ab_permission_view_role")
    op.drop_index("idx_permission_view_id", table_name="ab_permission_view_role")
    op.drop_table("ab_permission_view_role")
    op.drop_index("uq_workflows_approval_flow_version", table_name="workflows_approval_flow")
    op.drop_index(
        "uq_workflows_approval_flow_active",
        table_name="workflows_approval_flow",
        postgresql_where=sa.text("is_active"),
    )
    op.drop_index(
        op.f("ix_workflows_approval_flow_created_by_id"), table_name="workflows_approval_flow"
    )
    op.drop_table("workflows_approval_flow")
    op.drop_index(op.f("ix_estate_project_parent_id"), table_name="estate_project")
    op.drop_index(op.f("ix_estate_project_organization_id"), table_name="estate_project")
    op.drop_table("estate_project")
    op.drop_table("admin_role_profile")
    op.drop_index(
        op.f("ix_admin_organization_member_user_id"), table_name="admin_organization_member"
    )
    op.drop_index(
        op.f("ix_admin_organization_member_organization_id"), table_name="admin_organization_member"
    )
    op.drop_table("admin_organization_member")
    op.drop_table("ab_user_role")
    op.drop_index("idx_user_id", table_name="ab_user_group")
    op.drop_index("idx_user_group_id", table_name="ab_user_group")
    op.drop_table("ab_user_group")
    op.drop_index("idx_view_menu_id", table_name="ab_permission_view")
    op.drop_index("idx_permission_id", table_name="ab_permission_view")
    op.drop_table("ab_permission_view")
    op.drop_index("idx_group_role_id", table_name="ab_group_role")
    op.drop_index("idx_group_id", table_name="ab_group_role")
    op.drop_table("ab_group_role")
    op.drop_index("idx_api_key_user_id", table_name="ab_api_key")
    op.drop_index("idx_api_key_prefix", table_name="ab_api_key")
    op.drop_index("idx_api_key_lookup_hash", table_name="ab_api_key")
    op.drop_table("ab_api_key")
    op.drop_index("ix_estate_room_event_xid", table_name="estate_room_event")
    op.drop_index("ix_estate_room_event_project_xid", table_name="estate_room_event")
    op.drop_index("ix_estate_room_event_at", table_name="estate_room_event")
    op.drop_table("estate_room_event")
    op.drop_index("ix_core_setting_project_id", table_name="core_setting")
    op.drop_table("core_setting")
    op.drop_index("ix_core_idempotency_created_at", table_name="core_idempotency")
    op.drop_table("core_idempotency")
    op.drop_index("ix_core_audit_entry_object", table_name="core_audit_entry")
    op.drop_index("ix_core_audit_entry_at", table_name="core_audit_entry")
    op.drop_index("ix_core_audit_entry_actor", table_name="core_audit_entry")
    op.drop_table("core_audit_entry")
    op.drop_index("ix_admin_sign_in_failure_username_at", table_name="admin_sign_in_failure")
    op.drop_index("ix_admin_sign_in_failure_address_at", table_name="admin_sign_in_failure")
    op.drop_table("admin_sign_in_failure")
    op.drop_index(op.f("ix_admin_organization_parent_id"), table_name="admin_organization")
    op.drop_table("admin_organization")
    op.drop_table("ab_view_menu")
    op.drop_table("ab_user")
    op.drop_table("ab_role")
    op.drop_table("ab_register_user")
    op.drop_table("ab_permission")
    op.drop_table("ab_group")

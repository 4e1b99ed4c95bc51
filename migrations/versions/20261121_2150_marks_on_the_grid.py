"""what changes a room's marks tells the open grids too.

The room's row itself stays untouched: to raise its version here would lock rooms after deals,
against the order of locks. The event carries the version that the room has.
"""

from __future__ import annotations

from alembic import op

revision = "c3f0a4d7e915"
down_revision = "a7c1d90e42b8"
branch_labels = None
depends_on = None

UP = """
CREATE FUNCTION estate_room_tell_deal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO estate_room_event (xid, project_id, room_id, version)
  SELECT pg_current_xact_id()::text::bigint, r.project_id, r.id, r.version
    FROM estate_room r WHERE r.id = NEW.room_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_update AFTER UPDATE ON sales_subscription
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION estate_room_tell_deal();

CREATE FUNCTION estate_room_tell_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO estate_room_event (xid, project_id, room_id, version)
  SELECT DISTINCT pg_current_xact_id()::text::bigint, r.project_id, r.id, r.version
    FROM new_rows n
    JOIN finance_receivable v ON v.id = n.receivable_id
    JOIN finance_account a ON a.id = v.account_id
    JOIN estate_room r ON r.id = a.room_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_insert AFTER INSERT ON finance_allocation REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION estate_room_tell_money();
"""

DOWN = """
DROP FUNCTION IF EXISTS estate_room_tell_deal() CASCADE;
DROP FUNCTION IF EXISTS estate_room_tell_money() CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)

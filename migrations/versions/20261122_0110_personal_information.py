"""purpose beside consent, and the owner's function that blanks a customer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d41b7e90c6a3"
down_revision = "d2e8b41f7c05"
branch_labels = None
depends_on = None

# Owned by whoever owns the database: it can be granted or taken away as one thing, and it cannot
# blank without writing that it did.
ANONYMIZE = r"""
CREATE FUNCTION customers_anonymize(target bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  known customers_customer;
BEGIN
  SELECT * INTO known FROM customers_customer WHERE id = target FOR UPDATE;
  IF NOT FOUND OR known.anonymized_at IS NOT NULL THEN
    RAISE EXCEPTION 'there is no such customer to be anonymized';
  END IF;
  UPDATE customers_customer SET
    name = '*', mobile = '-' || target, mobile_tail = '', sex = NULL, birthday = NULL,
    id_kind = NULL, id_number_cipher = NULL, id_number_hash = NULL, id_number_tail = NULL,
    address = NULL, source = NULL, remark = NULL, anonymized_at = now()
   WHERE id = target;
  INSERT INTO core_audit_entry (actor, address, action, table_name, row_id, project_id, after)
  VALUES (coalesce(nullif(current_setting('xiaokong.actor', true), ''),
                   'database:' || session_user),
          nullif(current_setting('xiaokong.address', true), '')::inet,
          'anonymize', 'customers_customer', target, known.project_id,
          jsonb_build_object('reason', why));
END $$;
REVOKE ALL ON FUNCTION customers_anonymize(bigint, text) FROM PUBLIC;
"""


def raw(sql: str) -> None:
    """Run SQL as it is: the driver must not read % signs and colons as parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(sql)


def upgrade() -> None:
    op.add_column(
        "customers_customer", sa.Column("consent_purpose", sa.String(length=200), nullable=True)
    )
    op.add_column(
        "customers_customer",
        sa.Column("anonymized_at", sa.DateTime(timezone=True), nullable=True),
    )
    raw(ANONYMIZE)


def downgrade() -> None:
    op.execute("DROP FUNCTION customers_anonymize(bigint, text)")
    op.drop_column("customers_customer", "anonymized_at")
    op.drop_column("customers_customer", "consent_purpose")

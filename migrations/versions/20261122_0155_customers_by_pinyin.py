"""keys that customers are found by: name, pinyin, initials, tails; blanked with the person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b81e5f07a2c4"
down_revision = "9e2b64d0c7f3"
branch_labels = None
depends_on = None

TABLE = "customers_customer"
PERSONAL = (
    "name,mobile,mobile_tail,sex,birthday,address,source,remark,"
    "id_number_cipher,id_number_hash,id_number_tail"
)
BATCH = 2000

# The beginnings of the keys, six signs at most: what begins so is read from the index, and longer
# words are compared with the few rows that are left. No extension is needed for it.
PREFIXES = r"""
CREATE FUNCTION customers_prefixes(keys text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500 AS $$
  SELECT coalesce(array_agg(DISTINCT left(t.key, n.length)), '{}')
    FROM unnest(string_to_array(keys, ' ')) AS t(key), generate_series(1, 6) AS n(length)
   WHERE t.key <> '' AND n.length <= length(t.key)
$$;
"""

# The application makes the keys, since the database knows no pinyin. Whoever else writes a row
# leaves no keys of what is no longer there, and a person who was blanked has none at all.
KEEP = r"""
CREATE FUNCTION customers_keep_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.anonymized_at IS NOT NULL THEN
    NEW.search_keys := '';
  ELSIF NEW.search_keys = '' OR (TG_OP = 'UPDATE' AND NEW.search_keys = OLD.search_keys
        AND (NEW.name, NEW.mobile_tail, NEW.id_number_tail)
            IS DISTINCT FROM (OLD.name, OLD.mobile_tail, OLD.id_number_tail)) THEN
    NEW.search_keys := ' ' || lower(regexp_replace(NEW.name, '\s', '', 'g'))
                    || coalesce(' ' || nullif(NEW.mobile_tail, ''), '')
                    || coalesce(' ' || lower(nullif(NEW.id_number_tail, '')), '');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_keys BEFORE INSERT OR UPDATE ON customers_customer
  FOR EACH ROW EXECUTE FUNCTION customers_keep_keys();
"""


def raw(sql: str) -> None:
    """Run SQL as it is: the driver must not read % signs and colons as parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(sql)


def attach_again(personal: str) -> None:
    for action in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER audit_{action} ON {TABLE}")
    op.execute(f"SELECT audit_attach('{TABLE}', '{{{personal}}}')")


def upgrade() -> None:
    op.add_column(
        TABLE, sa.Column("search_keys", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    fill()
    raw(PREFIXES)
    raw(KEEP)
    op.create_index("ix_customers_customer_mobile", TABLE, ["mobile"])
    op.create_index("ix_customers_customer_id_number_hash", TABLE, ["id_number_hash"])
    op.create_index(
        "ix_customers_customer_search",
        TABLE,
        [sa.text("customers_prefixes(search_keys)")],
        postgresql_using="gin",
    )
    attach_again(f"{PERSONAL},search_keys")


def fill() -> None:
    """Give the customers that are there their keys, closed projects' too, without the audit."""
    # Derived, and always by the rules of the release that searches by them.
    from app.customers.search_keys import keys_of

    connection = op.get_bind()
    connection.execute(sa.text(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER"))
    read = sa.text(
        f"SELECT id, name, mobile_tail, id_number_tail FROM {TABLE}"
        " WHERE id > :after AND anonymized_at IS NULL ORDER BY id LIMIT :most"
    )
    write = sa.text(
        f"UPDATE {TABLE} c SET search_keys = k.keys"
        " FROM unnest(cast(:ids AS bigint[]), cast(:keys AS text[])) AS k(id, keys)"
        " WHERE c.id = k.id"
    )
    after = 0
    while rows := connection.execute(read, {"after": after, "most": BATCH}).all():
        after = rows[-1].id
        keys = [keys_of(row.name, row.mobile_tail, row.id_number_tail) for row in rows]
        connection.execute(write, {"ids": [row.id for row in rows], "keys": keys})
    connection.execute(sa.text(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER"))


def downgrade() -> None:
    op.drop_index("ix_customers_customer_search", table_name=TABLE)
    op.drop_index("ix_customers_customer_id_number_hash", table_name=TABLE)
    op.drop_index("ix_customers_customer_mobile", table_name=TABLE)
    raw("DROP FUNCTION customers_keep_keys() CASCADE")
    raw("DROP FUNCTION customers_prefixes(text)")
    op.drop_column(TABLE, "search_keys")
    attach_again(PERSONAL)

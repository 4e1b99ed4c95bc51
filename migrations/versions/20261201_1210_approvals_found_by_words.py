"""approvals found by number, room and customer: an index of the beginnings of their words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c4d92a1b7e35"
down_revision = "f4b86e1c07d3"
branch_labels = None
depends_on = None

TABLE = "workflows_approval_request"

# What number and title are made of: runs of letters and digits, which are found from their
# beginning, and runs of Chinese signs, which are found from each sign on, since nothing stands between words.
# Six signs at most are kept; search.py compares the rest. No extension is needed.
WORDS = r"""
CREATE FUNCTION workflows_search_words(number text, title text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500 AS $$
  SELECT coalesce(array_agg(DISTINCT substr(t.run[1], s.start, n.length)), '{}')
    FROM regexp_matches(lower(number || ' ' || title),
                        '[0-9a-z]+|[^\x01-\x7f·•・，、。（）]+', 'g') AS t(run),
         generate_series(1, CASE WHEN t.run[1] ~ '^[0-9a-z]' THEN 1
                                 ELSE length(t.run[1]) END) AS s(start),
         generate_series(1, 6) AS n(length)
   WHERE s.start + n.length - 1 <= length(t.run[1])
$$;
"""


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:  # %, : and \ stand for themselves
        cursor.execute(WORDS)
    op.create_index(
        "ix_workflows_approval_request_words",
        TABLE,
        [sa.text("workflows_search_words(number, subject_title)")],
        postgresql_using="gin",
    )
    op.create_index(
        "ix_workflows_approval_request_customer",
        TABLE,
        [sa.text("(values ->> 'customer_id')")],
        postgresql_where=sa.text("(values ->> 'customer_id') IS NOT NULL"),
    )
    op.create_index(
        "ix_workflows_approval_task_of_role",
        "workflows_approval_task",
        ["role", "request_id"],
        postgresql_where=sa.text("user_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_workflows_approval_task_of_role", "workflows_approval_task")
    op.drop_index("ix_workflows_approval_request_customer", TABLE)
    op.drop_index("ix_workflows_approval_request_words", TABLE)
    op.execute("DROP FUNCTION workflows_search_words(text, text)")

"""instalments wait for milestones of their building, no longer for a text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e7f2136b8d40"
down_revision = "d90b47c1f6a2"
branch_labels = None
depends_on = None

LINE, RECEIVABLE = "pricing_payment_method_line", "finance_receivable"

# The words by which people name the stages; the first that fits. Other names stay as they are.
KNOWN = """
UPDATE @TABLE@ SET due_stage = CASE
         WHEN name LIKE '%封顶%' THEN 'topped_out'
         WHEN name LIKE '%正负零%' OR name LIKE '%±0%' THEN 'ground_level'
         WHEN name LIKE '%基础%' THEN 'foundation'
         WHEN name LIKE '%竣工%' OR name LIKE '%备案%' THEN 'completion_record'
         WHEN name LIKE '%实测%' THEN 'measured_survey'
         WHEN name LIKE '%大产证%' OR name LIKE '%初始登记%' THEN 'title_registration' END
 WHERE due_rule = 'stage'
"""


def upgrade() -> None:
    for table in (LINE, RECEIVABLE):
        op.add_column(table, sa.Column("due_stage", sa.String(30), nullable=True))
        op.execute(KNOWN.replace("@TABLE@", table))


def downgrade() -> None:
    for table in (RECEIVABLE, LINE):
        op.drop_column(table, "due_stage")

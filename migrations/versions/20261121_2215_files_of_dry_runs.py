"""the file of a dry run is kept until the import is carried out

It lies in the database and not in a folder: the page that confirms may be answered by another
machine than the one that took the file.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d81f5b2c6e30"
down_revision = "c3f0a4d7e915"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "estate_room_import_file",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["estate_room_import.id"],
            ondelete="CASCADE",
            name=op.f("fk_estate_room_import_file_import_id_estate_room_import"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["estate_project.id"],
            name=op.f("fk_estate_room_import_file_project_id_estate_project"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_room_import_file")),
        sa.UniqueConstraint("import_id", name=op.f("uq_estate_room_import_file_import_id")),
    )
    op.create_index(
        op.f("ix_estate_room_import_file_project_id"), "estate_room_import_file", ["project_id"]
    )


def downgrade() -> None:
    op.drop_table("estate_room_import_file")

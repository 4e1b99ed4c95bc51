"""Price lists as they came in."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import (
    Base,
    code_text,
    created_moment,
    json_list,
    json_object,
    moment,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.estate.models.places import Project
from app.estate.models.rooms import Room


class RoomImport(ProjectScoped, Base):
    """导入批次: one price list as it came in, with what it did or why it was refused."""

    __tablename__ = "estate_room_import"

    number: Mapped[code_text] = mapped_column(unique=True)
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    shape: Mapped[str] = mapped_column(String(20))
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20))
    counts: Mapped[json_object]
    faults: Mapped[json_list]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.number


class RoomImportLine(ProjectScoped, Base):
    """导入核对明细: what a check found of one room: before → after, field by field."""

    __tablename__ = "estate_room_import_line"
    __audited__ = False
    __table_args__ = (
        Index("ix_estate_room_import_line_kind", "room_import_id", "kind", "id"),
        Index(
            "ix_estate_room_import_line_room",
            "room_id",
            postgresql_where=text("room_id IS NOT NULL"),
        ),
        CheckConstraint(
            "kind IN ('new','changed','differs','same','absent','refused')", name="kind_known"
        ),
    )

    room_import_id: Mapped[int] = mapped_column(
        ForeignKey("estate_room_import.id", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(200))
    #: where it stands in the file; nowhere for rooms that the list does not name
    sheet: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")
    line: Mapped[int | None] = mapped_column(Integer)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("estate_room.id", ondelete="SET NULL"))
    #: [field, before, after] for each field that differs
    changes: Mapped[json_list] = mapped_column(server_default=text("'[]'"), default=list)
    #: the same, or why the row is refused, in the language of who checked
    words: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")
    room_import: Mapped[RoomImport] = relationship()
    room: Mapped[Room | None] = relationship()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.title


class RoomImportRun(ProjectScoped, Base):
    """导入进行: a big import while the worker carries it out, or why it was cut off."""

    __tablename__ = "estate_room_import_run"
    __audited__ = False

    import_id: Mapped[int] = mapped_column(
        ForeignKey("estate_room_import.id", ondelete="CASCADE"), unique=True
    )
    asked_by_id: Mapped[int] = user_ref(nullable=False)
    locale: Mapped[str] = mapped_column(String(8))
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    #: the last sign of life of the worker
    seen_at: Mapped[moment]
    #: why nothing was written, in a sentence
    problem: Mapped[str] = mapped_column(String(300), server_default=text("''"), default="")


class RoomImportFile(ProjectScoped, Base):
    """导入文件: the file of a dry run, kept until it is carried out, for a day at most."""

    __tablename__ = "estate_room_import_file"
    __audited__ = False

    import_id: Mapped[int] = mapped_column(
        ForeignKey("estate_room_import.id", ondelete="CASCADE"), unique=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[created_moment]

"""Saved views of lists, how each person has a list drawn, and exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, created_moment, json_list, moment, user_ref
from app.core.states import State

__all__ = ["Export", "ExportState", "ListLayout", "SavedView"]


class SavedView(Base):
    """列表视图: conditions and order of a list under a name, one's own or shared."""

    __tablename__ = "lists_view"
    __table_args__ = (
        UniqueConstraint("owner_id", "list_key", "name"),
        Index("ix_lists_view_list_key", "list_key"),
    )

    #: the endpoint of the generated page
    list_key: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(40))
    #: what the address says behind the question mark
    query: Mapped[str] = mapped_column(String(2000))
    owner_id: Mapped[int] = user_ref(nullable=False)
    #: everybody with this role sees it; empty: nobody by his role
    role_code: Mapped[str | None] = mapped_column(String(80))
    #: everybody who reaches this project sees it
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_project.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[created_moment]

    def __str__(self) -> str:
        return self.name


class ListLayout(Base):
    """列表布局: the columns, page size and first view of one list for one person."""

    __tablename__ = "lists_layout"
    __audited__ = False
    __table_args__ = (UniqueConstraint("user_id", "list_key"),)

    user_id: Mapped[int] = user_ref(nullable=False)
    list_key: Mapped[str] = mapped_column(String(80))
    #: names of columns in their order; empty: the list's own
    columns: Mapped[json_list] = mapped_column(server_default=text("'[]'::jsonb"))
    page_size: Mapped[int | None] = mapped_column(Integer)
    default_view_id: Mapped[int | None] = mapped_column(
        ForeignKey("lists_view.id", ondelete="SET NULL"), index=True
    )


class ExportState(State):
    """导出状态: waits, is written, has ended."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "waiting": _l("Waiting"),
            "running": _l("Being written"),
            "done": _l("Ready"),
            "failed": _l("Failed"),
            "cancelled": _l("Cancelled"),
            "expired": _l("Expired"),
        }


class Export(Base):
    """导出: a list as a file, written by the worker for its owner alone."""

    __tablename__ = "lists_export"
    #: progress would fill the audit; the export itself is noted there when it is written
    __audited__ = False
    __table_args__ = (
        Index("ix_lists_export_owner_id_id", "owner_id", "id"),
        Index("ix_lists_export_state", "state"),
    )
    TRANSITIONS = {
        "waiting": {"running", "cancelled", "failed"},
        "running": {"done", "failed", "cancelled"},
        "done": {"expired"},
        "failed": set(),
        "cancelled": set(),
        "expired": set(),
    }

    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    list_key: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(120))
    query: Mapped[str] = mapped_column(String(2000))
    columns: Mapped[json_list]
    #: the project that the list keeps to; empty: the owner's whole scope
    project_id: Mapped[int | None] = mapped_column(ForeignKey("estate_project.id"), index=True)
    locale: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(20), server_default=text("'waiting'"))
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    #: below DATA_DIR/exports; empty before the file is whole and after it has been deleted
    file_name: Mapped[str] = mapped_column(String(80), server_default=text("''"), default="")
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: a sentence for the owner
    problem: Mapped[str] = mapped_column(String(300), server_default=text("''"), default="")
    created_at: Mapped[created_moment]
    started_at: Mapped[moment | None]
    #: the last sign of life of the worker that writes it
    seen_at: Mapped[moment | None]
    ended_at: Mapped[moment | None]
    expires_at: Mapped[moment | None]

    def __str__(self) -> str:
        return self.title

"""Whether a project's base data are locked, and the log of everything that happened to them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import Base, created_moment, long_text, moment, user_ref
from app.core.scope import ProjectScoped
from app.estate.models.places import Project


class BaseDataLock(ProjectScoped, Base):
    """基础资料锁定: who has reviewed a project's base data, and whether they are locked."""

    __tablename__ = "estate_base_data_lock"
    __table_args__ = (
        UniqueConstraint("project_id"),
        CheckConstraint(
            "locked_at IS NULL"
            " OR (sales_reviewed_at IS NOT NULL AND finance_reviewed_at IS NOT NULL)",
            name="locked_when_both_have_reviewed",
        ),
        CheckConstraint("sales_reviewed_by_id <> finance_reviewed_by_id", name="two_people"),
        CheckConstraint("opened_for IS NULL OR locked_at IS NOT NULL", name="opened_when_locked"),
    )

    sales_reviewed_at: Mapped[moment | None]
    sales_reviewed_by_id: Mapped[int | None] = user_ref()
    #: SHA-256 of what was reviewed
    sales_digest: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    finance_reviewed_at: Mapped[moment | None]
    finance_reviewed_by_id: Mapped[int | None] = user_ref()
    finance_digest: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    locked_at: Mapped[moment | None]
    #: number of the approved change that is being carried out by hand: open so long
    opened_for: Mapped[str | None] = mapped_column(String(40))
    sales_reviewed_by: Mapped[AppUser | None] = relationship(foreign_keys=[sales_reviewed_by_id])
    finance_reviewed_by: Mapped[AppUser | None] = relationship(
        foreign_keys=[finance_reviewed_by_id]
    )
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return str(self.project)


class BaseDataEntry(ProjectScoped, Base):
    """基础资料工作日志: one thing that happened to a project's base data; never changed."""

    __tablename__ = "estate_base_data_entry"
    #: it is the log itself
    __audited__ = False

    #: ``app.estate.words.BaseDataStep``
    kind: Mapped[str] = mapped_column(String(30))
    happened_at: Mapped[created_moment]
    by_id: Mapped[int | None] = user_ref()
    #: number of the change that it belongs to
    change_number: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[long_text] = mapped_column(server_default=text("''"))
    by: Mapped[AppUser | None] = relationship(foreign_keys=[by_id])
    project: Mapped[Project] = relationship()

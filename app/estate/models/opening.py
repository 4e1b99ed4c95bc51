"""What has to be ready before a batch goes on the market."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import Base, day, moment, user_ref
from app.core.scope import ProjectScoped
from app.estate.models.places import Project
from app.estate.models.progress import LaunchBatch


class OpeningItem(ProjectScoped, Base):
    """开盘准备事项: one thing that somebody has to have ready by a day."""

    __tablename__ = "estate_opening_item"
    __table_args__ = (
        UniqueConstraint("batch_id", "kind"),
        CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name="done_by_somebody"),
    )

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("estate_launch_batch.id", ondelete="CASCADE"), index=True
    )
    #: ``app.estate.opening.OpeningKind``
    kind: Mapped[str] = mapped_column(String(30))
    responsible_id: Mapped[int | None] = user_ref()
    due_on: Mapped[day | None]
    done_at: Mapped[moment | None]
    done_by_id: Mapped[int | None] = user_ref()
    remarks: Mapped[str] = mapped_column(String(200), server_default=text("''"), default="")
    batch: Mapped[LaunchBatch] = relationship()
    responsible: Mapped[AppUser | None] = relationship(foreign_keys=[responsible_id])
    done_by: Mapped[AppUser | None] = relationship(foreign_keys=[done_by_id])
    project: Mapped[Project] = relationship()

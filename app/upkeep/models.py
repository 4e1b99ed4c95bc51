"""Backups, signs of life, faults, daily checks, incidents and closed projects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    created_moment,
    day,
    json_list,
    json_object,
    long_text,
    moment,
    name_text,
    user_ref,
)
from app.core.scope import GroupWide
from app.core.states import State

__all__ = [
    "Backup",
    "BackupState",
    "DailyCheck",
    "Fault",
    "Incident",
    "IncidentSeverity",
    "ProjectClosing",
    "SignOfLife",
]


class BackupState(State):
    """备份状态."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REMOVED = "removed"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "running": _l("Under way"),
            "done": _l("Completed"),
            "failed": _l("Failed"),
            "removed": _l("Removed"),
        }


class Backup(GroupWide, Base):
    """备份记录: one archive that was written, what is in it, and whether it was rehearsed."""

    __tablename__ = "upkeep_backup"
    __audited__ = False
    __table_args__ = (Index("ix_upkeep_backup_started_at", "started_at"),)

    started_at: Mapped[created_moment]
    ended_at: Mapped[moment | None]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'running'"))
    machine: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(500))
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    #: migration head and rows at the time
    revision: Mapped[str | None] = mapped_column(String(40))
    rows: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(400))
    checked_at: Mapped[moment | None]
    rehearsed_at: Mapped[moment | None]
    #: what the last rehearsal found wrong; None when all was right
    rehearsal_error: Mapped[str | None] = mapped_column(String(400))

    def __str__(self) -> str:
        return self.path.rpartition("/")[2]


class SignOfLife(Base):
    """运行迹象: a process of ours was alive at this moment; hot, therefore not audited."""

    __tablename__ = "upkeep_sign_of_life"
    __audited__ = False
    __table_args__ = (UniqueConstraint("process", "machine", "pid"),)

    process: Mapped[str] = mapped_column(String(20))
    machine: Mapped[str] = mapped_column(String(120))
    pid: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[moment]
    seen_at: Mapped[moment]
    version: Mapped[str] = mapped_column(String(20))
    detail: Mapped[json_object] = mapped_column(server_default=text("'{}'"))


class Fault(Base):
    """程序错误: an unexpected error by its place; counted, with the id that finds its log lines."""

    __tablename__ = "upkeep_fault"
    __audited__ = False
    __table_args__ = (Index("ix_upkeep_fault_last_at", "last_at"),)

    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(200))
    #: endpoint or job
    during: Mapped[str] = mapped_column(String(120))
    first_at: Mapped[moment]
    last_at: Mapped[moment]
    count: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    last_request_id: Mapped[str | None] = mapped_column(String(64))


class DailyCheck(GroupWide, Base):
    """每日巡检: somebody looked at how the system runs, and signs for the day."""

    __tablename__ = "upkeep_daily_check"

    day: Mapped[day] = mapped_column(unique=True)
    signed_at: Mapped[moment]
    signed_by_id: Mapped[int] = user_ref(nullable=False)
    remarks: Mapped[str | None] = mapped_column(Text)
    #: what the page said at that moment: ``[{"state", "title", "sentence"}]``
    findings: Mapped[json_list]
    signed_by: Mapped[AppUser] = relationship(foreign_keys="DailyCheck.signed_by_id")

    @property
    def troubles(self) -> int:
        """Return how many findings were not in order."""
        return sum(1 for one in self.findings if one.get("state") != "ok")

    def __str__(self) -> str:
        return str(self.day)


class IncidentSeverity(State):
    """故障等级."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "minor": _l("Minor"),
            "major": _l("Major"),
            "critical": _l("Critical"),
        }


class Incident(GroupWide, Base):
    """故障记录: what went wrong, from when to when, why, and what was done."""

    __tablename__ = "upkeep_incident"
    __table_args__ = (Index("ix_upkeep_incident_began_at", "began_at"),)

    title: Mapped[name_text]
    severity: Mapped[str] = mapped_column(String(20), server_default=text("'minor'"))
    began_at: Mapped[moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    what: Mapped[long_text]
    cause: Mapped[str | None] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text)
    #: the number on the error page, which finds the log
    error_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    created_by: Mapped[AppUser | None] = relationship(foreign_keys="Incident.created_by_id")

    def __str__(self) -> str:
        return self.title


class ProjectClosing(GroupWide, Base):
    """结项: a project that is read only; the database refuses every change of its rows."""

    __tablename__ = "upkeep_project_closing"
    __table_args__: ClassVar[Any] = ()

    #: not ProjectScoped: the row itself must come and go while the project is closed
    closed_project_id: Mapped[int] = mapped_column(ForeignKey("estate_project.id"), unique=True)
    closed_at: Mapped[moment]
    closed_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(400))

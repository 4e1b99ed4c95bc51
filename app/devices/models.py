"""Stations, devices, hooks and device jobs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    code_text,
    created_moment,
    json_list,
    json_object,
    moment,
    name_text,
    traced_ref,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.core.states import State, Stateful, Transitions

__all__ = [
    "Device",
    "DeviceHook",
    "DeviceJob",
    "DeviceJobLog",
    "DeviceJobState",
    "Station",
    "StationOperator",
]


class Station(ProjectScoped, Base):
    """工位: a counter PC with its devices; its agent signs in with a token of its own."""

    __tablename__ = "devices_station"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    __personal__: ClassVar[tuple[str, ...]] = ("token_hash",)

    name: Mapped[name_text]
    #: SHA-256 of the token; the token itself is shown once
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())

    def __str__(self) -> str:
        return self.name


class StationOperator(ProjectScoped, Base):
    """工位人员: who works at which station; jobs of his actions go to its devices."""

    __tablename__ = "devices_station_operator"
    __table_args__ = (UniqueConstraint("station_id", "user_id"),)

    station_id: Mapped[int] = mapped_column(ForeignKey("devices_station.id"), index=True)
    user_id: Mapped[int] = user_ref(nullable=False)
    station: Mapped[Station] = relationship()
    user: Mapped[AppUser] = relationship(foreign_keys="StationOperator.user_id")


class Device(ProjectScoped, Base):
    """设备: what hangs on a station's PC, driven by a driver over a connection."""

    __tablename__ = "devices_device"
    __table_args__ = (UniqueConstraint("station_id", "name"),)

    station_id: Mapped[int] = mapped_column(ForeignKey("devices_station.id"), index=True)
    name: Mapped[name_text]
    kind: Mapped[code_text]
    driver: Mapped[code_text]
    #: a pyserial URL: a port, ``socket://host:port`` or ``rfc2217://…``
    url: Mapped[str] = mapped_column(String(200))
    settings: Mapped[json_object] = mapped_column(server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    station: Mapped[Station] = relationship()

    def __str__(self) -> str:
        return self.name


class DeviceStatus(Base):
    """设备状态: what an agent last said of a device; hot, therefore apart and not audited."""

    __tablename__ = "devices_device_status"
    __audited__ = False

    device_id: Mapped[int] = mapped_column(
        ForeignKey("devices_device.id", ondelete="CASCADE"), unique=True
    )
    state: Mapped[str] = mapped_column(String(30))
    detail: Mapped[str | None] = mapped_column(String(200))
    seen_at: Mapped[moment]


class DeviceHook(ProjectScoped, Base):
    """设备联动: on this event send this command to the device of this kind."""

    __tablename__ = "devices_hook"
    __table_args__ = (
        UniqueConstraint(
            "project_id",
            "event",
            "device_kind",
            "command",
            "device_id",
            postgresql_nulls_not_distinct=True,
        ),
    )

    #: receipt_confirmed, receipt_reversed, room_status_changed …
    event: Mapped[code_text]
    device_kind: Mapped[code_text]
    command: Mapped[code_text]
    #: a certain device; otherwise the one of this kind at the acting user's station
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices_device.id"), index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    device: Mapped[Device | None] = relationship()


class DeviceJobState(State):
    """设备任务状态."""

    QUEUED = "queued"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "queued": _l("Queued"),
            "sent": _l("Sent"),
            "succeeded": _l("Succeeded"),
            "failed": _l("Failed"),
            "unknown": _l("Outcome unknown"),
            "cancelled": _l("Cancelled"),
        }


class DeviceJob(ProjectScoped, Stateful, Base):
    """设备任务: one order to one device, written in the transaction of the business action."""

    __tablename__ = "devices_job"
    __audited__ = False
    __table_args__ = (
        Index("ix_devices_job_subject", "subject_type", "subject_id"),
        Index(
            "ix_devices_job_open",
            "device_id",
            "id",
            postgresql_where=text("state IN ('queued','sent')"),
        ),
        Index(
            "uq_devices_job_working",
            "device_id",
            unique=True,
            postgresql_where=text("state = 'sent'"),
        ),
        # what waits for a person is few among very many
        Index(
            "ix_devices_job_trouble",
            "project_id",
            postgresql_where=text("state IN ('failed','unknown')"),
        ),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "queued": {"sent", "cancelled"},
        "sent": {"queued", "succeeded", "failed", "unknown"},
        "succeeded": set(),
        "failed": {"queued", "cancelled"},
        "unknown": {"queued", "succeeded", "cancelled"},
        "cancelled": set(),
    }

    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices_device.id"), index=True)
    kind: Mapped[code_text]
    command: Mapped[code_text]
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[json_object]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: how many times it was printed again on purpose; the paper says 补打第n次
    reprint: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lease: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    leased_until: Mapped[moment | None]
    #: the agent has said that the first byte may leave
    started_at: Mapped[moment | None]
    next_attempt_at: Mapped[moment | None]
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(String(400))
    result: Mapped[json_object | None]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    #: of the request that ordered it; the agent's log and its calls back carry it too
    request_id: Mapped[str | None] = traced_ref()
    device: Mapped[Device | None] = relationship()

    def __str__(self) -> str:
        return f"#{self.id}"


class DeviceJobLog(ProjectScoped, Base):
    """线路日志: the bytes of one attempt, card numbers masked."""

    __tablename__ = "devices_job_log"
    __audited__ = False
    __table_args__ = (UniqueConstraint("job_id", "attempt"),)

    job_id: Mapped[int] = mapped_column(ForeignKey("devices_job.id"), index=True)
    attempt: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(20))
    entries: Mapped[json_list]
    created_at: Mapped[created_moment]

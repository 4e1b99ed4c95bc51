"""Typed business settings in the database; unknown names are refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, String, UniqueConstraint, event, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, db
from app.core.errors import Invalid

#: seconds for which a process may go on using a value that another process has changed
FRESH_FOR = 3.0


@dataclass(frozen=True)
class Setting:
    """A business setting: dotted name, default, title, and a check that returns a clean value."""

    name: str
    default: Any
    title: Any
    clean: Callable[[Any], Any]
    help: Any = ""


class SettingValue(Base):
    """业务参数: the value an office gave to a setting, for the group or for one project."""

    __tablename__ = "core_setting"
    __table_args__ = (
        UniqueConstraint("name", "project_id", postgresql_nulls_not_distinct=True),
        Index("ix_core_setting_project_id", "project_id"),
    )

    name: Mapped[str] = mapped_column(String(80))
    #: project id, or None for the whole group (no foreign key: core knows no area)
    project_id: Mapped[int | None]
    value: Mapped[Any] = mapped_column(JSONB)


_declared: dict[str, Setting] = {}
_cache: dict[tuple[str, int | None], tuple[float, Any]] = {}


def declare(setting: Setting) -> Setting:
    """Make a setting known. Raises ValueError if the name is taken."""
    if _declared.get(setting.name, setting) is not setting:
        message = f"setting {setting.name} is declared twice"
        raise ValueError(message)
    _declared[setting.name] = setting
    return setting


def declared() -> list[Setting]:
    """Return all settings, by name."""
    return [_declared[name] for name in sorted(_declared)]


def get_setting(setting: Setting, project_id: int | None = None) -> Any:
    """Return the project's value, else the group's, else the default.

    A value changed elsewhere counts here within three seconds.
    """
    key = (setting.name, project_id)
    kept = _cache.get(key)
    if kept is not None and time.monotonic() - kept[0] < FRESH_FOR:
        return kept[1]
    value = _read(setting, project_id)
    if db.session().info.get("settings_written"):
        # Not yet committed, perhaps never: it is this transaction's to see, not the process's.
        return value
    _cache[key] = (time.monotonic(), value)
    return value


def _read(setting: Setting, project_id: int | None) -> Any:
    rows = {
        row.project_id: row.value
        for row in db.session.execute(
            select(SettingValue.project_id, SettingValue.value).where(
                SettingValue.name == setting.name,
                (SettingValue.project_id == project_id) | SettingValue.project_id.is_(None),
            )
        )
    }
    if project_id in rows:
        return rows[project_id]
    return rows.get(None, setting.default)


def set_setting(name: str, value: Any, *, project_id: int | None = None) -> Any:
    """Store a value, cleaned. Raises Invalid for an unknown name or an unfit value."""
    setting = _declared.get(name)
    if setting is None:
        raise Invalid(_l("There is no setting named %(name)s.", name=name))
    try:
        clean = setting.clean(value)
    except (TypeError, ValueError) as error:
        raise Invalid(
            _l("%(value)s does not fit the setting %(title)s.", value=value, title=setting.title)
        ) from error
    row = db.session.scalar(
        select(SettingValue).where(
            SettingValue.name == name,
            SettingValue.project_id.is_not_distinct_from(project_id),
        )
    )
    if row is None:
        db.session.add(SettingValue(name=name, project_id=project_id, value=clean))
    else:
        row.value = clean
    db.session.flush()
    db.session().info["settings_written"] = True
    forget()
    return clean


@event.listens_for(Session, "after_transaction_end")
def _written_no_more(session: Session, transaction: Any) -> None:
    if transaction.parent is None and session.info.pop("settings_written", False):
        forget()


def forget() -> None:
    """Drop what this process remembers."""
    _cache.clear()

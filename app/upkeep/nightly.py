"""The backup of every night, made by the worker."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from app.upkeep.backup import make_backup
from app.upkeep.plan import backup_plan

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("xiaokong.upkeep")

#: 02:20 in China, written in UTC as the worker reads it
CRON = "20 18 * * *"
KEPT = 30


def is_wanted() -> bool:
    """Tell whether the worker makes backups: where to and for whom is said, and no timer does."""
    given = os.environ.get
    locked = given("BACKUP_RECIPIENT") or given("BACKUP_PASSPHRASE_FILE")
    return bool(given("BACKUP_DIR") and locked) and given("BACKUP_BY") != "timer"


def back_up(app: Flask) -> None:
    """Make the backup. Raises what ``make_backup`` raises; the failure is in the log and a row."""
    try:
        made = make_backup(backup_plan(app.config), keep=int(os.environ.get("BACKUP_KEEP") or KEPT))
    except Exception:
        log.exception("the nightly backup failed", extra={"facts": {"job": "upkeep.backup"}})
        raise
    log.info("backup made", extra={"facts": {"bytes": made.size, "rows": made.rows}})

"""What the environment says of backups: where to, for whom, by which address and keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.core.errors import Invalid
from app.upkeep.archive import Lock
from app.upkeep.backup import Plan
from app.upkeep.restore import KEY_NAMES
from config import libpq_url


def admin_url(config: Mapping[str, Any]) -> str:
    """Return the address that may change tables: the owner's, else the direct one."""
    for name in ("DATABASE_OWNER_URL", "DATABASE_DIRECT_URL"):
        if os.environ.get(name):
            return libpq_url(os.environ[name])
    return libpq_url(str(config["DATABASE_URL"]))


def passphrase(file: str | None) -> str:
    """Return the passphrase of the file, else of BACKUP_PASSPHRASE_FILE, else nothing."""
    place = file or os.environ.get("BACKUP_PASSPHRASE_FILE")
    if not place:
        return ""
    if not Path(place).is_file():
        raise Invalid(_("%(file)s does not exist.", file=place))
    text = Path(place).read_text(encoding="utf-8").strip()
    if not text:
        raise Invalid(_("%(file)s holds no passphrase.", file=place))
    return text


def opening_lock(identity: str | None, passphrase_file: str | None) -> Lock:
    """Return what opens an archive. Raises Invalid for a file without a key."""
    place = identity or os.environ.get("BACKUP_IDENTITY_FILE")
    secret = ""
    for line in Path(place).read_text(encoding="utf-8").splitlines() if place else ():
        if line.startswith("AGE-SECRET-KEY-"):
            secret = line.strip()
    if place and not secret:
        raise Invalid(_("%(file)s holds no secret age key.", file=place))
    return Lock(recipient=secret, passphrase=passphrase(passphrase_file))


def locking_lock(passphrase_file: str | None = None) -> Lock:
    """Return what new backups are locked with; a passphrase said aloud goes before the key."""
    recipient = "" if passphrase_file else os.environ.get("BACKUP_RECIPIENT", "").strip()
    return Lock(recipient=recipient, passphrase="" if recipient else passphrase(passphrase_file))


def keys(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of this deployment by name."""
    # The one of before too: until all is under the new key, half of the data need it.
    return {name: str(config[name]) for name in KEY_NAMES if config[name]}


def backup_plan(
    config: Mapping[str, Any], target: str | None = None, passphrase_file: str | None = None
) -> Plan:
    """Return what a backup of this deployment takes in, and where it goes."""
    from app import __version__

    data = Path(config["DATA_DIR"])
    folder = target or os.environ.get("BACKUP_DIR") or str(data / "backups")
    return Plan(
        url=admin_url(config),
        data=data,
        target=Path(folder).absolute(),
        lock=locking_lock(passphrase_file),
        keys=keys(config),
        release=__version__,
    )

"""One order to restore: every check first, then load, bring up, swap."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from alembic.script import ScriptDirectory
from flask import current_app
from flask_babel import gettext as _
from flask_migrate import upgrade as migrate

from app.core import clock
from app.core.errors import Conflict, Invalid
from app.upkeep import restore, tools
from app.upkeep.archive import Lock
from app.upkeep.backup import FOLDERS
from app.upkeep.grants import grant, role_of
from config import ROOT, libpq_url


@dataclass(frozen=True)
class Order:
    """What is restored where; ``confirm`` gets the database's name and says yes or no."""

    file: Path
    lock: Lock
    url: str
    data: Path
    keys: dict[str, str]
    replace: bool
    with_keys: bool
    confirm: Callable[[str], bool]


def known_revisions() -> set[str]:
    """Return every schema version that this release can bring up."""
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    return {script.revision for script in scripts.walk_revisions()}


def migrate_at(url: str, revision: str = "head") -> None:
    """Bring the schema of the database at ``url`` to this release, or to another version."""
    before = current_app.config.get("MIGRATION_URL")
    current_app.config["MIGRATION_URL"] = url
    try:
        migrate(revision=revision)
    finally:
        current_app.config["MIGRATION_URL"] = before


def carry_out(order: Order) -> Iterator[str]:
    """Restore; yield a line for each thing that is done.

    Until the last step the present database is as it was, whatever fails or is killed. Raises
    DomainError with what is wrong.
    """
    checked = restore.check_archive(order.file, order.lock)
    server = tools.server_major(order.url)
    restore.require_fit(checked, known=known_revisions(), server=server)
    _require_keys(checked, order)
    yield _("The archive is whole: %(rows)d rows, of %(moment)s.", rows=checked.rows,
            moment=checked.head["made_at"])  # fmt: skip
    is_empty = restore.is_empty(order.url)
    if not is_empty and not order.replace:
        raise Conflict(
            _("The database %(name)s is not empty. Add --replace to put the archive in its place;"
              " the present one is kept under another name.",
              name=restore.database_name(order.url))
        )  # fmt: skip
    fresh_files = Path(mkdtemp(prefix=".restore-", dir=_made(order.data)))
    if is_empty:
        restore.load(checked, order.lock, url=order.url, files=fresh_files)
        migrate_at(order.url)
        restore.begin_new_history(order.url)
    else:
        yield from _replace(order, checked, fresh_files)
    restore.remember(checked, order.url)
    restore.swap_files(fresh_files, order.data, FOLDERS)
    application = libpq_url(current_app.config["DATABASE_URL"])
    if grant(order.url, role_of(application)):
        yield _("Rights of %(role)s have been set.", role=role_of(application))
    if order.with_keys:
        _write_keys(order, checked)
        yield _("The keys have been written into %(folder)s.", folder=str(order.data / "keys"))
    yield _("Restored. Everybody signs in anew; open pages load themselves again.")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _require_keys(checked: restore.Checked, order: Order) -> None:
    others = restore.other_keys(checked, order.keys)
    if {"FIELD_KEY", "FIELD_KEY_OLD"} & set(others) and not order.with_keys:
        raise Invalid(
            _("FIELD_KEY is another than the one that encrypted the identity numbers in the"
              " archive; they could not be read. Set the right FIELD_KEY, or take the archive's"
              " with --with-keys.")
        )  # fmt: skip
    if order.with_keys and os.environ.get("FIELD_KEY"):
        raise Invalid(
            _("FIELD_KEY is given by the environment, so a file would not count. Take it out of"
              " the environment first, or leave --with-keys away.")
        )  # fmt: skip


def _replace(order: Order, checked: restore.Checked, files: Path) -> Iterator[str]:
    name = restore.database_name(order.url)
    if not order.confirm(name):
        files.rmdir()
        raise Invalid(_("Not confirmed; nothing was changed."))
    others = restore.connected(order.url)
    current_app.extensions["sqlalchemy"].engine.dispose()
    if others > 1:
        files.rmdir()
        raise Conflict(
            _("%(count)d programs are connected to %(name)s. Stop web, live, worker and every"
              " other program, then repeat.", count=others - 1, name=name)
        )  # fmt: skip
    for rest in restore.leftovers(order.url):
        restore.drop(order.url, rest)
        yield _("What a cut-off restore had left was dropped: %(name)s", name=rest)
    fresh = restore.restore_beside(
        checked, order.lock, url=order.url, migrate=migrate_at, files=files
    )
    try:
        aside = restore.swap(order.url, fresh, admin=restore.with_database(order.url, "postgres"))
    except BaseException:
        restore.drop(order.url, fresh)
        raise
    yield _("The database before is kept as %(name)s; drop it when you no longer need it.",
            name=aside)  # fmt: skip


def _write_keys(order: Order, checked: restore.Checked) -> None:
    folder = order.data / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = f"{clock.local(clock.now()):%Y%m%d%H%M%S}"
    for name, value in restore.read_keys(checked, order.lock).items():
        path = folder / name.lower().replace("_", "-")
        if path.exists():
            # Each restore keeps its own: the database before it is unreadable without its key.
            path.rename(path.with_name(f"{path.name}.before-restore-{stamp}"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(value)

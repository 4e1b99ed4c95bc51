"""``flask project``: close, open, export and restore one project."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.upkeep import plan, upgrading
from app.upkeep.archive import Lock
from app.upkeep.command_line import ARCHIVE, opens, told, with_database
from app.upkeep.project_export import ExportOrder, export_project
from app.upkeep.project_publish import Outcome
from app.upkeep.project_restore import RestoreOrder, describe, restore_project
from app.upkeep.project_staging import Staged

project = AppGroup("project", help="Close, open, export and restore one project 结项.")


@project.command("freeze")
@click.argument("code")
@click.option("--reason", required=True)
@with_database
@told
def project_freeze(code: str, reason: str) -> None:
    """Make a project read only: the database refuses every change of it."""
    click.echo(upgrading.freeze(code, reason))


@project.command("thaw")
@click.argument("code")
@with_database
@told
def project_thaw(code: str) -> None:
    """Let a closed project be changed again."""
    click.echo(upgrading.thaw(code))


@project.command("export")
@click.argument("code")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write, or a folder.",
)
@click.option("--recipient", help="Public age key of who shall open it (BACKUP_RECIPIENT).")
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False))
@with_database
@told
def project_export(
    code: str, target: Path, recipient: str | None, passphrase_file: str | None
) -> None:
    """Write all that belongs to a project, at this moment, into one encrypted file."""
    from app import __version__

    config = current_app.config
    lock = Lock(recipient=recipient) if recipient else plan.locking_lock(passphrase_file)
    made = export_project(
        ExportOrder(
            code=code,
            url=plan.admin_url(config),
            data=Path(config["DATA_DIR"]),
            target=target,
            lock=lock,
            release=__version__,
            field_key=str(config["FIELD_KEY"]),
        )
    )
    click.echo(
        _(
            "%(path)s · %(rows)s rows in %(tables)s tables · sha256 %(sum)s",
            path=made.path,
            rows=made.rows,
            tables=made.tables,
            sum=made.sha256,
        )
    )


@project.command("restore")
@click.argument("file", type=ARCHIVE)
@opens
@click.option(
    "--with-references",
    is_flag=True,
    help="Make people and organizations that are missing, without any right.",
)
@click.option("--yes", is_flag=True, help="Do not ask to type the project's code.")
@with_database
@told
def project_restore(
    file: Path,
    *,
    identity: str | None,
    passphrase_file: str | None,
    with_references: bool,
    yes: bool,
) -> None:
    """Bring a project to what its archive holds; no other project is touched."""
    order = RestoreOrder(
        file=file,
        lock=plan.opening_lock(identity, passphrase_file),
        url=plan.admin_url(current_app.config),
        data=Path(current_app.config["DATA_DIR"]),
        field_key=str(current_app.config["FIELD_KEY"]),
        with_references=with_references,
        confirm=(lambda _staged, _expected: True) if yes else _typed,
    )
    for line in restore_project(order):
        click.echo(line)


def _typed(staged: Staged, expected: Outcome) -> bool:
    for line in describe(expected):
        click.echo(line)
    project = staged.head["project"]
    asked = _("So it becomes of project %(name)s. Type its code to go on", name=project["name"])
    return bool(click.prompt(asked, default="", show_default=False) == project["code"])

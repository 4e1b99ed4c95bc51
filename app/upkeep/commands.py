"""``flask backup``, ``restore``, ``upgrade``, ``project`` and ``doctor``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _

from app.upkeep import plan, rehearsal, upgrading
from app.upkeep.backup import make_backup
from app.upkeep.command_line import ARCHIVE, opens, told, with_database
from app.upkeep.dictionary import write_dictionary
from app.upkeep.doctor.checks import examine
from app.upkeep.project_commands import project
from app.upkeep.restoring import Order, carry_out
from config import libpq_url


@click.group("backup", invoke_without_command=True)
@click.option("--to", "target", help="Folder for the archive (default BACKUP_DIR).")
@click.option("--keep", type=int, default=None, help="How many archives to keep (BACKUP_KEEP).")
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
@with_appcontext
@with_database
@told
def backup(
    context: click.Context, target: str | None, keep: int | None, passphrase_file: str | None
) -> None:
    """Write database, files and keys of this moment into one encrypted file."""
    if context.invoked_subcommand is not None:
        return
    kept = keep if keep is not None else int(os.environ.get("BACKUP_KEEP", "0"))
    made = make_backup(plan.backup_plan(current_app.config, target, passphrase_file), keep=kept)
    click.echo(
        _(
            "%(path)s · %(size)s MB · %(rows)s rows · sha256 %(sum)s",
            path=made.path,
            size=f"{(made.size or 0) / 2**20:.1f}",
            rows=made.rows,
            sum=made.sha256,
        )
    )


@backup.command("check")
@click.argument("file", type=ARCHIVE)
@opens
@with_appcontext
@told
def backup_check(file: Path, identity: str | None, passphrase_file: str | None) -> None:
    """Decrypt the archive and prove every part, without restoring it."""
    checked = rehearsal.check(file, plan.opening_lock(identity, passphrase_file))
    click.echo(
        _(
            "The archive is whole: release %(release)s, %(revision)s, %(rows)s rows, of"
            " %(moment)s.",
            release=checked.head["release"],
            revision=checked.head["revision"],
            rows=checked.rows,
            moment=checked.head["made_at"],
        )
    )


@backup.command("rehearse")
@click.argument("file", type=ARCHIVE)
@opens
@with_appcontext
@with_database
@told
def backup_rehearse(file: Path, identity: str | None, passphrase_file: str | None) -> None:
    """Restore the archive into a scratch database, compare, prove the books, and drop it."""
    lines = rehearsal.rehearse(
        file,
        plan.opening_lock(identity, passphrase_file),
        url=plan.admin_url(current_app.config),
        keys=plan.keys(current_app.config),
    )
    for line in lines:
        click.echo(line)


@click.command("restore")
@click.argument("file", type=ARCHIVE)
@opens
@click.option("--replace", is_flag=True, help="Take the place of the present database.")
@click.option("--yes", is_flag=True, help="Do not ask to type the database's name.")
@click.option("--with-keys", is_flag=True, help="Write the archive's keys into DATA_DIR/keys.")
@with_appcontext
@with_database
@told
def restore(
    file: Path,
    *,
    identity: str | None,
    passphrase_file: str | None,
    replace: bool,
    yes: bool,
    with_keys: bool,
) -> None:
    """Restore an archive into an empty database, or with --replace in place of the present one."""
    order = Order(
        file=file,
        lock=plan.opening_lock(identity, passphrase_file),
        url=plan.admin_url(current_app.config),
        data=Path(current_app.config["DATA_DIR"]),
        keys=plan.keys(current_app.config),
        replace=replace,
        with_keys=with_keys,
        confirm=(lambda _name: True) if yes else _typed,
    )
    for line in carry_out(order):
        click.echo(line)


def _typed(name: str) -> bool:
    asked = _("Everything in %(name)s is replaced. Type its name to go on", name=name)
    return bool(click.prompt(asked, default="", show_default=False) == name)


@click.command("upgrade")
@with_appcontext
@with_database
@told
def upgrade() -> None:
    """Bring the database to this release: schema, grants, permissions and roles."""
    for line in upgrading.bring_up(
        plan.admin_url(current_app.config), libpq_url(current_app.config["DATABASE_URL"])
    ):
        click.echo(line)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Say what is wrong with this server, and the remedy; ends with 1 if something is."""
    results = examine(current_app.config)
    if as_json:
        click.echo(json.dumps([one.plain() for one in results], ensure_ascii=False, indent=1))
    else:
        marks = {"ok": "✓", "warn": "!", "bad": "✗", "skip": "–"}
        for one in results:
            click.echo(f"{marks[one.state]} {one.title}：{one.sentence}")
            if one.remedy:
                click.echo(f"    → {one.remedy}")
    if any(one.state == "bad" for one in results):
        raise SystemExit(1)


administrators = AppGroup("admin", help="The first administrator.")


@administrators.command("create")
@click.argument("username")
@click.argument("full_name")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
@told
def admin_create(username: str, full_name: str, password_file: Path | None) -> None:
    """Make a system administrator of the whole group; asks for a first password."""
    if password_file is None:
        password = click.prompt(_("First password"), hide_input=True, confirmation_prompt=True)
    else:
        password = password_file.read_text(encoding="utf-8").strip()
    click.echo(upgrading.create_administrator(username, full_name, password))


@click.command("dictionary")
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), required=True)
@with_appcontext
def data_dictionary(target: Path) -> None:
    """Write the data dictionary with its ER diagrams into a folder, from the models."""
    click.echo(_("%(count)d files written.", count=len(write_dictionary(target))))


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (backup, restore, upgrade, project, administrators, doctor, data_dictionary):
        app.cli.add_command(command)

"""``flask rooms import``: a price list from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import gettext as _
from tqdm import tqdm

from app.core.actor import system_actor
from app.core.errors import DomainError
from app.core.money import plain
from app.core.uow import unit_of_work
from app.estate.operations import ReceivedFile, create_project, find_project_by_code, write_faults
from app.estate.room_sheet import HEADINGS, SHEET_NAME, list_sheet_rows
from app.pricing.operations import ListImport, import_price_list
from app.pricing.room_files import line_columns, line_rows
from app.web.line_files import FileColumn, write_lines

rooms = AppGroup("rooms", help="Rooms and their price lists.")
#: faults that are shown on the screen; all of them go into the sheet
SHOWN_FAULTS = 20


class Bar:
    """Shows on stderr how far an import is."""

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, total: int) -> None:
        """Begin to show."""
        self._bar = tqdm(total=total, unit="room", leave=False)

    def advance(self, rooms: int) -> None:
        """Move on."""
        self._bar.update(rooms)

    def close(self) -> None:
        """Stop showing."""
        if self._bar is not None:
            self._bar.close()


@rooms.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--project", "code", required=True, help="Code of the project.")
def rooms_export(file: Path, code: str) -> None:
    """Write a project's rooms as an .xlsx to edit and to import again."""
    actor = system_actor("cli")
    with unit_of_work(actor):
        project = find_project_by_code(code)
        if project is None:
            message = f"there is no project {code}"
            raise click.ClickException(message)
        with file.open("wb") as stream:
            columns = [FileColumn(heading) for heading in HEADINGS]
            rows = list_sheet_rows(project, actor=actor)
            count = write_lines(stream, columns, rows, sheet_name=SHEET_NAME)
    click.echo(f"{count} rooms")


@rooms.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--project", "code", required=True, help="Code of the project; made if there is none."
)
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@click.option("--update", is_flag=True, help="Change rooms of which the list says something else.")
@click.option(
    "--compare-with",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A second list of the same prices, which is only compared.",
)
@click.option(
    "--faults",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the sheet of faults (.xlsx) of a refused list.",
)
@click.option(
    "--changes",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write what a dry run would do to each room (.xlsx): every value before, after.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADING=COLUMN",
    help="What a column holds whose heading is not recognised, such as 房=number; may repeat.",
)
def rooms_import(
    file: Path,
    code: str,
    *,
    columns: tuple[str, ...],
    dry_run: bool,
    update: bool,
    compare_with: Path | None,
    faults: Path | None,
    changes: Path | None,
) -> None:
    """Import a price list: rooms, and a draft plan of their prices."""
    second = ReceivedFile(compare_with.name, compare_with.read_bytes()) if compare_with else None
    bar = Bar()
    try:
        result = _import(
            file,
            code,
            dry_run=dry_run,
            update=update,
            second=second,
            columns=_columns(columns),
            bar=bar,
            changes=changes,
        )
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    finally:
        bar.close()
    if result.faults:
        _tell_faults(result, faults)
        raise SystemExit(1)
    _tell(result, dry_run=dry_run, update=update)


def _import(
    file: Path,
    code: str,
    *,
    dry_run: bool,
    update: bool,
    second: ReceivedFile | None,
    columns: dict[str, str],
    bar: Bar,
    changes: Path | None,
) -> ListImport:
    actor = system_actor("cli")
    with unit_of_work(actor) as session:
        project = find_project_by_code(code)
        is_new = project is None
        if project is None:
            project = create_project(code=code, name=code, actor=actor)
        result = import_price_list(
            file.read_bytes(),
            file.name,
            project=project,
            update=update,
            dry_run=dry_run,
            actor=actor,
            second=second,
            columns=columns,
            progress=bar,
        )
        if is_new and result.project_name:
            project.name = result.project_name
        session.flush()
        if changes is not None:
            with changes.open("wb") as stream:
                rows = line_rows(result.record)
                write_lines(stream, line_columns(), rows, sheet_name=str(_("Differences")))
        if is_new and (dry_run or result.faults):
            # Nothing is written: neither the project nor a record that would hang on it.
            session.expunge_all()
            session.rollback()
    return result


def _columns(said: tuple[str, ...]) -> dict[str, str]:
    """Return heading → column as it was typed. Raises UsageError for what is no pair."""
    found = dict(one.partition("=")[::2] for one in said)
    if any(not heading for heading in found) or any("=" not in one for one in said):
        message = "--column: HEADING=COLUMN"
        raise click.UsageError(message)
    return found


def _tell(result: ListImport, *, dry_run: bool, update: bool) -> None:
    outcome = result.outcome
    for building in outcome.buildings:
        click.echo(
            f"{building.name}: {building.rooms} rooms, {building.new} new, {building.changed}"
            f" changed, {building.unchanged} unchanged, {plain(building.list_total)}"
        )
    if outcome.changed and not update:
        click.echo(f"{outcome.changed} rooms differ and were left alone (--update changes them)")
    for agreement in result.agreements:
        other = agreement.other or "the prices known before"
        verdict = "agrees" if agreement.agrees else "DOES NOT AGREE"
        click.echo(
            f"{verdict} with {other} within 1 yuan per room: {agreement.compared} compared,"
            f" largest difference {plain(agreement.largest)}, {agreement.beyond} beyond,"
            f" {agreement.missing} only in one"
        )
    if result.plan is not None:
        click.echo(f"draft price plan {result.plan.number}")
    if dry_run:
        click.echo("dry run: nothing was written")
    click.echo(f"{outcome.rooms} rooms, {plain(result.list_total)}")


def _tell_faults(result: ListImport, target: Path | None) -> None:
    for fault in result.faults[:SHOWN_FAULTS]:
        place = " ".join(
            part for part in (fault.sheet, str(fault.line or ""), fault.column) if part
        )
        click.echo(f"{place}: {fault.value} {fault.message} {fault.remedy}", err=True)
    if target is not None:
        with target.open("wb") as stream:
            write_faults(result.record, stream)
        click.echo(f"all faults: {target}", err=True)
    click.echo(f"refused: {len(result.faults)} faults, nothing was written", err=True)


def register(app: Flask) -> None:
    """Add the command to the application."""
    app.cli.add_command(rooms)

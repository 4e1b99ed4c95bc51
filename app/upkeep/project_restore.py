"""``flask project restore``: one project as its archive has it; all others are not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import psycopg2
from flask_babel import gettext as _
from psycopg2 import errors

from app.core.errors import Conflict, Invalid
from app.upkeep import belonging
from app.upkeep.archive import Lock
from app.upkeep.project_export import FOLDERS
from app.upkeep.project_publish import Outcome, publish
from app.upkeep.project_staging import Staged, fill_stage, read_head, require_fit, staging
from app.upkeep.project_upgrade import fitting, revision_of
from app.upkeep.restore import swap_files


@dataclass(frozen=True)
class RestoreOrder:
    """What is restored where; ``confirm`` gets what would change and says yes or no."""

    file: Path
    lock: Lock
    url: str
    data: Path
    field_key: str
    with_references: bool
    confirm: Callable[[Staged, Outcome], bool]


def restore_project(order: RestoreOrder) -> Iterator[str]:
    """Restore; yield a line for each thing that is done.

    The archive is read to its end and proved before anything is touched, then everything changes
    in one transaction or nothing does. Raises DomainError with what is wrong.
    """
    head = read_head(order.file, order.lock)
    order.data.mkdir(parents=True, exist_ok=True)
    files = Path(mkdtemp(prefix=".restore-", dir=order.data))
    try:
        with (
            fitting(
                order.file,
                order.lock,
                head,
                url=order.url,
                data=order.data,
                field_key=order.field_key,
            ) as (file, lock),
            staging(order.url) as here,
        ):
            require_fit(read_head(file, lock), revision_of(order.url))
            staged = fill_stage(here, file, lock, files)
            yield _(
                "The archive is whole: project %(name)s, %(rows)d rows and %(files)d files, of"
                " %(moment)s.",
                name=staged.head["project"]["name"],
                rows=staged.rows,
                files=staged.files,
                moment=head["made_at"],
            )
            expected = _carry_out(here, staged, order, keep=False)
            if not order.confirm(staged, expected):
                raise Invalid(_("Not confirmed; nothing was changed."))
            outcome = _carry_out(here, staged, order, keep=True)
        swap_files(files, order.data, _folders(staged))
    finally:
        rmtree(files, ignore_errors=True)
    yield from describe(outcome)
    yield _("Restored. Everybody who works in the project signs in anew.")


def _folders(staged: Staged) -> tuple[str, ...]:
    return tuple(folder.format(project=staged.project_id) for folder in FOLDERS)


def _carry_out(connection: Any, staged: Staged, order: RestoreOrder, *, keep: bool) -> Outcome:
    """Publish the stage; without ``keep`` all of it is rolled back again."""
    try:
        with connection:
            outcome = publish(
                connection, staged, source=order.file.name, make=order.with_references, keep=keep
            )
            if not keep:
                connection.rollback()
    except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise Conflict(
            _("Somebody is working in the project. Let everybody leave it, then repeat; nothing"
              " was changed.")
        ) from error  # fmt: skip
    except psycopg2.IntegrityError as error:
        raise Conflict(_refusal(error)) from error
    return outcome


def _refusal(error: psycopg2.IntegrityError) -> str:
    table = str(error.diag.table_name)
    if isinstance(error, errors.UniqueViolation):
        return _(
            "A number of the archive is taken by another project here (%(table)s: %(detail)s)."
            " Numbers stand on paper and are not changed: restore into a database that has not"
            " given it out. Nothing was changed.",
            table=table,
            detail=_taken(error),
        )
    return _(
        "Rows outside of the project point to what the archive does not hold (%(table)s,"
        " %(constraint)s). Nothing was changed.",
        table=table,
        constraint=str(error.diag.constraint_name),
    )


def _taken(error: psycopg2.IntegrityError) -> str:
    """Return the value, unless it might be a person's."""
    table = str(error.diag.table_name)
    model = belonging.scoped_tables().get(table)
    personal = getattr(model, "__personal__", ())
    constraint = str(error.diag.constraint_name)
    if any(column in constraint for column in personal):
        return constraint
    return str(error.diag.message_detail or constraint)


def describe(outcome: Outcome) -> Iterator[str]:
    """Yield sentences on what changes, or has changed."""
    yield _(
        "%(added)d rows added, %(changed)d changed, %(removed)d removed; %(same)d are as they"
        " were.",
        added=outcome.added,
        changed=outcome.changed,
        removed=outcome.removed,
        same=outcome.same,
    )
    for table, counts in sorted(outcome.tables.items()):
        if any(counts):
            yield f"  {table}: +{counts[0]} ~{counts[1]} −{counts[2]}"
    for table, names in outcome.made.items():
        yield _("Made here: %(names)s (%(table)s)", names=", ".join(names), table=table)
    if outcome.lost_bills:
        yield _(
            "Attention: these bills were issued after the archive was made and stand on paper:"
            " %(numbers)s. Their book goes on with the first of them: enter their receipts again in"
            " this order, so that each gets its number.",
            numbers=", ".join(outcome.lost_bills),
        )
    if outcome.not_again:
        yield _(
            "%(count)d papers were waiting for the printer when the archive was made. They are not"
            " printed by themselves; look at them under the devices' jobs.",
            count=outcome.not_again,
        )

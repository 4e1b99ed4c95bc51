"""``flask audit`` and ``flask keys``: check and seal the audit, change the key of personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from sqlalchemy import text

from app.core import audit_seal, secrets
from app.core.actor import system_actor
from app.core.key_rotation import encrypted_columns, rotate_batch
from app.core.uow import unit_of_work

if TYPE_CHECKING:
    from flask import Flask

audit = AppGroup("audit", help="The audit: seal it, check it.")
keys = AppGroup("keys", help="Keys of personal data.")
WORDS = {
    "entries": "entries {first}–{last}: {sealed} were sealed, {found} are there, or their content"
    " is another",
    "chain": "entries {first}–{last}: the seal itself is another",
    "gap": "entries {first}–{last}: their seal is missing",
    "known": "the end of the chain that you noted is no longer among the seals",
}


@audit.command("seal")
def seal() -> None:
    """Seal what has been written since the last seal; the worker does it every minute."""
    mark = audit_seal.take_mark()
    if mark is None:
        raise click.ClickException("Somebody still writes. Try again in a minute.")
    with unit_of_work(system_actor("audit-seal")):
        count = audit_seal.seal_up_to(mark)
    click.echo(f"{count} entries sealed, up to {mark}")


@audit.command("verify")
@click.option("--known", default="", help="The end of the chain as you noted it earlier.")
@click.option("--old-key", is_flag=True, help="Check under FIELD_KEY_OLD.")
def verify(known: str, old_key: bool) -> None:
    """Compare the audit with its seals; ends with 1 if anything was removed or changed."""
    with unit_of_work(system_actor("audit-verify")):
        verdict = audit_seal.verify(old=old_key, known=known)
    click.echo(
        f"{verdict.entries} entries under {verdict.seals} seals, up to {verdict.sealed_to};"
        f" end of the chain {verdict.chain or '–'}"
    )
    for fault in verdict.faults:
        given = {"first": fault.first_id, "last": fault.last_id}
        click.echo(WORDS[fault.kind].format(**given, sealed=fault.sealed, found=fault.found))
    if verdict.faults:
        raise click.ClickException("The audit is not what was sealed.")
    click.echo("Nothing was removed, changed or slipped in.")


@keys.command("rotate")
def rotate() -> None:
    """Put all personal data under the new FIELD_KEY; FIELD_KEY_OLD opens what is still old.

    Can be stopped and begun again at any time. The office goes on working meanwhile.
    """
    if not secrets.has_old_key():
        raise click.ClickException(
            "Set FIELD_KEY to the new key and FIELD_KEY_OLD to the one of before, restart"
            " everything, then run this again."
        )
    for column in encrypted_columns():
        after, total = 0, 0
        while True:
            with unit_of_work(system_actor("keys-rotate")):
                outcome = rotate_batch(column, after)
            if outcome is None:
                break
            after, total = outcome[0], total + outcome[1]
        click.echo(f"{column.table}.{column.column}: {total} put under the new key")
    _seal_again()
    _tell_of_codes()
    click.echo("Done. Take FIELD_KEY_OLD (or DATA_DIR/keys/field-key-old) away and restart.")


def _tell_of_codes() -> None:
    """Recovery codes are kept as digests only, which nobody can make anew."""
    unused = text("SELECT count(DISTINCT user_id) FROM admin_recovery_code WHERE used_at IS NULL")
    with unit_of_work(system_actor("keys-rotate")) as session:
        people = session.scalar(unused)
    if people:
        click.echo(
            f"{people} people hold recovery codes of before, which end with FIELD_KEY_OLD:"
            " ask them to make new ones first."
        )


def _seal_again() -> None:
    with unit_of_work(system_actor("keys-rotate")):
        verdict = audit_seal.verify()
        if verdict.seals and not verdict.faults:
            return  # sealed under the new key already
        if audit_seal.verify(old=True).faults:
            raise click.ClickException(
                "The audit does not fit its seals, so it is not sealed again. Run flask audit"
                " verify --old-key and find out why first."
            )
        count = audit_seal.seal_again()
    click.echo(f"audit: {count} entries sealed again")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(audit)
    app.cli.add_command(keys)

"""``flask ledger check``: proves the books, or shows what breaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from app.core.actor import acting, system_actor
from app.core.db import db
from app.finance.ledger import check_ledger

if TYPE_CHECKING:
    from flask import Flask

ledger = AppGroup("ledger", help="The books.")


@ledger.command("check")
def ledger_check() -> None:
    """Prove the books; exits with 1 and the offending rows if a proof fails."""
    broken = 0
    db.session.rollback()
    with acting(system_actor("ledger-check")):
        for proof, breach in check_ledger():
            mark = "ok" if breach is None else f"BROKEN, {breach.count} rows"
            click.echo(f"{proof.name}: {mark} — {proof.claim}")
            for row in breach.rows if breach is not None else ():
                click.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items()))
            broken += breach is not None
        db.session.rollback()
    if broken:
        raise SystemExit(1)


def register(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(ledger)

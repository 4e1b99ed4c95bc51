"""The flask commands; each calls an operation."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from app.core.actor import system_actor
from app.core.errors import DomainError
from app.core.uow import unit_of_work

if TYPE_CHECKING:
    from flask import Flask

#: modules with commands of their own: ``register(app)``
COMMAND_MODULES = (
    "app.pricing.commands",
    "app.finance.commands",
    "app.jobs.commands",
    "app.admin.audit_commands",
    "app.admin.commands",
    "app.upkeep.commands",
)

access = AppGroup("access", help="Permissions and preset roles.")
demo = AppGroup("demo", help="Demo and measuring data.")
devices = AppGroup("devices", help="The counter's devices.")


@access.command("sync")
def access_sync() -> None:
    """Write permissions, preset roles and the installed approval flows."""
    from app.admin.sync import sync_access
    from app.workflows.sync import install_flows

    with unit_of_work(system_actor("access-sync")):
        outcome = sync_access()
        flows = install_flows()
    click.echo(
        f"{outcome.permissions} permissions, {outcome.roles} roles, {outcome.granted} newly"
        f" granted, {outcome.taken} no longer, {flows} new flows"
    )
    if outcome.changed:
        click.echo(f"changed by administrators, left as they are: {', '.join(outcome.changed)}")


@demo.command("load")
def demo_load() -> None:
    """Load the demo: a real price list, made-up people."""
    from app.demo.load import load_demo

    for line in load_demo():
        click.echo(line)


@demo.command("scale")
@click.option("--rooms", type=int, default=1_000_000, show_default=True, help="How many rooms.")
@click.option("--anyway", is_flag=True, help="Even among projects that are there.")
def demo_scale(rooms: int, *, anyway: bool) -> None:
    """Make 300 projects of so many rooms together, to measure with."""
    from app.demo.scale import make_scale

    try:
        projects = make_scale(rooms, anyway=anyway, told=click.echo)
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{rooms:,} rooms in {projects} projects")


@devices.command("agent")
@click.option("--server", required=True, help="Address of the web server.")
@click.option("--token-file", required=True, type=click.Path(exists=True, dir_okay=False))
def devices_agent(server: str, token_file: str) -> None:
    """Drive this counter's devices; opens no database."""
    from app.devices.agent import main

    raise SystemExit(main(["--server", server, "--token-file", token_file]))


def register(app: Flask) -> None:
    """Add the commands to the application."""
    for group in (access, demo, devices):
        app.cli.add_command(group)
    for name in COMMAND_MODULES:
        if importlib.util.find_spec(name):
            importlib.import_module(name).register(app)

"""``flask sign-in …``: what helps when nobody who could help is able to sign in."""

from __future__ import annotations

import secrets

import click
from flask import Flask
from flask.cli import AppGroup

from app.admin import passwords, second_factor, throttle
from app.admin.models import AppUser
from app.admin.queries import find_user
from app.core.actor import system_actor
from app.core.errors import DomainError
from app.core.uow import unit_of_work

sign_in = AppGroup("sign-in", help="Let somebody in who is locked out.")
ACTOR = system_actor("command-line")


def _user(username: str) -> AppUser:
    user = find_user(username)
    if user is None:
        message = f"there is no user named {username}"
        raise click.ClickException(message)
    return user


@sign_in.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """Forget the failed attempts of a user."""
    with unit_of_work(ACTOR):
        throttle.forgive_failures(_user(username), actor=ACTOR)
    click.echo(f"{username} can sign in again")


@sign_in.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Give a user a made-up password, printed once, to be changed at the first sign-in."""
    password = secrets.token_urlsafe(12)
    with unit_of_work(ACTOR):
        passwords.reset_password(_user(username), password=password, actor=ACTOR)
    click.echo(f"{username}: {password}")


@sign_in.command("reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """Take a user's second factor away, e.g. the only administrator's whose phone is lost."""
    try:
        with unit_of_work(ACTOR):
            second_factor.reset_second_factor(_user(username), actor=ACTOR)
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{username} signs in with the password alone now")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(sign_in)

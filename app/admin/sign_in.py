"""The door: the page for signing in, and signing out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.admin import operations, security
from app.admin.operations import WrongPassword
from app.core.actor import system_actor
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.web.addresses import safe_next

blueprint = Blueprint("door", __name__)


def check_sign_in(username: str, password: str) -> tuple[int, int]:
    """Return user id and access version; count a failure in a transaction of its own."""
    address = request.remote_addr or ""
    actor = system_actor("sign-in")
    try:
        with unit_of_work(actor):
            user = operations.sign_in(username, password, address)
            return user.id, user.access_version
    except WrongPassword:
        with unit_of_work(actor):
            operations.record_failure(username, address)
        raise


@blueprint.get("/login/")
def enter() -> Any:
    """Show the door; whoever is signed in already goes straight through."""
    target = safe_next(request.args.get("next"))
    if g.get("actor") is not None:
        return redirect(target)
    return _page(target)


@blueprint.post("/login/")
def sign_in() -> Any:
    """Sign in, or show the door again with the reason and the name that was typed."""
    target = safe_next(request.form.get("next"))
    username = request.form.get("username", "").strip()
    password = request.form.get("password", "")
    if not username or not password:
        return _page(target, username, _("Give your user name and your password.")), 422
    try:
        user_id, version = check_sign_in(username, password)
    except DomainError as error:
        return _page(target, username, str(error.message)), error.status
    security.sign_in(user_id, version)
    return redirect(target)


@blueprint.post("/logout/")
def sign_out() -> Any:
    """Sign out."""
    security.sign_out()
    return redirect(url_for("door.enter"))


def _page(target: str, username: str = "", problem: str | None = None) -> str:
    return render_template("admin/login.html", target=target, username=username, problem=problem)


def init_app(app: Flask) -> None:
    """Open the door."""
    app.register_blueprint(blueprint)

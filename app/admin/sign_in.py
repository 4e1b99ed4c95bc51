"""The door: the page for signing in, and signing out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, validators

from app.admin import operations, security
from app.admin.operations import WrongPassword
from app.core.actor import system_actor
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.addresses import safe_next
from app.web.crud_forms import CrudForm
from app.web.rest import current
from app.web.saving import problem_of

NEEDED = _l("This is needed.")

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


class PasswordForm(CrudForm):
    """The present password and twice the new one."""

    current = PasswordField(_l("Present password"), [validators.InputRequired(NEEDED)])
    password = PasswordField(
        _l("New password"),
        [validators.InputRequired(NEEDED)],
        description=_l("At least 10 characters of two kinds."),
    )
    again = PasswordField(
        _l("New password again"),
        [validators.EqualTo("password", _l("The two new passwords differ."))],
    )


@blueprint.route("/password/", methods=["GET", "POST"])
@needs()
def change_password() -> Any:
    """Let the signed-in person choose a new password, and stay signed in here."""
    form = PasswordForm(request.form if request.method == "POST" else None)
    problem = None
    if request.method == "POST" and form.validate():
        actor = current()
        try:
            with unit_of_work(actor):
                user = operations.change_password(
                    current=form.current.data, password=form.password.data, actor=actor
                )
                user_id, version = user.id, user.access_version
        except DomainError as error:
            problem = problem_of(error, form, None)
        else:
            security.sign_in(user_id, version)
            flash(_("Your password has been changed."))
            return redirect("/")
    page = render_template("admin/password.html", form=form, problem=problem)
    return page, 422 if problem or form.errors else 200


#: what somebody who must change his password may still open
_FREE_ENDPOINTS = frozenset({"static", "door.change_password", "door.sign_out", "work.language"})


def _password_first() -> Any:
    user = g.get("_login_user")
    must = getattr(user, "must_change_password", False) and not g.by_token
    if must and request.endpoint not in _FREE_ENDPOINTS and not request.path.startswith("/api/"):
        return redirect(url_for("door.change_password"))
    return None


def _page(target: str, username: str = "", problem: str | None = None) -> str:
    return render_template("admin/login.html", target=target, username=username, problem=problem)


def init_app(app: Flask) -> None:
    """Open the door."""
    app.register_blueprint(blueprint)
    app.before_request(_password_first)

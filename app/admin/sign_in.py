"""The door: signing in with name, password and code, changing operators, and signing out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, validators

from app.admin import entering, passwords, security
from app.admin.directory import directory
from app.admin.entering import WrongPassword
from app.admin.second_factor import CodeNeeded
from app.admin.sessions import REASONS, Opened
from app.core import clock
from app.core.errors import DomainError, NotAllowed
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.addresses import safe_next
from app.web.crud_forms import CrudForm
from app.web.rest import current
from app.web.saving import problem_of

NEEDED = _l("This is needed.")
#: seconds between the password and the code
HALF_LIFE = 300

blueprint = Blueprint("door", __name__)


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
        opened = entering.enter(
            username,
            password,
            otp="",
            caller=security.caller(),
            directory=directory(),
        )
    except CodeNeeded as needed:
        return ask_for_code(needed.user_id, needed.access_version, target)
    except DomainError as error:
        return _page(target, username, str(error.message)), error.status
    return arrive(opened, target)


def ask_for_code(user_id: int, access_version: int, target: str) -> Any:
    """Keep in the cookie that the password was right, and ask for the code."""
    switched = session.get("switching")
    security.empty_cookie()
    session["half"] = {
        "uid": user_id,
        "v": access_version,
        "until": int(clock.now().timestamp()) + HALF_LIFE,
        "next": target,
    }
    if switched:
        session["switching"] = switched
    return redirect(url_for("door.code"))


@blueprint.route("/login/code/", methods=["GET", "POST"])
def code() -> Any:
    """Ask for the one-time code, or take it and sign in."""
    half = session.get("half")
    if not half or half["until"] < clock.now().timestamp():
        session.pop("half", None)
        flash(_("Please give your password again."), "warning")
        return redirect(url_for("door.enter"))
    problem, status = None, 200
    if request.method == "POST":
        try:
            opened = entering.enter_with_code(
                half["uid"], half["v"], request.form.get("code", ""), caller=security.caller()
            )
        except WrongPassword:
            session.pop("half", None)
            flash(_("Please give your password again."), "warning")
            return redirect(url_for("door.enter"))
        except DomainError as error:
            problem, status = str(error.message), error.status
        else:
            return arrive(opened, half["next"])
    return render_template("admin/code.html", problem=problem), status


def arrive(opened: Opened, target: str) -> Any:
    """Begin the browser's session and go where the person was going."""
    switched = session.get("switching")
    security.keep_in_cookie(opened)
    if switched:
        # Whoever takes over a counter begins where his colleague was, if that is his to see.
        session["arriving"] = target
    return redirect(target)


@blueprint.post("/logout/")
def sign_out() -> Any:
    """Sign out: the session ends, and with it every copy of its cookie."""
    security.sign_out("signed_out")
    return _leave(redirect(url_for("door.enter")))


@blueprint.post("/switch/")
@needs()
def switch() -> Any:
    """Hand the counter over: the present operator is signed out, the next one signs in here."""
    target = safe_next(request.form.get("next"))
    name = g.real_actor.name
    security.sign_out("switched")
    session["switching"] = name
    return _leave(redirect(url_for("door.enter", next=target)))


def _leave(response: Any) -> Any:
    # What one operator's pages have left in the browser is not the next one's to find.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


class PasswordForm(CrudForm):
    """The present password and twice the new one."""

    current = PasswordField(
        _l("Present password"),
        [validators.InputRequired(NEEDED)],
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(
        _l("New password"),
        [validators.InputRequired(NEEDED)],
        description=_l("At least 10 characters, not an everyday word, not your user name."),
        render_kw={"autocomplete": "new-password", "minlength": "10"},
    )
    again = PasswordField(
        _l("New password again"),
        [validators.EqualTo("password", _l("The two new passwords differ."))],
        render_kw={"autocomplete": "new-password"},
    )


@blueprint.route("/password/", methods=["GET", "POST"])
@needs()
def change_password() -> Any:
    """Let the signed-in person choose a new password, and stay signed in here."""
    form = PasswordForm(request.form if request.method == "POST" else None)
    problem = None
    if request.method == "POST" and form.validate():
        actor, username = current(), g.get("_login_user").username
        try:
            with entering.counted(actor, username), unit_of_work(actor):
                user = passwords.change_password(
                    current=form.current.data, password=form.password.data, actor=actor
                )
                opened = entering.renew(user, security.caller())
        except DomainError as error:
            problem = problem_of(error, form, None)
        else:
            target = session.get("after_duty", "/")
            security.keep_in_cookie(opened)
            flash(_("Your password has been changed. Your other sign-ins have ended."))
            return redirect(target)
    page = render_template(
        "admin/password.html",
        form=form,
        problem=problem,
        forced=duty() == "password",
        username=g.get("_login_user").username,
    )
    return page, 422 if problem or form.errors else 200


#: what is due first → the page where it is done
DUTY_PAGES = {"password": "door.change_password", "second_factor": "account.second_factor"}
#: what somebody with something due may still open
_FREE_ENDPOINTS = frozenset(
    {
        "static",
        "appbuilder.static",
        "door.change_password",
        "door.sign_out",
        "work.language",
        "healthz",
    }
)


def duty() -> str:
    """Return what the person at this browser must do before anything else."""
    return str(getattr(g.get("_login_user"), "duty", ""))


def _duty_first() -> Any:
    due = duty()
    if not due or request.endpoint in _FREE_ENDPOINTS:
        return None
    if due == "second_factor" and (request.endpoint or "").startswith("account.second_factor"):
        return None
    if request.path.startswith("/api/"):
        raise NotAllowed(
            _("Sign in on the page first: a new password or a second factor is due."),
            code="sign_in_on_the_page",
        )
    if request.method == "GET" and request.endpoint not in security.BACKGROUND:
        session["after_duty"] = safe_next(request.full_path)
    return redirect(url_for(DUTY_PAGES[due]))


def _not_his_to_see(response: Any) -> Any:
    target = session.get("arriving")
    if target is None or request.method != "GET" or g.get("actor") is None:
        return response
    if request.full_path.rstrip("?") != target:
        return response
    session.pop("arriving")
    if response.status_code not in (403, 404):
        return response
    flash(_("The page that was open here is not yours to see; this is your own first page."))
    return redirect("/")


def _page(target: str, username: str = "", problem: str | None = None) -> str:
    return render_template(
        "admin/login.html",
        target=target,
        username=username,
        problem=problem,
        switched=session.get("switching"),
        ended=REASONS.get(session.pop("ended", ""), None),
        providers=security.providers(),
    )


def init_app(app: Flask) -> None:
    """Open the door."""
    app.register_blueprint(blueprint)
    app.before_request(_duty_first)
    app.after_request(_not_his_to_see)

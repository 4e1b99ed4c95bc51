"""我的账号: one's own sign-ins, password and second factor."""

from __future__ import annotations

import io
from typing import Any

import segno
from flask import (
    Blueprint,
    Flask,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField, validators

from app.admin import entering, queries, second_factor, security, sessions
from app.admin.models import AppUser
from app.admin.sign_in import NEEDED, duty
from app.core.db import db
from app.core.errors import Conflict, DomainError, NotFound
from app.core.permissions import ROLE_TITLES
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.crud_forms import CrudForm
from app.web.rest import current
from app.web.saving import problem_of

blueprint = Blueprint("account", __name__, url_prefix="/account")


class CodeForm(CrudForm):
    """The first code that the phone shows."""

    code = StringField(
        _l("Code"),
        [validators.InputRequired(NEEDED), validators.Length(max=20)],
        render_kw={
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "maxlength": "10",
            "class": "code num",
            "placeholder": "••••••",
            "autofocus": True,
        },
    )


class PresentPasswordForm(CrudForm):
    """The present password, for what somebody at an unlocked screen must not do."""

    password = PasswordField(
        _l("Present password"),
        [validators.InputRequired(NEEDED)],
        render_kw={"autocomplete": "current-password"},
    )


@blueprint.get("/")
@needs()
def mine() -> Any:
    """Show who one is here, how one signs in, and where one is signed in."""
    actor = current()
    user = db.session.get_one(AppUser, actor.id)
    return render_template(
        "admin/account.html",
        user=user,
        roles=[ROLE_TITLES.get(code, code) for code in sorted(actor.roles)],
        reach=_reach(),
        sign_ins=sessions.list_own(actor),
        here=g.get("_login_user").session_id,
        factor=second_factor.has_factor(actor.id),
        codes_left=second_factor.codes_left(actor.id),
        demanded=second_factor.is_demanded(actor.id),
    )


def _reach() -> str:
    projects = current().projects
    if projects is None:
        return _("The whole group")
    names = queries.names_of_projects(sorted(projects))
    shown = "、".join(names[:3])
    rest = len(names) - 3
    if rest > 0:
        return _("%(shown)s and %(count)s more", shown=shown, count=rest)
    return shown or _("No project yet")


@blueprint.post("/sign-ins/<int:session_id>/end")
@needs()
def end_sign_in(session_id: int) -> Any:
    """End one of one's own sign-ins; 404 for anybody else's."""
    actor = current()
    if session_id == g.get("_login_user").session_id:
        security.sign_out("signed_out")
        return redirect(url_for("door.enter"))
    with unit_of_work(actor):
        sessions.end_own(session_id, actor=actor)
    flash(_("The sign-in has been ended."))
    return redirect(url_for("account.mine"))


@blueprint.post("/sign-ins/end-others")
@needs()
def end_other_sign_ins() -> Any:
    """End all of one's sign-ins but this one."""
    actor = current()
    with unit_of_work(actor):
        count = sessions.end_others(actor=actor)
    flash(_("Other sign-ins ended: %(count)s.", count=count))
    return redirect(url_for("account.mine"))


@blueprint.route("/second-factor/", methods=["GET", "POST"], endpoint="second_factor")
@needs()
def second_factor_page() -> Any:
    """Set the second factor up: a picture for the phone, and its first code as the proof."""
    actor, form, problem = current(), CodeForm(request.form), None
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work(actor):
                codes = second_factor.confirm_enrolment(code=form.code.data or "", actor=actor)
                user = db.session.get_one(AppUser, actor.id)
                opened = entering.renew(user, security.caller())
        except DomainError as error:
            problem = problem_of(error, form, None)
        else:
            return _codes_page(codes, opened)
    if second_factor.has_factor(actor.id):
        return redirect(url_for("account.mine"))
    with unit_of_work(actor):
        second_factor.begin_enrolment(actor=actor)
        secret = second_factor.secret_of_enrolment(actor) or ""
    page = render_template(
        "admin/second_factor.html",
        form=form if request.method == "POST" else CodeForm(),
        problem=problem,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        forced=duty() == "second_factor",
    )
    return page, 422 if request.method == "POST" else 200


def _codes_page(codes: list[str], opened: Any) -> str:
    target = session.get("after_duty", "") or url_for("account.mine")
    if opened is not None:
        security.keep_in_cookie(opened)
    return render_template("admin/recovery_codes.html", codes=codes, target=target)


@blueprint.get("/second-factor/picture.svg")
@needs()
def second_factor_picture() -> Any:
    """Send the picture that the authenticator on the phone reads; 404 once it is confirmed."""
    address = second_factor.enrolment_address(current())
    if address is None:
        raise NotFound(_("There is no second factor to be confirmed. Begin again."))
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", scale=6, border=3, light="#fff")
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@blueprint.route("/second-factor/codes", methods=["GET", "POST"])
@needs()
def second_factor_codes() -> Any:
    """Make new recovery codes, once the password has been given."""
    return _with_password(
        _("New recovery codes"),
        _("The old recovery codes count no more. The new ones are shown once."),
        _("Make new codes"),
        lambda password: _codes_page(
            second_factor.renew_codes(password=password, actor=current()), None
        ),
    )


@blueprint.route("/second-factor/off", methods=["GET", "POST"])
@needs()
def second_factor_off() -> Any:
    """Switch the second factor off, once the password has been given."""

    def switch(password: str) -> Any:
        user = second_factor.switch_off(password=password, actor=current())
        security.keep_in_cookie(entering.renew(user, security.caller()))
        flash(_("The second factor is off."))
        return redirect(url_for("account.mine"))

    return _with_password(
        _("Switch the second factor off"),
        _("From then on the password alone lets one in as you."),
        _("Switch off"),
        switch,
    )


def _with_password(title: str, sentence: str, button: str, step: Any) -> Any:
    actor, problem = current(), None
    if not second_factor.has_factor(actor.id):
        raise Conflict(_("You have no second factor."))
    form = PresentPasswordForm(request.form if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        try:
            with entering.counted(actor, g.get("_login_user").username), unit_of_work(actor):
                return step(form.password.data or "")
        except DomainError as error:
            problem = problem_of(error, form, None)
    page = render_template(
        "admin/with_password.html",
        form=form,
        problem=problem,
        heading=title,
        sentence=sentence,
        button=button,
        username=g.get("_login_user").username,
    )
    return page, 422 if problem or form.errors else 200


def init_app(app: Flask) -> None:
    """Add the pages of one's own account."""
    app.register_blueprint(blueprint)

"""登录会话 and 登录安全: who is signed in where, and what roles ask of those who sign in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import PasswordField, validators

from app.admin import passwords, policies, queries, second_factor, security, sessions, throttle
from app.admin.models import AppUser, SignInSession
from app.admin.reach import users_offered
from app.admin.settings import ABSOLUTE_HOURS, IDLE_MINUTES, PASSWORD_DAYS
from app.core.actor import Actor
from app.core.errors import DomainError
from app.core.permissions import ROLE_TITLES
from app.core.settings import get_setting
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.actions import Related, RowAction
from app.web.crud import CrudView
from app.web.rest import current

NEEDED = validators.InputRequired(message=_l("This is needed."))


def _governed(user: Any) -> bool:
    return policies.is_governed(user, current())


def _anothers(user: Any) -> bool:
    return user.id != current().id and _governed(user)


def _reached(user: Any) -> bool:
    return policies.is_reached(user, current())


#: what an administrator can do about somebody's signing in; steps of the user's page
SIGN_IN_ACTIONS = [
    RowAction(
        "reset_password",
        _l("Reset password"),
        "edit",
        passwords.reset_password,
        fields={
            "password": PasswordField(
                _l("New password"),
                description=_l(
                    "At least 10 characters, not an everyday word; the person changes it."
                ),
                validators=[NEEDED],
                render_kw={"autocomplete": "new-password"},
            )
        },
        done=_l("The password has been reset."),
        many=False,
        folded=True,
        icon="key",
        when=_anothers,
    ),
    RowAction(
        "leave_to_directory",
        _l("Sign in by the company's account"),
        "edit",
        passwords.leave_to_directory,
        confirm=_l(
            "From now on this person signs in with the company's account only; the password here is"
            " forgotten."
        ),
        done=_l("The password has been forgotten."),
        many=False,
        folded=True,
        icon="user",
        when=lambda user: bool(user.password) and security.has_outside() and _anothers(user),
    ),
    RowAction(
        "unlock",
        _l("Let in again"),
        "edit",
        throttle.forgive_failures,
        confirm=_l("Forget the failed attempts and let the person in again?"),
        done=_l("The person can sign in again."),
        many=False,
        when=lambda user: throttle.has_failures(user) and _governed(user),
    ),
    RowAction(
        "end_sessions",
        _l("Sign out everywhere"),
        "admin.session:end",
        sessions.end_all_of,
        confirm=_l("End every sign-in of this person, on all devices and in all programs?"),
        done=_l("The person has been signed out everywhere."),
        many=False,
        folded=True,
        icon="out",
        when=lambda user: sessions.count_live(user.id) > 0 and _reached(user),
    ),
    RowAction(
        "reset_second_factor",
        _l("Reset the second factor"),
        "edit",
        second_factor.reset_second_factor,
        confirm=_l(
            "Take the second factor away? Do so only after making sure who asks: until a new one is"
            " set up, the password alone lets one in."
        ),
        done=_l("The second factor has been reset."),
        many=False,
        folded=True,
        icon="shield",
        when=lambda user: second_factor.has_factor(user.id) and _anothers(user),
    ),
]
SIGN_INS_OF_USER = Related(
    _l("Sign-in sessions"), "SessionView", "user", ("device", "address", "started_at", "seen_at")
)


class SessionView(CrudView):
    """登录会话: who is signed in where at this moment."""

    datamodel = SQLAInterface(SignInSession)
    route_base = "/sign-ins"
    permission = "admin.session"
    list_title = _l("Signed in now")
    empty_sentence = _l("Nobody is signed in.")
    list_columns = ["user", "user.username", "device", "address", "started_at", "seen_at"]
    search_columns = ["user", "device", "address", "started_at"]
    order = ("-seen_at",)
    label_columns = {
        "user.username": _l("User name"),
        "device": _l("Device"),
        "address": _l("From"),
        "started_at": _l("Signed in at"),
        "seen_at": _l("Last used"),
        "idle_until": _l("Ends without use"),
        "ends_at": _l("Ends at the latest"),
    }
    show_fieldsets = [
        (_l("Person"), ["user", "user.username"]),
        (_l("From"), ["device", "address"]),
        (_l("Time"), ["started_at", "seen_at", "idle_until", "ends_at"]),
    ]
    row_title = staticmethod(lambda row: f"{row.user} · {row.device or row.address}")
    row_actions = [
        RowAction(
            "end",
            _l("End the sign-in"),
            "end",
            sessions.end_by_administrator,
            confirm=_l("End these sign-ins? Whoever works there signs in again."),
            done=_l("The sign-in has been ended."),
            kind="d",
            when=lambda row: _reached(row.user),
        )
    ]
    exportable = False

    def narrow(self, actor: Actor) -> Iterable[Any]:
        """Keep to what is live, and to people whom the actor administers."""
        found = [sessions.is_live()]
        offered = list(users_offered(actor))
        if offered:
            found.append(SignInSession.user_id.in_(select(AppUser.id).where(*offered)))
        return found


class SignInSecurityView(BaseView):
    """登录安全: the limits of a sign-in, and which roles ask for a second factor."""

    route_base = "/sign-in-security"
    default_view = "show"

    @expose("/")
    @needs("admin.role:see")
    def show(self) -> Any:
        """Show what holds."""
        return self._page()

    @expose("/", methods=["POST"])
    @needs("admin.role:edit")
    def save(self) -> Any:
        """Let the chosen roles ask for a second factor."""
        actor = current()
        chosen = {int(one) for one in request.form.getlist("role") if one.isdecimal()}
        known = {role.id for role in queries.roles_and_factors()}
        try:
            with unit_of_work(actor):
                second_factor.demand_second_factor(chosen & known, actor=actor)
        except DomainError as error:
            return self._page(str(error.message)), error.status
        flash(_("Saved. It holds from the next sign-in of each person."))
        return redirect(url_for("SignInSecurityView.show"))

    def _page(self, problem: str | None = None) -> Any:
        return self.render_template(
            "admin/sign_in_security.html",
            problem=problem,
            roles=queries.roles_and_factors(),
            titles=ROLE_TITLES,
            demanding=second_factor.roles_that_demand(),
            settings=[
                (one, get_setting(one)) for one in (IDLE_MINUTES, ABSOLUTE_HOURS, PASSWORD_DAYS)
            ],
            editable=current().may("admin.role:edit"),
            allowed=throttle.FAILURES_ALLOWED,
        )

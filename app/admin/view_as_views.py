"""The way into another role's view of the product, and back."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.admin import view_as
from app.core.errors import DomainError, Invalid
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.rest import current


class ViewAsView(BaseView):
    """以此身份查看."""

    route_base = "/view-as"
    default_view = "begin"

    @expose("/", methods=["POST"])
    @needs(view_as.VIEW_AS)
    def begin(self) -> Any:
        """Look through a role's or a user's eyes from the next page on."""
        chosen = {
            name: int(request.form[name])
            for name in ("role", "user")
            if request.form.get(name, "").isdecimal()
        }
        actor = current()
        try:
            if len(chosen) != 1:
                raise Invalid(_("Choose a role or a user."))
            with unit_of_work(actor):
                seen = view_as.begin_viewing(
                    role_id=chosen.get("role"), user_id=chosen.get("user"), actor=actor
                )
        except DomainError as error:
            flash(str(error.message), "danger")
            return redirect("/users/list/")
        session["view_as"] = chosen
        flash(_("You now see what %(name)s sees. Nothing can be changed.", name=seen.name))
        return redirect("/")

    @expose("/end", methods=["POST"])
    @needs()
    def end(self) -> Any:
        """Go back to oneself."""
        chosen = session.pop("view_as", None) or {}
        real = g.get("real_actor")
        if real is not None:
            with unit_of_work(real):
                view_as.end_viewing(actor=real)
        if "user" in chosen:
            return redirect(f"/users/show/{chosen['user']}")
        return redirect(f"/roles/show/{chosen['role']}" if "role" in chosen else "/")


VIEWS = [ViewAsView]

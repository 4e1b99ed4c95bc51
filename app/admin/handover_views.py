"""The page on which leaving staff hand over their work in one step."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select

from app.admin import handover
from app.admin.models import AppUser
from app.admin.reach import users_within
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, NotFound
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.rest import current


class HandoverView(BaseView):
    """离职交接."""

    route_base = "/hand-over"
    default_view = "hand_over"

    @expose("/<int:user_id>", methods=["GET", "POST"])
    @needs("admin.user:hand_over")
    def hand_over(self, user_id: int) -> Any:
        """Show what would move and to whom; a post moves it."""
        actor = current()
        if request.method == "GET":
            return self._page(user_id, actor)
        try:
            with unit_of_work(actor):
                user = _get(user_id, actor)
                name = user.full_name
                handover.hand_over(user, successors=_successors(), actor=actor)
        except NotFound:
            raise
        except DomainError as error:
            return self._page(user_id, actor, error), error.status
        flash(_("%(name)s has left; all work has been handed over.", name=name))
        return redirect(f"/users/show/{user_id}")

    def _page(self, user_id: int, actor: Actor, error: DomainError | None = None) -> Any:
        user = _get(user_id, actor)
        return self.render_template(
            "admin/hand_over.html",
            user=user,
            portions=handover.list_portions(user, actor=actor),
            chosen=_successors(),
            problem=error.message if error else None,
            wrong=error.fields if error else {},
        )


def _get(user_id: int, actor: Actor) -> AppUser:
    found: AppUser | None = db.session.scalar(
        select(AppUser).where(AppUser.id == user_id, *users_within(actor))
    )
    if found is None:
        raise NotFound(_("There is nothing here, or it is not within your scope."))
    return found


def _successors() -> dict[str, int]:
    return {
        name.removeprefix("to."): int(value)
        for name, value in request.form.items()
        if name.startswith("to.") and value.isdecimal()
    }


VIEWS = [HandoverView]

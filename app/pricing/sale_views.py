"""The page that puts buildings on sale and takes them off, and the same steps for single rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.errors import DomainError, NotFound
from app.core.uow import unit_of_work
from app.estate.opening import OpeningKind
from app.estate.opening_gate import holds_up, list_missing_items
from app.estate.operations import TakenRoom
from app.pricing import operations, policies
from app.pricing.queries import list_building_sales
from app.web.access import needs
from app.web.projects import current_project, current_project_id
from app.web.rest import current

RELEASE = f"{policies.SALE}:release"
WITHDRAW = f"{policies.SALE}:withdraw"


class SaleView(BaseView):
    """放盘收盘: buildings of a project, what of them is on sale, and what is still missing."""

    route_base = "/sale"
    default_view = "overview"

    @expose("/")
    @needs(RELEASE, WITHDRAW)
    def overview(self) -> Any:
        """Show every building with what could be released."""
        project_id = current_project_id()
        actor = current()
        buildings = [] if project_id is None else list_building_sales(project_id, actor=actor)
        missing = list_missing_items([project_id]) if project_id else []
        return self.render_template(
            "pricing/sale.html",
            buildings=buildings,
            project=current_project(),
            may_release=actor.may(RELEASE),
            may_withdraw=actor.may(WITHDRAW),
            missing=[(item, OpeningKind(item.kind).title) for item in missing],
            waiting={
                building.id
                for building in buildings
                if any(holds_up(item, building.id) for item in missing)
            },
        )

    @expose("/<int:building_id>/release", methods=["POST"])
    @needs(RELEASE)
    def release(self, building_id: int) -> Any:
        """Release all unreleased rooms of a building."""
        done = _l("%(count)d rooms are for sale now.")
        why = request.form.get("unready_reason", "").strip() or None
        return _step(operations.release_for_sale, building_id, done, unready_reason=why)

    @expose("/<int:building_id>/withdraw", methods=["POST"])
    @needs(WITHDRAW)
    def withdraw(self, building_id: int) -> Any:
        """Take all rooms of a building that are for sale off the market."""
        done = _l("%(count)d rooms are off the market now.")
        return _step(operations.withdraw_from_sale, building_id, done)


def _step(
    operation: Callable[..., list[TakenRoom]], building_id: int, done: Any, **more: Any
) -> Any:
    actor, reason = current(), request.form.get("reason", "")
    try:
        with unit_of_work(actor):
            rooms = operation(building_id=building_id, reason=reason, actor=actor, **more)
    except NotFound:
        raise
    except DomainError as error:
        flash(str(error.message), "danger")
    else:
        flash(_(str(done)) % {"count": len(rooms)})
    return redirect(url_for("SaleView.overview"))

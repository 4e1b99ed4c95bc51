"""组织: the tree of the group as a page, with who works where and who looks after it."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin import queries
from app.admin.models import AppUser
from app.admin.reach import users_within
from app.admin.tree import Place, read_tree
from app.core.actor import Actor
from app.core.db import db
from app.web.access import needs
from app.web.rest import current

#: what a place is called in front of its name
KINDS: dict[str, Any] = {
    "group": _l("Whole group"),
    "node": _l("Organization"),
    "project": _l("Project"),
    "phase": _l("Phase"),
}
#: levels that are open when the page is opened
OPEN_LEVELS = 3
LONGEST_SEARCH = 40


class OrganizationTreeView(BaseView):
    """组织 as one reads it: group, regions, companies, projects and phases with their people."""

    route_base = "/organization-tree"
    default_view = "show"

    @expose("/")
    @needs("admin.organization:see")
    def show(self) -> Any:
        """Show the reader's part of the tree, or what a search finds in it."""
        actor = current()
        search = request.args.get("q", "")[:LONGEST_SEARCH]
        top = read_tree(actor, search=search)
        people = set[int]().union(*(one.people for one in top))
        return self.render_template(
            "admin/organization_tree.html",
            view=self,
            top=top,
            search=search,
            kinds=KINDS,
            people=len(people),
            projects=sum(one.projects for one in top),
            open_levels=OPEN_LEVELS,
            opened=_accounts(people, actor),
            may_see_projects=actor.may("estate.project:see"),
        )

    def url_of(self, place: Place) -> str | None:
        """Return the page of a place, if the reader may open it."""
        if place.kind == "node":
            return url_for("OrganizationView.show", pk=place.id)
        if place.kind != "group" and current().may("estate.project:see"):
            return url_for("ProjectView.show", pk=place.id)
        return None

    def roles_of(self, codes: tuple[str, ...]) -> str:
        """Return roles in the reader's language."""
        return "、".join(str(queries.title_of_role(code)) for code in codes)


def _accounts(people: set[int], actor: Actor) -> set[int]:
    """Return whose pages the reader may open: somebody here may reach further than he does."""
    if not actor.may("admin.user:see"):
        return set()
    within = users_within(actor)
    if not within:
        return people
    return set(db.session.scalars(select(AppUser.id).where(AppUser.id.in_(people), *within)))


VIEWS = [OrganizationTreeView]

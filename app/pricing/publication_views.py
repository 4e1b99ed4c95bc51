"""Pages of published price lists 一房一价: every version as it was posted, Excel and paper."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.core import audit
from app.core.actor import Actor
from app.core.errors import DomainError, Invalid
from app.core.settings import get_setting
from app.core.uow import unit_of_work
from app.estate.queries import get_project
from app.pricing import operations, policies
from app.pricing.models import PricePublication
from app.pricing.publication_paper import paper_words, send_paper, send_sheet
from app.pricing.publication_sheet import approvers_of
from app.pricing.queries.publications import (
    count_changes_since,
    is_latest,
    list_publication_rows,
    posted_on,
)
from app.pricing.reading import read_day
from app.pricing.settings import PUBLIC_PRICES
from app.pricing.titles import PRICE_BASES, posted_status
from app.web import show_page
from app.web.crud import CrudView, guarded
from app.web.crud_forms import LineField
from app.web.projects import current_project_id

#: rooms that one page shows; on paper all of them are
PAGE = 200


def public_code() -> str | None:
    """Return the code under which everybody reads what is posted, None where that is off."""
    project_id = current_project_id()
    if project_id is None or not get_setting(PUBLIC_PRICES, project_id):
        return None
    return get_project(project_id).code


class PricePublicationView(CrudView):
    """一房一价: a building's price list as it was published."""

    datamodel = SQLAInterface(PricePublication)
    route_base = "/published-prices"
    permission = policies.PUBLICATION
    list_title = _l("Published price lists")
    add_title = _l("Publish a price list")
    empty_sentence = _l("No price list has been published yet. Publish one for each building.")
    list_columns = (
        "building_name",
        "version",
        "published_at",
        "rooms",
        "list_total",
        "approvers",
        "published_by",
        "project",
    )
    search_columns = ("building", "published_at")
    computed = {"approvers": approvers_of}
    label_columns = {
        "building_name": _l("Building"),
        "version": _l("Version"),
        "published_at": _l("Published"),
        "published_by": _l("Published by"),
        "approvers": _l("Prices approved by"),
        "permits": _l("Pre-sale permit"),
        "rooms": _l("Rooms"),
        "list_total": _l("Sum of list totals"),
        "remarks": _l("Remarks"),
    }
    help_columns = {
        "building": _l("What its rooms cost now becomes its next version, which never changes."),
        "remarks": _l("Stands on the list, such as where discounts are posted."),
    }
    load = ("published_by", "building")
    order = ("-published_at", "-id")
    row_title = staticmethod(str)
    show_fieldsets = (
        (
            "",
            (
                "building_name",
                "version",
                "published_at",
                "published_by",
                "approvers",
                "permits",
                "rooms",
                "list_total",
                "remarks",
                "project",
            ),
        ),
    )
    add_fieldsets = (("", ("building", "remarks")),)
    form_optional = frozenset({"remarks"})
    form_extra = {"remarks": LineField(_l("Remarks"))}
    method_rights = {"add": "publish"}
    add_operation = operations.publish_price_list
    list_template = "pricing/publications.html"
    show_template = "pricing/publication.html"
    exportable = False

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show a published list with its rooms."""
        published = self.get(pk, actor)
        after = request.args.get("after", default=0, type=int)
        rows = list_publication_rows(pk, after=after, limit=PAGE + 1)
        latest = is_latest(published)
        return self.render_template(
            self.show_template,
            page=show_page.build(self, published, actor),
            rows=rows[:PAGE],
            after=after,
            next_after=rows[PAGE - 1].position if len(rows) > PAGE else None,
            latest=latest,
            moved=count_changes_since(published) if latest else 0,
            may_publish=actor.may(f"{policies.PUBLICATION}:publish"),
            may_export=actor.may(f"{policies.PUBLICATION}:export"),
            bases=PRICE_BASES,
            posted_status=posted_status,
        )

    @expose("/show/<int:pk>/paper")
    @guarded("export")
    def paper(self, pk: int, *, actor: Actor) -> Any:
        """Show the whole list as it is posted on paper; the browser prints it or makes the PDF."""
        published = self.get(pk, actor)
        with unit_of_work(actor):
            audit.record("print", table_name=PricePublication.__tablename__, row_id=pk)
        return self.render_template("pricing/publication_paper.html", **paper_words(published))

    @expose("/show/<int:pk>/list.pdf")
    @guarded("export")
    def pdf(self, pk: int, *, actor: Actor) -> Any:
        """Send the list as PDF; written into the audit."""
        published = self.get(pk, actor)
        try:
            return send_paper(published, actor)
        except DomainError as error:
            flash(error.message, "danger")
            return redirect(url_for(".show", pk=pk))

    @expose("/show/<int:pk>/list.xlsx")
    @guarded("export")
    def sheet(self, pk: int, *, actor: Actor) -> Any:
        """Send the list as an Excel sheet; written into the audit."""
        return send_sheet(self.get(pk, actor), actor)

    @expose("/posted")
    @guarded("see")
    def posted(self, *, actor: Actor) -> Any:  # noqa: ARG002 - the permission has been checked
        """Show what was posted in the project on a day."""
        project_id = current_project_id()
        sentence, lists, day = None, [], None
        try:
            day = read_day(request.args.get("on"))
        except Invalid as error:
            sentence = error.message
        if day is not None and project_id is not None:
            lists = posted_on(project_id, day)
        page = self.render_template(
            "pricing/posted.html", lists=lists, day=day, sentence=sentence,
            typed=request.args.get("on", ""), approvers_of=approvers_of,
            public_code=public_code(),
        )  # fmt: skip
        return page, 422 if sentence else 200

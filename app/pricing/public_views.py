"""公示一房一价: what a project has posted, for everybody, where the project has switched it on.

Source: 商品房销售明码标价规定 §§3, 6: prices are posted for each home, where buyers can see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import make_response, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Invalid, NotFound
from app.core.settings import get_setting
from app.estate.models import Project
from app.pricing.models import PricePublication, PricePublicationRow
from app.pricing.queries.publications import list_publication_rows, posted_on
from app.pricing.reading import read_day
from app.pricing.settings import PUBLIC_PRICES
from app.pricing.titles import PRICE_BASES, posted_status

#: who reads for strangers: only what has been posted, and only where that is switched on
READER = system_actor("public")
#: rooms of a page; a building's others are on the next
PAGE = 300
KEPT_SECONDS = 60


@dataclass(frozen=True)
class Posted:
    """What a stranger asks for: the project, its posted lists of a day, and one of them."""

    project: Project
    day: date
    lists: list[PricePublication]
    shown: PricePublication | None
    rows: list[PricePublicationRow]
    next_after: int | None


class PublicPricesView(BaseView):
    """一房一价公示: nobody has to be signed in."""

    route_base = "/posted-prices"
    default_view = "of_project"

    @expose("/<code>")
    def of_project(self, code: str) -> Any:
        """Show what the project has posted: today, or as it was on a day."""
        with acting(READER):
            found, sentence = _read(code)
            page = render_template(
                "pricing/public.html",
                found=found,
                sentence=sentence,
                bases=PRICE_BASES,
                posted_status=posted_status,
                today=clock.today(),
            )
        response = make_response(page, 422 if sentence else 200)
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        response.vary.add("Cookie")
        return response


def _read(code: str) -> tuple[Posted, Any]:
    project = db.session.scalar(select(Project).where(Project.code == code))
    if project is None or not get_setting(PUBLIC_PRICES, project.id):
        raise NotFound(_l("No prices are posted here."))
    sentence = None
    try:
        day = min(read_day(request.args.get("on")), clock.today())
    except Invalid as error:
        day, sentence = clock.today(), error.message
    lists = posted_on(project.id, day)
    wanted = request.args.get("building", type=int)
    shown = next((one for one in lists if one.building_id == wanted), lists[0] if lists else None)
    after = max(0, request.args.get("after", default=0, type=int))
    rows = list_publication_rows(shown.id, after=after, limit=PAGE + 1) if shown else []
    more = rows[PAGE - 1].position if len(rows) > PAGE else None
    return Posted(project, day, lists, shown, rows[:PAGE], more), sentence

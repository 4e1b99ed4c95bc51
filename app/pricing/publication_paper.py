"""A published price list on paper and as a file, as pages and REST send it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, send_file
from flask_babel import lazy_gettext as _l

from app.core import audit
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.uow import unit_of_work
from app.pricing.models import PricePublication
from app.pricing.publication_sheet import approvers_of, published_words, write_publication
from app.pricing.queries.publications import iterate_publication_rows, list_publication_rows
from app.pricing.titles import PRICE_BASES, posted_status
from app.web.export import XLSX
from app.web.paper import draw_pdf, send_pdf

_TABLE = PricePublication.__tablename__
#: rooms of a list that is drawn as PDF while its reader waits: about six seconds and 300 MB
MOST_ROOMS = 1000


def paper_words(published: PricePublication) -> dict[str, Any]:
    """Return what the templates of the paper say: the list, its rooms, who approved and when."""
    return {
        "published": published,
        "rows": list_publication_rows(published.id),
        "published_at": published_words(published),
        "approvers": approvers_of(published),
        "bases": PRICE_BASES,
        "posted_status": posted_status,
    }


def draw_publication(published: PricePublication) -> bytes:
    """Return the list as PDF, A4 across, with its head repeated and its pages numbered.

    Raises Invalid for a list of more than MOST_ROOMS, PaperUnavailable where Pango is missing.
    """
    if published.rooms > MOST_ROOMS:
        raise Invalid(
            _l(
                "%(list)s has %(rooms)d rooms; as PDF go at most %(most)d. Take the Excel sheet, or"
                " print from the page.",
                list=str(published),
                rooms=published.rooms,
                most=MOST_ROOMS,
            )
        )
    return draw_pdf("pricing/publication_pdf.html", **paper_words(published))


def send_paper(published: PricePublication, actor: Actor) -> Response:
    """Answer with the list as PDF; written into the audit. Raises as ``draw_publication``."""
    drawn = draw_publication(published)
    with unit_of_work(actor):
        audit.record("print", table_name=_TABLE, row_id=published.id)
    return send_pdf(drawn, str(published))


def send_sheet(published: PricePublication, actor: Actor) -> Response:
    """Answer with the list as an Excel sheet; written into the audit."""
    stream = BytesIO()
    with unit_of_work(actor):
        count = write_publication(published, iterate_publication_rows(published.id), stream)
        audit.record("export", table_name=_TABLE, row_id=published.id, note={"rows": count})
    stream.seek(0)
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=f"{published}.xlsx")

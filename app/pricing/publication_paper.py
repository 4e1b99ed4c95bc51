"""A published price list on paper: what the browser prints and the PDF that the server draws."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.pricing.models import PricePublication
from app.pricing.publication_sheet import approvers_of, published_words
from app.pricing.queries.publications import list_publication_rows
from app.pricing.titles import PRICE_BASES, posted_status
from app.web.paper import draw_pdf

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

"""The tile of notices: what the person has not read."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.notices import queries
from app.web.formats import moment_text
from app.web.tiles import MOST_ROWS, Row, Rows, Tile


def unread(actor: Actor) -> Rows:
    """Return the newest notices that the actor has not read."""
    rows = queries.list_notices(actor, unread=True, limit=MOST_ROWS).rows
    return Rows(
        [
            Row(
                notice.title,
                url=notice.link,
                detail=notice.sentence,
                aside=moment_text(notice.made_at),
            )
            for notice in rows
        ],
        empty=_l("You have read everything."),
    )


TILES = [
    Tile(
        "notices",
        _l("Notices"),
        (),
        unread,
        order=32,
        roles="CKSMDHAFXGVPOLUEB",
        icon="bell",
        url="/notices/",
    ),
]

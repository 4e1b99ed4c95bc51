"""Telling people something, and what they do with what they were told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text, update

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotFound
from app.core.preferences import set_preference
from app.core.sql import Sql
from app.notices.kinds import find_kind, is_known
from app.notices.models import MUTED, WAITING_KINDS, Notice

KEPT_FOR: Final = timedelta(days=90)
#: how many old notices one run of the periodic job deletes
BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class News:
    """What is told: its kind, where it leads, and the words of its sentence."""

    kind: str
    link: str
    words: Mapping[str, Any] = field(default_factory=dict)
    project_id: int | None = None
    #: the same person is told the same ``once`` only once
    once: str | None = None


# One statement whatever the number of people, so that a hot operation pays for one round trip.
_TELL = Sql("""
INSERT INTO notices_notice (xid, user_id, project_id, kind, words, link, once, made_at)
SELECT pg_current_xact_id()::text::bigint, r.user_id, r.project_id, r.kind, r.words, r.link,
       r.once, :now
  FROM jsonb_to_recordset(cast(:rows AS jsonb))
       AS r(user_id bigint, project_id bigint, kind text, words jsonb, link text, once text,
            always boolean)
 WHERE r.always OR NOT EXISTS (SELECT 1 FROM core_preference p
                    WHERE p.user_id = r.user_id AND p.name = 'notices.muted'
                      AND jsonb_exists(p.value, r.kind))
ON CONFLICT (user_id, once) WHERE once IS NOT NULL DO NOTHING
RETURNING 1
""")


def tell(news: News, user_ids: Iterable[int | None], *, actor: Actor) -> int:
    """Tell people something in the caller's transaction; return how many were told.

    Nobody is told what he did himself, nor what he does not want to hear of, unless the kind is
    told always. At most one INSERT, and nothing at all when nobody is left.
    """
    return tell_each([(news, user_id) for user_id in dict.fromkeys(user_ids)], actor=actor)


def tell_each(told: Iterable[tuple[News, int | None]], *, actor: Actor) -> int:
    """Tell each person something of his own; otherwise as ``tell``."""
    himself = actor.id if actor.kind == "user" else None
    rows = [
        {
            "user_id": user_id,
            "project_id": news.project_id,
            "kind": news.kind,
            "words": {name: str(word) for name, word in news.words.items()},
            "link": news.link,
            "once": news.once,
            "always": find_kind(news.kind).always,
        }
        for news, user_id in told
        if user_id is not None and (user_id != himself or find_kind(news.kind).always)
    ]
    if not rows:
        return 0
    return len(_TELL.rows(rows=json.dumps(rows, ensure_ascii=False), now=clock.now()))


# With the kinds written out, so that the small index of what waits is used.
_SETTLE = text("""
UPDATE notices_notice SET read_at = :now
 WHERE link = :link AND read_at IS NULL AND kind IN ('approval_waits', 'opinion_asked')
   AND kind = ANY(:kinds) AND (cast(:user AS bigint) IS NULL OR user_id = :user)
""")


def settle(
    link: str, *, kinds: Iterable[str] = WAITING_KINDS, user_id: int | None = None, actor: Actor
) -> None:
    """Take what waited at this address as read, by all or by one: it has been dealt with."""
    del actor  # whoever dealt with it; the notices may be other people's and none is returned
    given = {"link": link, "kinds": list(kinds), "user": user_id, "now": clock.now()}
    db.session.execute(_SETTLE, given)


def mark_read(notice_id: int, *, actor: Actor) -> None:
    """Take one's own notice as read; again does nothing. Raises NotFound for another's."""
    found = db.session.get(Notice, notice_id)
    if found is None or found.user_id != actor.id:
        raise NotFound(_l("There is no such notice."))
    if found.read_at is None:
        found.read_at = clock.now()
        db.session.flush()


def mark_all_read(*, actor: Actor, until: int | None = None) -> int:
    """Take all of one's notices as read, up to ``until`` if given; return how many it were."""
    unread = update(Notice).where(Notice.user_id == actor.id, Notice.read_at.is_(None))
    if until is not None:
        # What came while the page was being read has not been seen.
        unread = unread.where(Notice.id <= until)
    done = db.session.execute(
        unread.values(read_at=clock.now()), execution_options={"synchronize_session": False}
    )
    return int(done.rowcount)


def choose_kinds(muted: Iterable[str], *, actor: Actor) -> None:
    """Keep which kinds the actor does not want to be told.

    Raises Invalid for an unknown one, and for one that is told always.
    """
    wanted = sorted(set(muted))
    if not all(map(is_known, wanted)):
        sentence = _l("There is no such kind of notice. Load the page again.")
        raise Invalid(sentence, fields={"kinds": sentence})
    fixed = [kind.title for key in wanted if (kind := find_kind(key)).always]
    if fixed:
        sentence = _l(
            "“%(title)s” cannot be switched off: it is how you learn that somebody else uses your"
            " account.",
            title=fixed[0],
        )
        raise Invalid(sentence, fields={"kinds": sentence})
    set_preference(MUTED, wanted or None, actor=actor)


def prune_notices() -> int:
    """Delete notices older than 90 days, at most 10,000 in one run; return how many."""
    done = db.session.execute(
        text(
            "DELETE FROM notices_notice WHERE id IN"
            " (SELECT id FROM notices_notice WHERE made_at < :before LIMIT :most)"
        ),
        {"before": clock.now() - KEPT_FOR, "most": BATCH},
    )
    return int(done.rowcount)

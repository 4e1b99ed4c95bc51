"""Notices and nothing else: who is told what, where it leads, whether it was read."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, code_text, json_object, moment
from app.notices.kinds import NoticeKind, find_kind

__all__ = ["Notice"]

#: the preference that holds the kinds which somebody does not want to be told
MUTED: Final = "notices.muted"
#: what waits for somebody is settled by its address when another has dealt with it
WAITING_KINDS = ("approval_waits", "opinion_asked")


class Notice(Base):
    """通知: one sentence for one person; the words are put together in his language when read."""

    __tablename__ = "notices_notice"
    __audited__ = False
    __table_args__ = (
        Index("ix_notices_notice_user", "user_id", "id"),
        Index(
            "ix_notices_notice_unread", "user_id", "id", postgresql_where=text("read_at IS NULL")
        ),
        Index("ix_notices_notice_xid", "xid"),
        Index(
            "uq_notices_notice_once",
            "user_id",
            "once",
            unique=True,
            postgresql_where=text("once IS NOT NULL"),
        ),
        Index(
            "ix_notices_notice_waiting",
            "link",
            postgresql_where=text(
                "read_at IS NULL AND kind IN ('approval_waits', 'opinion_asked')"
            ),
        ),
        # Written in the order of time: a block range index costs the writer next to nothing.
        Index("ix_notices_notice_made_at", "made_at", postgresql_using="brin"),
    )

    #: the writing transaction, in whose order the live server reads
    xid: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    #: the project that it is about, if any: out of scope, it is not shown any more
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[code_text]
    #: what the kind's sentence is filled with; names of colleagues, never of customers
    words: Mapped[json_object]
    #: an address of this site
    link: Mapped[str] = mapped_column(String(200))
    #: tells the same thing only once
    once: Mapped[str | None] = mapped_column(String(80))
    made_at: Mapped[moment]
    read_at: Mapped[moment | None]

    @property
    def about(self) -> NoticeKind:
        """Return what kind of notice it is."""
        return find_kind(self.kind)

    @property
    def title(self) -> str:
        """Return the short title in the reader's language."""
        return str(self.about.title)

    @property
    def sentence(self) -> str:
        """Return the sentence in the reader's language."""
        return self.about.say(self.words)

    def as_data(self) -> dict[str, Any]:
        """Return it as REST carries it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "sentence": self.sentence,
            "link": self.link,
            "made_at": self.made_at.isoformat(),
            "read_at": None if self.read_at is None else self.read_at.isoformat(),
        }

"""What was answered to a request that carried an Idempotency-Key, kept with its effect."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import Actor
from app.core.db import Base, created_moment, db
from app.core.errors import Conflict
from app.core.sql import Sql

KEPT_HOURS = 24
LONGEST_KEY = 64


class IdempotencyRecord(Base):
    """重复请求记录: the successful answer to one key of one actor, for 24 hours."""

    __tablename__ = "core_idempotency"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("actor", "key"),
        Index("ix_core_idempotency_created_at", "created_at"),
    )

    actor: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[created_moment]


@dataclass(frozen=True)
class KeptAnswer:
    """An answer given before to the same request."""

    status: int
    answer: Any


def digest_of(method: str, path: str, body: bytes) -> str:
    """Return what makes two requests the same one."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), body])).hexdigest()


# One round trip: the transaction-long lock that a request still running holds, and the answer
# kept from one that has ended.
_CLAIM = Sql(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(:actor || chr(10) || :key, 7)), r.digest,"
    " r.status, r.answer FROM (SELECT 1) one LEFT JOIN core_idempotency r"
    " ON r.actor = :actor AND r.key = :key"
    f" AND r.created_at > now() - interval '{KEPT_HOURS} hours'"
)
# The claim reads as of a moment before it has the lock: a first request that committed between the
# two is not seen by it. The row that it left is, here, and only one that is too old gives way.
_KEEP = Sql(
    "INSERT INTO core_idempotency AS r (actor, key, digest, status, answer)"
    " VALUES (:actor, :key, :digest, :status, CAST(:answer AS jsonb))"
    " ON CONFLICT (actor, key) DO UPDATE SET digest = excluded.digest, status = excluded.status,"
    " answer = excluded.answer, created_at = now()"
    f" WHERE r.created_at <= now() - interval '{KEPT_HOURS} hours' RETURNING id"
)


def claim_key(key: str, digest: str, *, actor: Actor) -> KeptAnswer | None:
    """Take the key for this transaction; return the answer kept for it, if there is one.

    Raises Conflict if the first request is still running or the key came with another request.
    """
    row = _CLAIM.rows(actor=actor.key, key=key)[0]
    if row[1] is not None:
        if row[1] != digest:
            raise Conflict(
                _l("This Idempotency-Key was used for another request. Use a new one."),
                code="idempotency_key_reused",
            )
        return KeptAnswer(status=row[2], answer=row[3])
    if not row[0]:
        raise _still_running()
    return None


def keep_answer(key: str, digest: str, status: int, answer: Any, *, actor: Actor) -> None:
    """Keep a successful answer in the transaction of its effect.

    Raises Conflict, which undoes that effect, if another request ended under the key meanwhile.
    """
    kept = _KEEP.rows(
        actor=actor.key,
        key=key,
        digest=digest,
        status=status,
        answer=json.dumps(answer, ensure_ascii=False, default=str),
    )
    if not kept:
        raise _still_running()


def _still_running() -> Conflict:
    return Conflict(
        _l("The same request is still running. Wait for its answer."), code="request_running"
    )


def prune() -> int:
    """Delete what is older than a day; return how many rows went."""
    result = db.session.execute(
        text(
            f"DELETE FROM core_idempotency WHERE created_at < now() - interval '{KEPT_HOURS} hours'"
        )
    )
    return int(result.rowcount)

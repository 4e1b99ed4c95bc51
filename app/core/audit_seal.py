"""Seals over the audit: a chain of keyed hashes that shows a row removed, changed or slipped in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import BigInteger, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import secrets
from app.core.db import Base, created_moment, db

#: entries under one seal, at most
BATCH = 10_000
#: seconds between taking the last number and asking who still writes: an entry that has its
#: number has its transaction's number well before
PAUSE = 2.0
#: seconds to wait for the transactions that were under way
PATIENCE = 30.0


class AuditSeal(Base):
    """审计封签: a keyed hash over a range of entries and over the seal before it."""

    __tablename__ = "core_audit_seal"
    __audited__ = False
    __table_args__ = (
        Index("uq_core_audit_seal_generation_first_id", "generation", "first_id", unique=True),
    )

    #: raised when FIELD_KEY changes: everything is sealed again under the new one
    generation: Mapped[int] = mapped_column(server_default=text("1"))
    sealed_at: Mapped[created_moment]
    #: the range of numbers, both included; numbers without an entry are those of failed steps
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    #: HMAC under a key of FIELD_KEY, which a database administrator does not have
    chain: Mapped[str] = mapped_column(String(64))


# Written out column by column, so that a later column does not change what was sealed before.
_DIGEST = text(r"""
SELECT count(*), coalesce(encode(sha256(string_agg(sha256(convert_to(concat_ws(E'\x1f',
         id::text, extract(epoch FROM at)::text, actor, coalesce(host(address), '-'), action,
         table_name, coalesce(row_id::text, '-'), coalesce(project_id::text, '-'),
         coalesce(channel, '-'), coalesce(before::text, '-'), coalesce(after::text, '-')),
         'UTF8')), ''::bytea ORDER BY id)), 'hex'), '')
  FROM core_audit_entry WHERE id BETWEEN :first AND :last
""")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('core_audit_seal'))")
_SETTLED = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= :horizon")
_HORIZON = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
_LAST = text("SELECT coalesce(max(id), 0) FROM core_audit_entry")
#: the end of the next batch: a range of numbers that holds BATCH entries at most
_END = text("""
SELECT max(id) FROM (SELECT id FROM core_audit_entry WHERE id >= :first AND id <= :last
                      ORDER BY id LIMIT :batch) AS one_batch
""")


def take_mark(pause: float = PAUSE, patience: float = PATIENCE) -> int | None:
    """Return a number up to which no entry can come any more, or None if somebody still writes.

    Nothing is locked and nobody waits for it but the caller, who must be in no transaction.
    """
    last = int(db.session.scalar(_LAST) or 0)
    db.session.rollback()
    time.sleep(pause)
    horizon = db.session.scalar(_HORIZON)
    db.session.rollback()
    end = time.monotonic() + patience
    while True:
        settled = db.session.scalar(_SETTLED, {"horizon": horizon})
        db.session.rollback()
        if settled:
            return last
        if time.monotonic() >= end:
            return None
        time.sleep(min(0.5, patience))


def seal_up_to(mark: int) -> int:
    """Seal every entry up to the mark that is not sealed yet; return how many they are.

    Flushes; the caller commits. Returns 0 while another process seals.
    """
    if not db.session.scalar(_LOCK):
        return 0
    newest = newest_seal()
    if newest is None:
        return _seal_from(1, "", mark, 1)
    return _seal_from(newest.last_id + 1, newest.chain, mark, newest.generation)


def seal_again() -> int:
    """Seal all that was sealed once more, under the key in use; return how many entries.

    Called when FIELD_KEY changes, after ``verify(old=True)`` found nothing. Flushes.
    """
    newest = newest_seal()
    if newest is None:
        return 0
    return _seal_from(1, "", newest.last_id, newest.generation + 1)


def newest_seal() -> AuditSeal | None:
    """Return the seal at the end of the chain."""
    order = (AuditSeal.generation.desc(), AuditSeal.first_id.desc())
    found: AuditSeal | None = db.session.scalar(select(AuditSeal).order_by(*order).limit(1))
    return found


def _seal_from(first: int, chain: str, mark: int, generation: int) -> int:
    sealed = 0
    while first <= mark:
        last = db.session.scalar(_END, {"first": first, "last": mark, "batch": BATCH})
        if last is None:
            break
        count, digest = _digest_of(first, last)
        chain = _chained(chain, first, last, count, digest)
        made = AuditSeal(first_id=first, last_id=last, entries=count, digest=digest, chain=chain)
        made.generation = generation
        db.session.add(made)
        db.session.flush()
        sealed, first = sealed + count, last + 1
    return sealed


def _digest_of(first: int, last: int) -> tuple[int, str]:
    count, digest = db.session.execute(_DIGEST, {"first": first, "last": last}).one()
    return int(count), str(digest)


def _chained(
    previous: str, first: int, last: int, count: int, digest: str, *, old: bool = False
) -> str:
    key = secrets.old_seal if old else secrets.seal
    return key(f"{previous}|{first}|{last}|{count}|{digest}")


@dataclass(frozen=True)
class Fault:
    """Where the audit is not what was sealed: ``entries``, ``chain`` or ``gap``."""

    kind: str
    first_id: int
    last_id: int
    sealed: int
    found: int


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    seals: int
    entries: int
    #: the last number under a seal
    sealed_to: int
    #: the end of the chain: written down elsewhere, it shows later whether seals were taken away
    chain: str
    faults: tuple[Fault, ...]


def verify(*, old: bool = False, known: str = "") -> Verdict:
    """Read the whole audit again and compare it with its seals.

    ``old`` takes the key of before; ``known`` is the end of the chain as it was noted earlier,
    which must still be among the seals.
    """
    newest = newest_seal()
    generation = newest.generation if newest else 1
    previous, expected, seals, entries = "", 1, 0, 0
    faults: list[Fault] = []
    for seal in _seals(generation):
        count, digest = _digest_of(seal.first_id, seal.last_id)
        faults += _faults(seal, previous, expected, (count, digest), old=old)
        previous, expected = seal.chain, seal.last_id + 1
        seals, entries = seals + 1, entries + count
    if known and not _is_there(known):
        faults.append(Fault("known", expected, expected, 0, 0))
    return Verdict(seals, entries, expected - 1, previous, tuple(faults))


def _is_there(chain: str) -> bool:
    found = select(AuditSeal.id).where(AuditSeal.chain == chain).limit(1)
    return db.session.scalar(found) is not None


def _seals(generation: int) -> Iterator[AuditSeal]:
    found = select(AuditSeal).where(AuditSeal.generation == generation)
    yield from db.session.scalars(found.order_by(AuditSeal.first_id)).all()


def _faults(
    seal: AuditSeal, previous: str, expected: int, now: tuple[int, str], *, old: bool
) -> Iterator[Fault]:
    where = (seal.first_id, seal.last_id, seal.entries, now[0])
    if seal.first_id != expected:
        yield Fault("gap", expected, seal.first_id - 1, 0, 0)
    if now != (seal.entries, seal.digest):
        yield Fault("entries", *where)
    parts = (seal.first_id, seal.last_id, seal.entries, seal.digest)
    if _chained(previous, *parts, old=old) != seal.chain:
        yield Fault("chain", *where)


def is_sealed(entry_id: int) -> bool:
    """Tell whether an entry stands under a seal."""
    newest = newest_seal()
    return newest is not None and entry_id <= newest.last_id


def anything_new() -> bool:
    """Tell whether there are entries beyond the last seal."""
    newest = newest_seal()
    last = int(db.session.scalar(_LAST) or 0)
    db.session.rollback()
    return last > (newest.last_id if newest else 0)

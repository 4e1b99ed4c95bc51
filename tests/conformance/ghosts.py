"""What somebody is told of another project's rows, beside what he is told of rows that are not."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from app.admin.principal import read_actor
from app.core.db import db
from tests.conformance.office import Office
from tests.conformance.walk import Call, calls, words_of

#: ids that no row will ever have; far apart, so that one is never part of another
NOWHERE = 7_100_000_017
STEP = 1_000_003
#: what is another at every call
FLEETING = re.compile(
    r"""nonce-[\w+/=-]+|nonce="[^"]*"|csrf[\w-]*"[^>]*?(?:value|content)="[^"]*"
    |(?:set-cookie|content-length|date|etag|x-request-id|server-timing):[^\n]*\n
    |<dcterms:(?:created|modified)\b[^<]*
    |[0-9a-f]{8,}""",
    re.VERBOSE | re.IGNORECASE,
)


#: calls that leave a row of the caller's own behind, which the next answer tells: the file of the
#: audit holds the export before it, a checked list has the next number
OWN_TRACE = frozenset({"AuditView.export", "PriceListView.check"})
FORBIDDEN = 403
#: status, words, number of statements
Told = tuple[int, str, int]


@dataclass(frozen=True)
class Pair:
    """One call with the ids of a project's rows, and the same with ids of no rows."""

    real: Call
    ghost: Call
    #: id of no row → the id of the row whose place it takes
    ids: Mapping[str, str]


@dataclass
class Compared:
    """How often somebody was told something, and where it was not the same."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def pairs(office: Office, real: list[Call]) -> list[Pair]:
    """Return every call beside its ghost."""
    nowhere = {name: NOWHERE + STEP * place for place, name in enumerate(office.ids, 1)}
    nowhere["estate_project"] = NOWHERE
    ids = {str(nowhere[name]): str(row) for name, row in office.ids.items()}
    ghosts, _unknown = calls(dataclasses.replace(office, project=NOWHERE, ids=nowhere))
    return [Pair(one, other, ids) for one, other in zip(real, ghosts, strict=True)]


def plain(answer: Any, ids: Mapping[str, str]) -> str:
    """Return what an answer says, without what differs at every call, a ghost's ids put right."""
    words = words_of(answer)
    for ghost, real in ids.items():
        words = words.replace(ghost, real)
    return FLEETING.sub("", words)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Keep the statements that are sent meanwhile: what takes another way takes another time."""
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement.partition("\n")[0][:60])

    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)


def compare(office: Office, username: str, every: list[Pair], found: Compared) -> None:
    """Let somebody make every call with both; note what lets him tell one from the other.

    Where he lacks the right the guard answers before anything is read: there the one is enough.
    """
    person = office.person(username)
    actor = read_actor(office.users[username])
    assert actor is not None
    for pair in every:
        label = f"{username} {pair.real.label}"
        rights = pair.real.route.rights
        if rights and not actor.may_any(*rights):
            status = told_of(person, pair.real, {}, found)[0]
            if status != FORBIDDEN:
                found.faults.append(f"{label}: {status} without the right")
            continue
        for last in (False, True):
            # A second look where they part: rights are read anew from time to time.
            told = told_of(person, pair.real, {}, found)
            ghost = told_of(person, pair.ghost, pair.ids, found)
            if pair.real.route.name in OWN_TRACE:
                told, ghost = (told[0], "", 0), (ghost[0], "", 0)
            faults = [f"{label}: {fault}" for fault in parted(told, ghost, bool(pair.real.row))]
            if not faults or last:
                found.faults += faults
                break


def told_of(person: Any, call: Call, ids: Mapping[str, str], found: Compared) -> Told:
    """Make a call; return its status, its words, and how many statements it took."""
    with statements() as sent:
        answer = call.send(person)
    found.requests += 1
    found.statuses[answer.status_code] += 1
    told = (answer.status_code, plain(answer, ids) + flashed(person, answer, ids), len(sent))
    answer.close()
    return told


def flashed(person: Any, answer: Any, ids: Mapping[str, str]) -> str:
    """Return what the next page would say because of this answer, and forget it."""
    if answer.location is None:
        return ""
    with person.session_transaction() as cookie:
        said = str(cookie.pop("_flashes", ""))
    for ghost, real in ids.items():
        said = said.replace(ghost, real)
    return said


def shortened(every: list[Pair]) -> list[Pair]:
    """Return the pairs that name rows, and of the rest one of every address and method."""
    seen = set()
    kept = []
    for pair in every:
        key = (pair.real.route.name, pair.real.method)
        if pair.real.names_rows or key not in seen:
            kept.append(pair)
        seen.add(key)
    return kept


def parted(real: Told, ghost: Told, names_row: bool) -> Iterator[str]:
    """Yield in what the answer about a row differs from that about no row."""
    if real[0] != ghost[0]:
        yield f"{real[0]}, and {ghost[0]} for what is not there"
    elif real[1] != ghost[1]:
        yield f"{real[0]}, in other words {difference(real[1], ghost[1])}"
    elif names_row and real[2] != ghost[2]:
        yield f"{real[2]} statements, and {ghost[2]} for what is not there"


def difference(one: str, other: str) -> str:
    """Return where two texts part."""
    place = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return f"{one[max(place - 60, 0) : place + 80]!r} / {other[max(place - 60, 0) : place + 80]!r}"

"""The audit as a story: one step for each transaction, who and whence, what from what to what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core.actor import Actor
from app.core.audit import HIDDEN, ROW_ACTIONS, AuditEntry, StepKey
from app.core.db import db
from app.core.permissions import ROLE_TITLES
from app.web.formats import moment_text
from app.web.story_words import NOTHING, Names, Words, table_title

#: what is told of a new row, at most, before one opens the step
FACTS = 6
#: actions in words, with the tint of their mark
ACTIONS: dict[str, tuple[Any, str]] = {
    "insert": (_l("Made"), "done"),
    "update": (_l("Changed"), ""),
    "delete": (_l("Deleted"), "bad"),
    "sign_in": (_l("Signed in"), ""),
    "sign_in_failed": (_l("Failed to sign in"), "warn"),
    "sign_out": (_l("Signed out"), ""),
    "switch_operator": (_l("Handed the counter over"), ""),
    "session_end": (_l("Ended a sign-in"), ""),
    "sessions_ended": (_l("Signed the person out everywhere"), "warn"),
    "view_as": (_l("Began to see the product as somebody else"), "warn"),
    "view_as_end": (_l("Went back to himself"), ""),
    "hand_over": (_l("Left; all work was handed over"), "bad"),
    "unlock": (_l("Let in again"), ""),
    "second_factor_on": (_l("Switched the second factor on"), "done"),
    "second_factor_off": (_l("Switched the second factor off"), "warn"),
    "second_factor_reset": (_l("Reset the second factor"), "warn"),
    "recovery_code_used": (_l("Used a recovery code"), "warn"),
    "recovery_codes_new": (_l("Made new recovery codes"), ""),
    "password_reset": (_l("Reset the password"), "warn"),
    "password_outside": (_l("Left the password to the company's directory"), ""),
    "export": (_l("Exported"), "warn"),
    "print": (_l("Printed"), ""),
    "read": (_l("Opened a file"), ""),
    "scan": (_l("Handed in a scan"), ""),
    "picture": (_l("Handed in a picture"), ""),
    "copy": (_l("Handed out a copy of the data"), "warn"),
    "anonymize": (_l("Anonymized"), "bad"),
    "password_change": (_l("Changed the password"), ""),
    "reveal": (_l("Looked at personal data in full"), "warn"),
    "release_for_sale": (_l("Put on sale"), "done"),
    "withdraw_from_sale": (_l("Take off sale"), "warn"),
    "confirm_price": (_l("Confirm the price"), "done"),
    "price_returned_rooms": (_l("Priced rooms that came back"), "done"),
    "merge_rooms": (_l("Merged with its neighbour"), ""),
    "split_room": (_l("Split back"), ""),
    "insert_column": (_l("Inserted a column"), ""),
    "delete_column": (_l("Deleted a column"), "warn"),
    "set_rooms": (_l("Set what rooms are"), ""),
    "device_job_retry": (_l("Print again"), ""),
    "device_job_mark": (_l("It came out"), ""),
    "device_job_cancel": (_l("Cancel the job"), "warn"),
    "project_restore": (_l("Restored the project from its archive"), "warn"),
    "scale": (_l("Filled the database with made-up projects"), "warn"),
}
#: words of what a note says
NOTES: dict[str, Any] = {
    "rows": _l("Rows"),
    "filters": _l("Conditions"),
    "field": _l("Shown"),
    "fields": _l("Shown"),
    "reason": _l("Reason"),
    "room_ids": _l("Rooms"),
    "list_total": _l("List total"),
    "state": _l("State"),
    "file": _l("File"),
    "purpose": _l("Purpose"),
    "username": _l("User name"),
    "with": _l("With"),
    "entrance": _l("Entrance"),
    "column": _l("Column"),
    "columns": _l("Set"),
}
#: fields that are shown in full on demand
SHOWN: dict[str, Any] = {
    "mobile": _l("Mobile number"),
    "id_number": _l("Number of document"),
    "address": _l("Address"),
}
CHANNELS = {"page": _l("Page"), "rest": _l("REST")}


@dataclass(frozen=True)
class Change:
    """One field from what to what; ``before`` is None where it tells of a new or deleted row."""

    title: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Line:
    """One thing that a step did to one object."""

    entry_id: int
    action: str
    verb: str
    tint: str
    kind: str
    name: str
    url: str | None
    #: of the row itself: what a record's page needs to ask for its history
    table_name: str
    row_id: int | None
    changes: tuple[Change, ...]
    #: further changes that were left out
    left_out: int = 0


@dataclass(frozen=True)
class Who:
    """Who took a step."""

    name: str
    detail: str = ""
    by_hand: bool = False


@dataclass(frozen=True)
class Step:
    """One business step, told."""

    key: StepKey
    when: str
    who: Who
    channel: str
    address: str
    head: Line
    lines: tuple[Line, ...]
    #: entries of the step that are not among the lines
    more: int = 0
    kind: str = field(default="")

    @property
    def entry_id(self) -> int:
        """Return the entry by which the step has its page."""
        return self.head.entry_id


Entries = tuple[Sequence[AuditEntry], int]


def tell(
    steps: Iterable[tuple[StepKey, Entries]], *, actor: Actor, facts: int = FACTS
) -> list[Step]:
    """Put steps into words: all names are read together, however many steps there are."""
    given = list(steps)
    teller = Teller([entry for _key, (entries, _count) in given for entry in entries], actor)
    return [teller.step(key, entries, count, facts) for key, (entries, count) in given]


class Teller:
    """Puts entries of the audit into words."""

    def __init__(self, entries: Sequence[AuditEntry], actor: Actor) -> None:
        self._actor = actor
        self._words: dict[str, Words] = {}
        self.names = Names(actor)
        self.names.learn(_references(entries, self.words))
        self._people = read_people({entry.actor for entry in entries} | _signed_in(entries))

    def words(self, table_name: str) -> Words:
        """Return the words of a table."""
        if table_name not in self._words:
            self._words[table_name] = Words(table_name)
        return self._words[table_name]

    def step(self, key: StepKey, entries: Sequence[AuditEntry], count: int, facts: int) -> Step:
        """Return one step in words."""
        lines = [self.line(entry, facts) for entry in entries]
        told = [line for line in lines if line.action != "update" or line.changes or line.left_out]
        head = min(told or lines, key=_importance)
        if len(told) > 1:
            told = [head, *(line for line in told if line is not head)]
        return Step(
            key=key,
            when=moment_text(key.at),
            who=self.who(entries[0]),
            channel=channel_of(entries[0]),
            address=str(entries[0].address or ""),
            head=head,
            lines=tuple(told),
            more=count - len(entries),
            kind=head.tint,
        )

    def line(self, entry: AuditEntry, facts: int = FACTS) -> Line:
        """Return one entry in words."""
        changes = self.changes(entry)
        verb, tint = ACTIONS.get(entry.action, (entry.action.replace("_", " "), ""))
        became = self._became(entry)
        kept = changes if entry.action == "update" else changes[:facts]
        return Line(
            entry_id=entry.id,
            action=entry.action,
            verb=became or str(verb),
            tint=tint,
            kind=table_title(entry.table_name),
            name=self._name(entry),
            url=self._url(entry),
            table_name=entry.table_name,
            row_id=entry.row_id,
            changes=tuple(kept),
            left_out=len(changes) - len(kept),
        )

    def changes(self, entry: AuditEntry) -> list[Change]:
        """Return what the entry says of the fields, technical ones left out."""
        if entry.action not in ROW_ACTIONS:
            return self._noted(entry)
        words = self.words(entry.table_name)
        before, after = entry.before or {}, entry.after or {}
        found = []
        for column in after or before:
            if not words.tells(column):
                continue
            now = words.value(column, after.get(column), self.names)
            was = words.value(column, before.get(column), self.names)
            if entry.action == "update":
                found.append(Change(words.label(column), was, now))
            elif (value := now if after else was) not in (NOTHING, HIDDEN):
                found.append(Change(words.label(column), None, value))
        return found

    def _noted(self, entry: AuditEntry) -> list[Change]:
        found = []
        for name, value in (entry.after or {}).items():
            if value in (None, "", [], {}) or isinstance(value, bool) or name not in NOTES:
                continue
            if name in ("field", "fields"):
                given = value if isinstance(value, list) else [value]
                shown = "、".join(str(SHOWN.get(one, one)) for one in given)
            elif name == "room_ids":
                shown = _("%(count)d rooms", count=len(value))
            elif name == "state":
                shown = self.words(entry.table_name).state("state", value) or str(value)
            elif isinstance(value, dict):
                shown = "；".join(f"{key} {one}" for key, one in value.items())
            else:
                shown = f"{value:,}" if isinstance(value, int) else str(value)
            found.append(Change(str(NOTES[name]), None, shown))
        return found

    def _became(self, entry: AuditEntry) -> str | None:
        """Return "became …" for a step of a record's state."""
        if entry.action != "update":
            return None
        for column in ("state", "status"):
            then = self.words(entry.table_name).state(column, (entry.after or {}).get(column))
            if then:
                return _("Became %(state)s", state=then)
        return None

    def _name(self, entry: AuditEntry) -> str:
        if entry.row_id is None:
            return ""
        if self.names.knows(entry.table_name, entry.row_id):
            return self.names.of(entry.table_name, entry.row_id)
        whole = entry.before or entry.after or {}
        for column in ("number", "name", "title", "username", "code"):
            if isinstance(whole.get(column), str) and whole[column] != HIDDEN:
                return str(whole[column])
        words = self.words(entry.table_name)
        found = [
            self.names.of(target, whole[column])
            for column in whole
            if isinstance(whole[column], int)
            and (target := words.refers_to(column)) not in (None, "estate_project")
            and words.tells(column)
        ]
        return " · ".join(found[:2]) or f"#{entry.row_id}"

    def _url(self, entry: AuditEntry) -> str | None:
        if entry.row_id is None or not self.names.knows(entry.table_name, entry.row_id):
            return None
        for view in self.words(entry.table_name).views:
            if view.may(self._actor, "see"):
                return str(view.url("show", pk=entry.row_id))
        return None

    def who(self, entry: AuditEntry) -> Who:
        """Return who took the step of an entry."""
        if entry.action == "sign_in" and entry.row_id is not None:
            return self._people.get(f"user:{entry.row_id}", Who(f"#{entry.row_id}"))
        return self._people.get(entry.actor) or Who(entry.actor)


def _importance(line: Line) -> tuple[int, int]:
    """Order lines by what names their step best: a named action, then what has a number."""
    if line.action not in ROW_ACTIONS:
        return 0, line.entry_id
    made = {"insert": 0, "delete": 1, "update": 2}[line.action]
    numbered = line.name.isascii() and any(sign.isdigit() for sign in line.name)
    known = line.url is not None
    return 1 + made + (0 if numbered and "#" not in line.name else 3) + (0 if known else 1), (
        line.entry_id
    )


def _references(entries: Sequence[AuditEntry], words: Any) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for entry in entries:
        if entry.row_id is not None:
            found.add((entry.table_name, entry.row_id))
        if entry.action not in ROW_ACTIONS:
            continue
        for side in (entry.before or {}, entry.after or {}):
            for column, value in side.items():
                if isinstance(value, int) and not isinstance(value, bool):
                    target = words(entry.table_name).refers_to(column)
                    if target is not None:
                        found.add((target, value))
    return found


def _signed_in(entries: Sequence[AuditEntry]) -> set[str]:
    return {f"user:{entry.row_id}" for entry in entries if entry.action == "sign_in"}


_PEOPLE = text("""
SELECT 'user:' || u.id, u.first_name || coalesce(u.last_name, ''),
       coalesce(array_agg(coalesce(p.code, r.name) ORDER BY r.id) FILTER (WHERE r.id IS NOT NULL),
                '{}')
  FROM ab_user u
  LEFT JOIN ab_user_role ur ON ur.user_id = u.id
  LEFT JOIN ab_role r ON r.id = ur.role_id
  LEFT JOIN admin_role_profile p ON p.role_id = r.id
 WHERE u.id = ANY(:users) GROUP BY u.id
""")
_STATIONS = text("SELECT 'device:' || id, name FROM devices_station WHERE id = ANY(:stations)")


def read_people(keys: set[str]) -> dict[str, Who]:
    """Return who stands behind the keys of actors: people with their roles, machines by name."""
    users, stations = _ids(keys, "user:"), _ids(keys, "device:")
    found: dict[str, Who] = {}
    if users:
        for key, name, roles in db.session.execute(_PEOPLE, {"users": users}):
            titles = "、".join(str(ROLE_TITLES.get(code, code)) for code in roles)
            found[key] = Who(name, titles)
    if stations:
        for key, name in db.session.execute(_STATIONS, {"stations": stations}):
            found[key] = Who(name, _("Station"))
    for key in keys - set(found):
        kind, _colon, rest = key.partition(":")
        if kind == "system":
            found[key] = Who(_("by itself"), SYSTEMS.get(rest, rest))
        elif kind == "database":
            found[key] = Who(_("Directly in the database"), rest, by_hand=True)
    return found


SYSTEMS: dict[str, Any] = {
    "worker": _l("Background work"),
    "demo": _l("Demo data"),
    "migration": _l("Upgrade"),
    "access-sync": _l("Permissions of the release"),
    "cli": _l("Command"),
    "start": _l("Start of the system"),
    "keys-rotate": _l("Change of the key"),
    "sign-in": _l("Signing in"),
}


def _ids(keys: set[str], kind: str) -> list[int]:
    rest = (key.removeprefix(kind) for key in keys if key.startswith(kind))
    return [int(one) for one in rest if one.isdecimal()]


def channel_of(entry: AuditEntry) -> str:
    """Return by which way a step came."""
    if entry.action in ("sign_in", "sign_in_failed"):
        return str(CHANNELS.get(entry.channel or "", ""))
    if entry.channel in CHANNELS:
        return str(CHANNELS[entry.channel])
    kind, _colon, rest = entry.actor.partition(":")
    if kind == "device":
        return _("Device")
    if kind == "system":
        return _("Background work") if rest == "worker" else _("Command")
    return _("Database") if kind == "database" else ""

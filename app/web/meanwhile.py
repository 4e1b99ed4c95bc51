"""Two people edit one record: the second is told what the first changed, nothing is overwritten."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, SelectField

from app.core import audit, clock, money
from app.web.crud_forms import ChoiceField, as_posted
from app.web.formats import moment_text, yes_no
from app.web.people import names_of_actors

_SEEN = re.compile(r"([A-Za-z_]\w*):([0-9a-f]{12})")


@dataclass(frozen=True)
class ChangedField:
    """A field that somebody else changed: its label, what it holds now, whether both did."""

    name: str
    label: Any
    now: str
    both: bool


@dataclass(frozen=True)
class Meanwhile:
    """What somebody else changed since the form was drawn, and the form with his changes taken."""

    who: str
    when: str
    fields: list[ChangedField]
    posted: MultiDict[str, str]


def digests(form: Form) -> dict[str, str]:
    """Return a digest of every field's value."""
    return {str(field.short_name): _digest(field.data) for field in form}


def seen_text(form: Form) -> str:
    """Return the digests as a form carries them along, to notice that another was faster."""
    return ",".join(f"{name}:{digest}" for name, digest in digests(form).items())


def compare(seen: str, drawn: Form, typed: Form, posted: MultiDict[str, str]) -> list[ChangedField]:
    """Return what changed since ``seen``; ``posted`` takes over what only the other one changed."""
    was, now, mine = dict(_SEEN.findall(seen)), digests(drawn), digests(typed)
    found = []
    for name, digest in now.items():
        if name not in was or was[name] == digest or mine.get(name) == digest:
            continue
        both = mine.get(name) != was[name]
        if not both:
            posted.setlist(name, as_posted(drawn[name]))
        found.append(ChangedField(name, drawn[name].label.text, shown(drawn[name]), both))
    return found


def told(row: Any, fields: list[ChangedField], posted: MultiDict[str, str]) -> Meanwhile:
    """Say who changed the row last, and when."""
    entries = audit.list_entries(row.__tablename__, row.id, limit=1)
    who = when = ""
    if entries:
        who = names_of_actors({entries[0].actor}).get(entries[0].actor, "")
        when = moment_text(entries[0].at)
    return Meanwhile(who or _("Somebody"), when, fields, posted)


def shown(field: Any) -> str:
    """Return a field's value as people read it."""
    value = field.data
    if isinstance(field, ChoiceField):
        return "、".join(str(row) for row in field.chosen) or "–"
    if isinstance(field, BooleanField):
        return str(yes_no(bool(value)))
    if isinstance(field, SelectField):
        titles = {choice[0]: choice[1] for choice in field.iter_choices()}
        return str(titles.get(value, value or "–"))
    if value is None or value == "":
        return "–"
    if isinstance(value, Decimal):
        return money.format_yuan(value)
    return moment_text(value) if isinstance(value, datetime) else str(value)


def _digest(value: Any) -> str:
    return hashlib.sha256(_fact(value).encode()).hexdigest()[:12]


def _fact(value: Any) -> str:
    if value is None:
        # An empty box and no value are the same to whoever looks at the form.
        return ""
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, datetime):
        return value.astimezone(clock.BUSINESS_ZONE).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ",".join(sorted(str(one) for one in value))
    return str(value).replace("\r\n", "\n").strip()

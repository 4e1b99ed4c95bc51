"""What is looked for on the audit page: read from the address, found in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import String, cast, or_, select
from werkzeug.datastructures import MultiDict

from app.admin.models import AppUser
from app.admin.reach import users_offered
from app.core import clock
from app.core.actor import Actor
from app.core.audit import AuditEntry, AuditScope, Search, StepKey
from app.core.db import Model, db
from app.core.scope import ProjectScoped, ScopeRoot
from app.web.choices import choice_of
from app.web.columns import resolve
from app.web.filters import like
from app.web.joins import Joins
from app.web.story_words import Names, model_of, table_title

MOST_OBJECTS = 200
LONGEST = 60
#: tables that say who may what
RIGHTS = (
    "ab_role",
    "ab_user_role",
    "ab_permission_view_role",
    "admin_organization_member",
    "estate_project_member",
)


@dataclass(frozen=True)
class Kind:
    """A kind of step that can be looked for."""

    title: Any
    actions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    by_hand: bool = False


KINDS: dict[str, Kind] = {
    "made": Kind(_l("Made"), ("insert",)),
    "changed": Kind(_l("Changed"), ("update",)),
    "deleted": Kind(_l("Deleted"), ("delete",)),
    "signed_in": Kind(_l("Signed in"), ("sign_in",)),
    "failed": Kind(_l("Failed to sign in"), ("sign_in_failed",)),
    "exported": Kind(_l("Exported"), ("export", "copy")),
    "printed": Kind(_l("Printed"), ("print", "device_job_retry")),
    "rights": Kind(_l("Permissions changed"), tables=RIGHTS),
    "revealed": Kind(_l("Personal data shown in full"), ("reveal",)),
    "sensitive": Kind(_l("Personal data shown or taken out"), ("reveal", "export", "copy")),
    "by_hand": Kind(_l("Directly in the database"), by_hand=True),
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for, and how the form shows it."""

    search: Search
    kind: str = ""
    table: str = ""
    text: str = ""
    #: ``table:id`` of the one record whose audit is read
    object: str = ""
    object_title: str = ""
    person: int | None = None
    person_name: str = ""
    project: int | None = None
    project_name: str = ""
    since: str = ""
    until: str = ""
    nothing_found: bool = False

    @property
    def narrowed(self) -> bool:
        """Tell whether anything is looked for."""
        return self.search != Search()


def read_asked(given: MultiDict[str, str], actor: Actor, scope: AuditScope | None) -> Asked:
    """Read what is looked for; what makes no sense is left out."""
    kind = given.get("step", "") if given.get("step") in KINDS else ""
    table = given.get("table", "") if given.get("table", "") in Model.metadata.tables else ""
    typed = given.get("q", "").strip()[:LONGEST]
    one = _object(given.get("object", ""))
    person, project = _whole(given.get("person")), _whole(given.get("project"))
    since, until = _day(given.get("since")), _day(given.get("until"))
    objects: tuple[tuple[str, int], ...] | None = (one,) if one else None
    if typed and table and one is None:
        objects = tuple((table, found) for found in find_objects(table, typed, scope))
    what = KINDS.get(kind, Kind(""))
    names = Names(actor)
    wanted = [one] if one else []
    wanted += [("ab_user", person)] if person else []
    wanted += [("estate_project", project)] if project else []
    names.learn(asked for asked in wanted if _may_name(asked, actor, scope))
    return Asked(
        Search(
            objects=objects,
            tables=what.tables or ((table,) if table and objects is None else ()),
            actor=f"user:{person}" if person else "",
            actions=what.actions,
            by_hand=what.by_hand,
            since=since,
            until=until + timedelta(days=1) if until else None,
            project_id=project,
        ),
        kind=kind,
        table=one[0] if one else table,
        text=typed,
        object=given.get("object", "") if one else "",
        object_title=f"{table_title(one[0])} {names.of(*one)}" if one else "",
        person=person,
        person_name=names.of("ab_user", person) if person else "",
        project=project,
        project_name=names.of("estate_project", project) if project else "",
        since=given.get("since", "") if since else "",
        until=given.get("until", "") if until else "",
        nothing_found=objects == (),
    )


def _may_name(asked: tuple[str, int], actor: Actor, scope: AuditScope | None) -> bool:
    """Tell whether the name of what an address asks for is the reader's to see.

    Names in entries are: those were read within scope. An id in an address may be anybody's.
    """
    table, row_id = asked
    if scope is None or (table == "estate_project" and row_id in scope.projects):
        return True
    if table == "ab_user":
        own = select(AppUser.id).where(AppUser.id == row_id, *users_offered(actor))
        return db.session.scalar(own) is not None
    told = select(AuditEntry.id).where(
        AuditEntry.table_name == table, AuditEntry.row_id == row_id, scope.predicate()
    )
    return db.session.scalar(told.limit(1)) is not None


def find_objects(table: str, typed: str, scope: AuditScope | None) -> Sequence[int]:
    """Return the rows of a table that a typed word fits, those that are gone as well."""
    found = set(_living(table, typed, scope)) | set(_deleted(table, typed, scope))
    if not found and typed.lstrip("#").isdecimal() and len(typed) < 19:  # noqa: PLR2004 - a bigint
        return [int(typed.lstrip("#"))]
    return sorted(found)


def _living(table: str, typed: str, scope: AuditScope | None) -> list[int]:
    model = model_of(table)
    if model is None:
        return []
    joins = Joins(model)
    columns = [joins.attribute(resolve(model, path)) for path in choice_of(model).search]
    if not columns:
        return []
    words = [
        or_(*(column.ilike(like(word)) for column in columns)) for word in typed.split()[:5] if word
    ]
    statement = joins.apply(select(model.id)).where(*words).order_by(model.id.desc())
    if scope is not None and issubclass(model, ProjectScoped):
        statement = statement.where(model.project_id.in_(scope.projects))
    elif scope is not None and issubclass(model, ScopeRoot):
        statement = statement.where(model.id.in_(scope.projects))
    # The auditor finds the record of a consultant's customer, whose name he is shown masked.
    options = {"whole_group": True}
    return list(db.session.scalars(statement.limit(MOST_OBJECTS), execution_options=options))


def _deleted(table: str, typed: str, scope: AuditScope | None) -> list[int]:
    statement = select(AuditEntry.row_id).where(
        AuditEntry.action == "delete",
        AuditEntry.table_name == table,
        cast(AuditEntry.before, String).ilike(like(typed)),
        AuditEntry.row_id.is_not(None),
        *([] if scope is None else [scope.predicate()]),
    )
    newest = statement.order_by(AuditEntry.at.desc()).limit(MOST_OBJECTS)
    return [one for one in db.session.scalars(newest) if one is not None]


def read_cursor(token: str) -> StepKey | None:
    """Return the step that the page before ended with."""
    moment, _mark, actor = token.partition("~")
    try:
        return StepKey(datetime.fromisoformat(moment), actor) if actor else None
    except ValueError:
        return None


def cursor_of(key: StepKey) -> str:
    """Return the address of the page after a step."""
    return f"{key.at.isoformat()}~{key.actor}"


def tables_offered() -> list[tuple[str, str]]:
    """Return the audited tables with their names, those of one's own pages."""
    names = {
        mapper.local_table.name
        for mapper in Model.registry.mappers
        if getattr(mapper.class_, "__audited__", False)
    }
    return sorted(((name, table_title(name)) for name in names), key=lambda one: one[1])


def sentence(asked: Asked) -> str:
    """Say what an empty page found nothing of."""
    if asked.nothing_found:
        return _("No record of this kind fits what you typed, not even a deleted one.")
    if asked.narrowed:
        return _("Nothing fits these conditions. Remove one of them, or clear them all.")
    return _("Nothing has been written yet.")


def _object(given: str) -> tuple[str, int] | None:
    table, _colon, row_id = given.partition(":")
    known = table in Model.metadata.tables and row_id.isdecimal() and len(row_id) < 19  # noqa: PLR2004
    return (table, int(row_id)) if known else None


def _whole(given: str | None) -> int | None:
    return int(given) if given and given.isdecimal() and len(given) < 10 else None  # noqa: PLR2004


def _day(given: str | None) -> datetime | None:
    """Return the moment a day begins in China."""
    try:
        day = datetime.strptime(given or "", "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return datetime.combine(day, time(), tzinfo=clock.BUSINESS_ZONE)

"""Which rows belong to one project: read off the models, and what they cannot say declared here.

A table belongs to the project by ``ProjectScoped``, or by its line in ``ALSO``. Every other table
is the group's, or stays behind with a reason; a conformance test refuses one that is neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import JSONB

from app.core.db import Base, Model
from app.core.scope import GroupWide, ProjectScoped

ROOT: Final = "estate_project"
CLOSING: Final = "upkeep_project_closing"
USERS: Final = "ab_user"

#: tables without ProjectScoped whose rows are the project's all the same
ALSO: Final = {
    ROOT: "the project itself",
    CLOSING: "says that it is closed",
    "core_setting": "the values that the project has of its own",
    "devices_device_status": "of the project's devices",
}
#: rows that name a project and stay where they are
LEFT_BEHIND: Final = {
    "core_audit_entry": "goes along to be read; no audit takes in what did not happen in it",
    "estate_room_event": "a restored project begins a new history of changes",
    "lists_view": "how people arranged their own lists",
    "lists_export": "files of a day, for the person who asked",
    "notices_notice": "news of the moment, each person's own",
}
#: tables that name no project and are no GroupWide either
OF_THE_GROUP: Final = {
    "core_audit_seal": "seals the audit of this database",
    "core_idempotency": "of the actor himself",
    "core_preference": "a person's own",
    "admin_password_history": "a person's own",
    "admin_recovery_code": "a person's own",
    "admin_second_factor": "a person's own",
    "admin_sign_in_failure": "of the door",
    "admin_sign_in_session": "a person's own",
    "lists_layout": "a person's own",
    "upkeep_fault": "of the program",
    "upkeep_sign_of_life": "of processes",
}

#: what a project's rows point to outside of it → the columns by which it is known elsewhere
STABLE_KEYS: Final = {
    USERS: ("username",),
    "admin_organization": ("code",),
    "admin_post_template": ("name",),
    "estate_product_type": ("name",),
    "workflows_approval_flow": ("kind", "version"),
    ROOT: ("code",),
}
#: what such a row becomes where it is missing and made: nobody can sign in, no flow is in force.
#: What is named here is never written into an archive.
MADE_AS: Final[dict[str, dict[str, object]]] = {
    USERS: {
        "password": None,
        "active": False,
        "whole_group": False,
        "must_change_password": True,
        "last_login": None,
        "login_count": 0,
        "fail_login_count": 0,
        "access_version": 1,
        "password_changed_at": None,
        "created_by_fk": None,
        "changed_by_fk": None,
    },
    "admin_organization": {},
    "admin_post_template": {},
    "estate_product_type": {},
    "workflows_approval_flow": {"is_active": False, "created_by_id": None},
    # Never made in a database that people work in; beside it, to be pointed to.
    ROOT: {"parent_id": None},
}
#: JSON columns with people's ids in them: objects of a list, and the member that holds the id
PEOPLE_IN_JSON: Final = {("workflows_approval_request", "route"): "user_id"}
#: JSON columns without any
NO_PEOPLE_IN_JSON: Final = frozenset(
    {
        ("core_setting", "value"),
        ("devices_device", "settings"),
        ("devices_job", "payload"),
        ("devices_job", "result"),
        ("devices_job_log", "entries"),
        ("estate_drawing_spot", "points"),
        ("estate_room", "lower_floors"),
        ("estate_room_generation", "made"),
        ("estate_room_generation", "specification"),
        ("estate_room_import", "counts"),
        ("estate_room_import", "faults"),
        ("estate_room_import_line", "changes"),
        ("estate_room_lineage", "before"),
        ("estate_room_lineage", "source"),
        ("pricing_price_plan", "terms"),
        ("pricing_publication", "approvals"),
        ("sales_change", "after"),
        ("sales_change", "before"),
        ("sales_subscription", "steps"),
        ("workflows_approval_request", "figures"),
        ("workflows_approval_request", "result"),
        ("workflows_approval_request", "summary"),
        ("workflows_approval_request", "values"),
    }
)
#: text columns that hold an actor's key such as ``user:7``
ACTOR_KEYS: Final = frozenset({(CLOSING, "closed_by")})
#: columns that the database counts up by itself at each change → the highest count that anybody
#: has seen of row ``s``: open pages drop what is not above it
COUNTED: Final = {
    ("estate_room", "version"): (
        "greatest((SELECT max(e.version) FROM estate_room_event e WHERE e.room_id = s.id),"
        " (SELECT r.version FROM estate_room r WHERE r.id = s.id))"
    )
}
#: table → condition on row ``s`` of the archive that nobody may carry out a second time, and what
#: it becomes unless it stands so here as well: a paper may have been printed since
#: the archive was made
NOT_AGAIN: Final = {
    "devices_job": (
        "s.state IN ('queued', 'sent')",
        "state = 'unknown', lease = NULL, leased_until = NULL",
        "t.state = s.state",
    )
}


@dataclass(frozen=True)
class Share:
    """The rows of one table that belong to a project."""

    table: Table
    #: SQL over the table's own columns; ``{project}`` stands for the project's id, ``{prefix}`` for
    #: what stands before the names of other tables
    predicate: str

    @property
    def name(self) -> str:
        """Return the table's name."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """Return the columns that are written, without those that the database computes."""
        return [column.name for column in self.table.columns if column.computed is None]

    def where(self, project_id: int, prefix: str = "") -> str:
        """Return the predicate for one project."""
        return self.predicate.format(project=int(project_id), prefix=prefix)

    def outward(self) -> Iterator[tuple[str, str]]:
        """Yield the columns that point out of the project, and the table they point to."""
        for column, target in _targets(self.table):
            if target.name not in shares_by_name() or (self.name, target.name) == (ROOT, ROOT):
                yield column.name, target.name


def scoped_tables() -> dict[str, type]:
    """Return every table of our own, and its class."""
    return {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Base)
    }


def undecided() -> list[str]:
    """Return the tables of which nobody said whether they are the project's or the group's."""
    found = []
    for name, model in scoped_tables().items():
        said = (
            issubclass(model, ProjectScoped),
            name in ALSO,
            name in LEFT_BEHIND,
            name in OF_THE_GROUP,
            issubclass(model, GroupWide) and name not in ALSO,
        )
        if sum(said) != 1:
            found.append(name)
    return sorted(found)


@cache
def shares() -> tuple[Share, ...]:
    """Return the project's tables, what is pointed to before what points to it."""
    tables = scoped_tables()
    found: dict[str, Share] = {}
    for table in Model.metadata.sorted_tables:
        model = tables.get(table.name)
        if model is None or not (issubclass(model, ProjectScoped) or table.name in ALSO):
            continue
        found[table.name] = Share(table, _predicate(table, found))
    return tuple(found.values())


@cache
def shares_by_name() -> dict[str, Share]:
    """Return the same by the table's name."""
    return {share.name: share for share in shares()}


def _predicate(table: Table, before: dict[str, Share]) -> str:
    if table.name == ROOT:
        return "id = {project}"
    if "project_id" in table.columns:
        return "project_id = {project}"
    for column, target in _targets(table):
        if target.name == ROOT:
            return f"{column.name} = {{project}}"
    for column, target in _targets(table):
        if target.name in before:
            inner = before[target.name].predicate
            return f"{column.name} IN (SELECT id FROM {{prefix}}{target.name} WHERE {inner})"
    message = f"{table.name} leads to no project"
    raise LookupError(message)


def _targets(table: Table) -> list[tuple[Column[object], Table]]:
    keys = sorted(table.foreign_keys, key=lambda key: str(key.parent.name))
    return [(key.parent, key.column.table) for key in keys]


def json_columns() -> set[tuple[str, str]]:
    """Return the JSON columns of the project's tables."""
    return {
        (share.name, column.name)
        for share in shares()
        for column in share.table.columns
        if isinstance(column.type, JSONB)
    }

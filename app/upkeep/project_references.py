"""What a project's rows point to outside of it: taken along, and known again by stable keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from psycopg2 import sql

from app.core.errors import Conflict
from app.upkeep import belonging
from app.upkeep.archive import ArchiveFault

#: where a tree is kept: the column that names the row above
ABOVE: Final = {"admin_organization": "parent_id", "admin_post_template": "superior_id"}
#: names shown of what is missing
MOST_SHOWN: Final = 10


def read_references(connection: Any, project_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows outside of the project that its rows point to, and those above them."""
    wanted: dict[str, set[int]] = {name: set() for name in belonging.STABLE_KEYS}
    with connection.cursor() as cursor:
        for share in belonging.shares():
            for column, target in share.outward():
                cursor.execute(
                    sql.SQL("SELECT DISTINCT {0} FROM {1} WHERE {2} AND {0} IS NOT NULL").format(
                        sql.Identifier(column),
                        sql.Identifier(share.name),
                        sql.SQL(share.where(project_id)),
                    )
                )
                wanted[target] |= {row[0] for row in cursor}
        for (table, column), member in belonging.PEOPLE_IN_JSON.items():
            where = belonging.shares_by_name()[table].where(project_id)
            cursor.execute(
                sql.SQL(
                    "SELECT DISTINCT (e ->> {})::int FROM {} t, jsonb_array_elements(t.{}) e"
                    " WHERE {} AND e ->> {} IS NOT NULL"
                ).format(
                    sql.Literal(member), sql.Identifier(table), sql.Identifier(column),
                    sql.SQL(where), sql.Literal(member),
                )
            )  # fmt: skip
            wanted[belonging.USERS] |= {row[0] for row in cursor}
        wanted[belonging.USERS] |= _closers(cursor, project_id)
        if wanted[belonging.ROOT]:
            cursor.execute(
                "SELECT organization_id FROM estate_project WHERE id = ANY(%s)",
                (sorted(wanted[belonging.ROOT]),),
            )
            wanted["admin_organization"] |= {row[0] for row in cursor}
        return {name: _with_those_above(cursor, name, ids) for name, ids in wanted.items() if ids}


def _closers(cursor: Any, project_id: int) -> set[int]:
    found = set()
    for table, column in belonging.ACTOR_KEYS:
        cursor.execute(
            sql.SQL("SELECT substring({0} FROM '^user:([0-9]+)$')::int FROM {1} WHERE {2}").format(
                sql.Identifier(column),
                sql.Identifier(table),
                sql.SQL(belonging.shares_by_name()[table].where(project_id)),
            )
        )
        found |= {row[0] for row in cursor if row[0] is not None}
    return found


def _with_those_above(cursor: Any, table: str, ids: set[int]) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    left = set(ids)
    while left:
        cursor.execute(
            sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE id = ANY(%s) ORDER BY id").format(
                sql.Identifier(table)
            ),
            (sorted(left),),
        )
        rows = [row[0] for row in cursor]
        found |= {row["id"]: row for row in rows}
        above = ABOVE.get(table)
        left = {row[above] for row in rows if above and row[above] is not None} - set(found)
    secret = belonging.MADE_AS[table]
    return [
        {name: value for name, value in row.items() if name not in secret} for row in found.values()
    ]


@dataclass
class Matched:
    """Which id each row outside of the project has here; what was made for it."""

    ids: dict[str, dict[int, int]] = field(default_factory=dict)
    made: dict[str, list[str]] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """Tell whether some have another id here than where the archive was made."""
        return any(old != new for pairs in self.ids.values() for old, new in pairs.items())


def match_references(
    cursor: Any, references: dict[str, list[dict[str, Any]]], *, make: bool
) -> Matched:
    """Find each row by its stable key; with ``make`` what is missing is made, without any right.

    Raises Conflict with the names of what is missing.
    """
    if set(references) - set(belonging.STABLE_KEYS):
        raise ArchiveFault(_l("The archive was not made by this program."))
    matched = Matched()
    missing: dict[str, list[str]] = {}
    for table, rows in references.items():
        pairs = matched.ids.setdefault(table, {})
        for row in _from_the_top(table, rows):
            found = _find(cursor, table, row)
            if found is None and make and table != belonging.ROOT:
                found = _make(cursor, table, row, pairs)
                matched.made.setdefault(table, []).append(_name(table, row))
            if found is None:
                missing.setdefault(table, []).append(_name(table, row))
            else:
                pairs[int(row["id"])] = found
    if missing:
        raise Conflict(_said(missing))
    return matched


def _said(missing: dict[str, list[str]]) -> Any:
    titles = {
        belonging.USERS: _l("users"),
        "admin_organization": _l("organizations"),
        "admin_post_template": _l("post templates"),
        "workflows_approval_flow": _l("approval flows"),
        belonging.ROOT: _l("projects above"),
    }
    what = "; ".join(
        f"{titles[table]}: {', '.join(names[:MOST_SHOWN])}{' …' * (len(names) > MOST_SHOWN)}"
        for table, names in missing.items()
    )
    return _l(
        "The project points to what this database does not know — %(what)s. Make them under the"
        " same names first, or add --with-references: people are then made as deactivated accounts"
        " without any role. Nothing was changed.",
        what=what,
    )


def _name(table: str, row: dict[str, Any]) -> str:
    return " v".join(str(row[column]) for column in belonging.STABLE_KEYS[table])


def _from_the_top(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    above = ABOVE.get(table)
    if above is None:
        return rows
    done: list[dict[str, Any]] = []
    left = list(rows)
    while left:
        known = {row["id"] for row in done}
        ready = [row for row in left if row[above] is None or row[above] in known]
        if not ready:
            # A row above that is not in the archive: it is found or refused by its own key.
            ready = left
        done += ready
        left = [row for row in left if row not in ready]
    return done


def _find(cursor: Any, table: str, row: dict[str, Any]) -> int | None:
    keys = belonging.STABLE_KEYS[table]
    condition = sql.SQL(" AND ").join(
        sql.SQL("{} = %s").format(sql.Identifier(column)) for column in keys
    )
    cursor.execute(
        sql.SQL("SELECT id FROM {} WHERE {}").format(sql.Identifier(table), condition),
        [row[column] for column in keys],
    )
    found = cursor.fetchone()
    return int(found[0]) if found else None


def _make(cursor: Any, table: str, row: dict[str, Any], pairs: dict[int, int]) -> int:
    values = {**row, **belonging.MADE_AS[table]}
    values.pop("id")
    above = ABOVE.get(table)
    if above and values[above] is not None:
        values[above] = pairs.get(int(values[above]))
    cursor.execute(_insertion(table, list(values)), [_plain(one) for one in values.values()])
    return int(cursor.fetchone()[0])


def insert_as_it_was(cursor: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Put the rows into an empty database of their own schema, under the ids they had."""
    if table not in belonging.STABLE_KEYS:
        raise ArchiveFault(_l("The archive was not made by this program."))
    cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s",
        (table,),
    )
    known = {row[0] for row in cursor.fetchall()}
    for row in _from_the_top(table, rows):
        values = {**row, **{k: v for k, v in belonging.MADE_AS[table].items() if k in known}}
        cursor.execute(_insertion(table, list(values)), [_plain(one) for one in values.values()])


def _insertion(table: str, columns: list[str]) -> sql.Composable:
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value

"""Lets the staged rows of one project take the place of the present ones, in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg2
from flask_babel import lazy_gettext as _l
from psycopg2 import sql
from psycopg2.extras import Json

from app.core.errors import Conflict
from app.core.numbering import SEQUENCES
from app.finance.ledger import PROOFS
from app.upkeep import belonging
from app.upkeep.belonging import CLOSING, ROOT, USERS, Share
from app.upkeep.project_references import Matched, match_references
from app.upkeep.project_staging import Staged, stage_of
from app.upkeep.restore import RestoreFailed

#: longest wait for somebody who is writing in the project
LOCK_TIMEOUT: Final = "30s"


@dataclass
class Outcome:
    """What changed: by table rows added, changed and removed."""

    tables: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    same: int = 0
    made: dict[str, list[str]] = field(default_factory=dict)
    lost_bills: list[str] = field(default_factory=list)
    not_again: int = 0

    @property
    def added(self) -> int:
        """Return how many rows were added."""
        return sum(counts[0] for counts in self.tables.values())

    @property
    def changed(self) -> int:
        """Return how many rows were changed."""
        return sum(counts[1] for counts in self.tables.values())

    @property
    def removed(self) -> int:
        """Return how many rows were removed."""
        return sum(counts[2] for counts in self.tables.values())


def publish(connection: Any, staged: Staged, *, source: str, make: bool, keep: bool) -> Outcome:
    """Bring the project's rows to what is staged; the caller commits or rolls back.

    Rows that are the same are not written at all. Without ``keep`` sequences are left alone, since
    no rollback takes them back. Raises Conflict where the project's numbers are another's here or
    what it points to is missing, RestoreFailed if the books did not add up any more.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xiaokong.actor', 'system:project-restore', true)")
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        _hold(cursor, staged)
        _require_free(cursor, staged)
        breaches = _breaches(cursor)
        matched = match_references(cursor, staged.references, make=make)
        outcome = Outcome(made=matched.made)
        _translate(cursor, matched)
        _settle(cursor, outcome)
        outcome.lost_bills = _lost_bills(cursor, staged)
        _end_sessions(cursor, staged)
        _replace(cursor, staged, outcome)
        if _breaches(cursor) - breaches:
            raise RestoreFailed(
                _l("The books would not add up any more; the database is as it was.")
            )
        if keep:
            _raise_sequences(cursor)
        _write_down(cursor, staged, outcome, source)
    return outcome


def _hold(cursor: Any, staged: Staged) -> None:
    """Let nobody add to the project meanwhile, and open it if it is closed."""
    project = staged.head["project"]
    cursor.execute(
        "SELECT id, code FROM estate_project WHERE id = %s OR code = %s FOR UPDATE",
        (project["id"], project["code"]),
    )
    for found_id, code in cursor.fetchall():
        if (found_id, code) != (project["id"], project["code"]):
            raise Conflict(
                _l(
                    "Project %(code)s has the number %(theirs)d in the archive, and here the"
                    " number or the code belongs to %(ours)s (number %(here)d). Restore into"
                    " the database it came from, or into one that has not given the number out.",
                    code=project["code"],
                    theirs=project["id"],
                    ours=code,
                    here=found_id,
                )
            )
    # Closed, it would refuse us too; the archive says whether it is to be closed.
    cursor.execute(f"DELETE FROM {CLOSING} WHERE closed_project_id = %s", (project["id"],))


def _require_free(cursor: Any, staged: Staged) -> None:
    for share in belonging.shares():
        cursor.execute(
            sql.SQL(
                "SELECT count(*) FROM {} WHERE id IN (SELECT id FROM {}) AND ({}) IS NOT TRUE"
            ).format(
                sql.Identifier(share.name),
                stage_of(share),
                sql.SQL(share.where(staged.project_id)),
            )
        )
        taken = cursor.fetchone()[0]
        if taken:
            raise Conflict(
                _l(
                    "%(count)d numbers of the archive belong to other projects here (%(table)s)."
                    " Restore into the database it came from, or into a fresh one: there every"
                    " number is free. Nothing was changed.",
                    count=taken,
                    table=share.name,
                )
            )


def _translate(cursor: Any, matched: Matched) -> None:
    """Put the ids of this database in place of the archive's, for people and organizations."""
    if not matched.moved:
        return
    cursor.execute("CREATE TEMP TABLE moved (target text, old bigint, new bigint) ON COMMIT DROP")
    for target, pairs in matched.ids.items():
        for old, new in pairs.items():
            cursor.execute("INSERT INTO moved VALUES (%s, %s, %s)", (target, old, new))
    for share in belonging.shares():
        for column, target in share.outward():
            cursor.execute(
                sql.SQL(
                    "UPDATE {} s SET {} = m.new FROM moved m WHERE m.target = {} AND m.old = s.{}"
                ).format(
                    stage_of(share), sql.Identifier(column), sql.Literal(target),
                    sql.Identifier(column),
                )
            )  # fmt: skip
    for (table, column), member in belonging.PEOPLE_IN_JSON.items():
        _translate_json(cursor, belonging.shares_by_name()[table], column, member)
    for table, column in belonging.ACTOR_KEYS:
        cursor.execute(
            sql.SQL(
                "UPDATE {0} s SET {1} = 'user:' || m.new FROM moved m"
                " WHERE m.target = {2} AND s.{1} = 'user:' || m.old"
            ).format(
                stage_of(belonging.shares_by_name()[table]), sql.Identifier(column),
                sql.Literal(USERS),
            )
        )  # fmt: skip


def _translate_json(cursor: Any, share: Share, column: str, member: str) -> None:
    cursor.execute(
        sql.SQL(
            """
            UPDATE {stage} s SET {column} = (
              SELECT coalesce(jsonb_agg(
                       CASE WHEN m.new IS NULL THEN e.value
                            ELSE jsonb_set(e.value, ARRAY[{member}], to_jsonb(m.new)) END
                       ORDER BY e.ordinality), '[]')
                FROM jsonb_array_elements(s.{column}) WITH ORDINALITY e
                LEFT JOIN moved m ON m.target = {users} AND e.value ->> {member} = m.old::text)
            """
        ).format(
            stage=stage_of(share), column=sql.Identifier(column), member=sql.Literal(member),
            users=sql.Literal(USERS),
        )
    )  # fmt: skip


def _settle(cursor: Any, outcome: Outcome) -> None:
    """See to what must not be taken from an archive as it stands: counts, and orders to print."""
    for (table, column), highest in belonging.COUNTED.items():
        cursor.execute(
            # The news that a row is gone takes the next count.
            sql.SQL("UPDATE {0} s SET {1} = greatest(s.{1}, {2} + 2)").format(
                stage_of(belonging.shares_by_name()[table]),
                sql.Identifier(column),
                sql.SQL(highest),
            )
        )
    for table, (condition, values, stands) in belonging.NOT_AGAIN.items():
        cursor.execute(
            sql.SQL(
                "UPDATE {} s SET {} WHERE {} AND NOT EXISTS"
                " (SELECT 1 FROM {} t WHERE t.id = s.id AND {})"
            ).format(
                stage_of(belonging.shares_by_name()[table]), sql.SQL(values), sql.SQL(condition),
                sql.Identifier(table), sql.SQL(stands),
            )
        )  # fmt: skip
        outcome.not_again += cursor.rowcount


def _lost_bills(cursor: Any, staged: Staged) -> list[str]:
    bills = belonging.shares_by_name()["finance_bill"]
    cursor.execute(
        sql.SQL(
            "SELECT number FROM finance_bill t WHERE {} AND NOT EXISTS"
            " (SELECT 1 FROM {} s WHERE s.id = t.id) ORDER BY book_id, serial"
        ).format(sql.SQL(bills.where(staged.project_id)), stage_of(bills))
    )
    return [str(row[0]) for row in cursor.fetchall()]


def _end_sessions(cursor: Any, staged: Staged) -> None:
    """Whoever works in the project signs in anew: what he reaches may be another from now on."""
    # Before anything is written: who comes and who goes, by project and by team.
    cursor.execute(
        sql.SQL(
            "UPDATE ab_user SET access_version = access_version + 1 WHERE id IN"
            " (SELECT user_id FROM {} UNION SELECT user_id FROM {} UNION"
            "  SELECT user_id FROM estate_project_member WHERE project_id = %(project)s UNION"
            "  SELECT user_id FROM admin_team_member WHERE project_id = %(project)s)"
        ).format(
            stage_of(belonging.shares_by_name()["estate_project_member"]),
            stage_of(belonging.shares_by_name()["admin_team_member"]),
        ),
        {"project": staged.project_id},
    )


def _replace(cursor: Any, staged: Staged, outcome: Outcome) -> None:
    cursor.execute("SAVEPOINT gently")
    try:
        _bring(cursor, staged, outcome)
    except (psycopg2.errors.UniqueViolation, psycopg2.errors.ForeignKeyViolation):
        # Two rows that have changed places cannot be put right one after the other: then all of
        # the project's rows go first.
        cursor.execute("ROLLBACK TO SAVEPOINT gently")
        _clear(cursor, staged)
        _bring(cursor, staged, outcome)


def _order() -> list[Share]:
    """Return the tables as they are filled; what closes the project comes last."""
    return sorted(belonging.shares(), key=lambda share: share.name == CLOSING)


def _bring(cursor: Any, staged: Staged, outcome: Outcome) -> None:
    outcome.tables.clear()
    outcome.same = 0
    removed = {share.name: _remove(cursor, share, staged) for share in reversed(_order())}
    for share in _order():
        changed = _change(cursor, share)
        added = _add(cursor, share)
        outcome.tables[share.name] = (added, changed, removed[share.name])
        outcome.same += int(staged.head["tables"][share.name]["rows"]) - added - changed


def _clear(cursor: Any, staged: Staged) -> None:
    for share in reversed(_order()):
        # Others may point to the project itself: its row is changed in its place.
        if share.name != ROOT:
            cursor.execute(
                sql.SQL("DELETE FROM {} WHERE {}").format(
                    sql.Identifier(share.name), sql.SQL(share.where(staged.project_id))
                )
            )


def _remove(cursor: Any, share: Share, staged: Staged) -> int:
    cursor.execute(
        sql.SQL("DELETE FROM {} t WHERE {} AND NOT EXISTS (SELECT 1 FROM {} s WHERE s.id = t.id)")
        .format(
            sql.Identifier(share.name), sql.SQL(share.where(staged.project_id)), stage_of(share)
        )
    )  # fmt: skip
    return int(cursor.rowcount)


def _columns(share: Share) -> list[str]:
    return [
        name
        for name in share.columns
        if name != "id" and (share.name, name) not in belonging.COUNTED
    ]


def _change(cursor: Any, share: Share) -> int:
    names = _columns(share)
    ours = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)
    theirs = sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(name)) for name in names)
    cursor.execute(
        sql.SQL(
            "UPDATE {} t SET ({}) = ROW({}) FROM {} s"
            " WHERE s.id = t.id AND ROW({}) IS DISTINCT FROM ROW({})"
        ).format(
            sql.Identifier(share.name), sql.SQL(", ").join(map(sql.Identifier, names)), theirs,
            stage_of(share), ours, theirs,
        )
    )  # fmt: skip
    return int(cursor.rowcount)


def _add(cursor: Any, share: Share) -> int:
    names = sql.SQL(", ").join(map(sql.Identifier, share.columns))
    cursor.execute(
        sql.SQL(
            "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM {2} s"
            " WHERE NOT EXISTS (SELECT 1 FROM {0} t WHERE t.id = s.id)"
        ).format(sql.Identifier(share.name), names, stage_of(share))
    )
    return int(cursor.rowcount)


def _breaches(cursor: Any) -> set[tuple[str, str]]:
    found = set()
    for proof in PROOFS:
        cursor.execute(proof.sql)
        found |= {(proof.name, repr(row)) for row in cursor.fetchall()}
    return found


def _raise_sequences(cursor: Any) -> None:
    """Let ids and document numbers go on above the archive's, and never below what was given."""
    for share in belonging.shares():
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (share.name,))
        sequence = cursor.fetchone()[0]
        cursor.execute(sql.SQL("SELECT max(id) FROM {}").format(stage_of(share)))
        _raise(cursor, sequence, cursor.fetchone()[0])
    for prefix, sequence in SEQUENCES.items():
        highest = 0
        for share in belonging.shares():
            if "number" not in share.columns or share.table.c.number.type.python_type is not str:
                continue
            cursor.execute(
                sql.SQL("SELECT max(substring(number FROM %s)::bigint) FROM {}").format(
                    stage_of(share)
                ),
                (f"^{re.escape(prefix)}[0-9]{{4}}-([0-9]+)$",),
            )
            highest = max(highest, cursor.fetchone()[0] or 0)
        _raise(cursor, sequence, highest)


def _raise(cursor: Any, sequence: str, least: int | None) -> None:
    if not least:
        return
    name = sql.SQL(sequence)
    cursor.execute(
        sql.SQL(
            "SELECT setval(%s, %s) FROM {} WHERE last_value < %s OR (last_value = %s"
            " AND NOT is_called)"
        ).format(name),
        (sequence, least, least, least),
    )


def _write_down(cursor: Any, staged: Staged, outcome: Outcome, source: str) -> None:
    note = {
        "file": source,
        "made_at": staged.head["made_at"],
        "added": outcome.added,
        "changed": outcome.changed,
        "removed": outcome.removed,
        "lost_bills": outcome.lost_bills,
    }
    cursor.execute(
        "INSERT INTO core_audit_entry (actor, action, table_name, row_id, project_id, after)"
        " VALUES ('system:project-restore', 'project_restore', %s, %s, %s, %s)",
        (ROOT, staged.project_id, staged.project_id, Json(note)),
    )

"""Export of one project: every table is the project's or the group's, and somebody said which."""

from __future__ import annotations

import app.models  # noqa: F401 - makes every table known
from app.core.db import Model
from app.upkeep import belonging


def test_every_table_is_the_projects_or_the_groups():
    # ProjectScoped says it; else a line in ALSO, LEFT_BEHIND or OF_THE_GROUP, or GroupWide.
    assert belonging.undecided() == []


def test_no_table_of_the_group_hangs_on_a_project():
    ours = set(belonging.shares_by_name())
    for name, model in belonging.scoped_tables().items():
        if name in ours or name in belonging.LEFT_BEHIND:
            continue
        targets = {key.column.table.name for key in model.__table__.foreign_keys}
        assert "project_id" not in model.__table__.columns, name
        assert not targets & ours, f"{name} points into a project: put it into ALSO"


def test_what_a_project_points_to_is_known_elsewhere_by_a_stable_key():
    for share in belonging.shares():
        for column, target in share.outward():
            assert target in belonging.STABLE_KEYS, f"{share.name}.{column} → {target}"
    for table, columns in belonging.STABLE_KEYS.items():
        assert set(columns) <= set(Model.metadata.tables[table].columns.keys()), table
        assert set(belonging.MADE_AS[table]) <= set(Model.metadata.tables[table].columns.keys())


def test_json_with_people_in_it_is_declared():
    # Ids of people are others elsewhere: a JSON column that holds some goes into PEOPLE_IN_JSON,
    # one that holds none into NO_PEOPLE_IN_JSON.
    said = belonging.NO_PEOPLE_IN_JSON | set(belonging.PEOPLE_IN_JSON)
    assert belonging.json_columns() == said


def test_what_is_pointed_to_is_filled_first():
    done = set()
    for share in belonging.shares():
        for key in share.table.foreign_keys:
            target = key.column.table.name
            if target in belonging.shares_by_name() and target != share.name:
                assert target in done, f"{share.name} before {target}"
        done.add(share.name)


def test_the_lines_name_tables_and_columns_that_exist():
    tables = belonging.scoped_tables()
    assert set(belonging.ALSO) | set(belonging.LEFT_BEHIND) | set(belonging.OF_THE_GROUP) <= set(
        tables
    )
    for table, column in (*belonging.ACTOR_KEYS, *belonging.COUNTED):
        assert column in tables[table].__table__.columns

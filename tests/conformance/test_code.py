"""Structure: what every source file keeps to, from its size to the statements past the ORM."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import app.models  # noqa: F401 - makes every table known
from app.core.db import Model
from config import ROOT
from tests.conformance import rules
from tests.conformance.faults import expect_none
from tests.conformance.sources import Source, sources

APP = sources("app")
OURS = sources("app", "tests", "bench", "config.py", "run.py")
TESTS = sources("tests")
OPERATIONS = [
    source
    for source in APP
    if source.name == "operations.py"
    or (source.within("app") and "/operations/" in source.path and source.name != "__init__.py")
]

#: reading the clock past core.clock, each with the reason
OWN_CLOCK = {
    "app/core/clock.py": "is the clock",
    "app/core/live_ticket.py": "the live server, a process of its own, checks it in real time",
    "app/live/server.py": "a stream ends in real time, whatever a test has frozen",
    "app/devices/transports/wire.py": "goes with the agent, which is packaged without core",
    "app/devices/drivers/escpos_generic/simulator.py": "stands for a machine with its own clock",
    "tests/live/test_server.py": "lets a ticket run out in a second process",
}

#: what operations offer besides verbs, so that nobody acts: each with the reason
NO_ACTOR = {
    "notices.prune_notices": "housekeeping of the worker",
    "estate.prune_events": "housekeeping of the worker",
    "estate.take_checked_file": "a step of the import, whose verb takes the actor",
    "estate.finish_import": "a step of the import, whose verb takes the actor",
    "estate.take_file_of_check": "a step of the import, whose verb takes the actor",
    "estate.renew_check": "a step of the import, whose verb takes the actor",
    "estate.has_file": "a read",
    "estate.recall_columns": "a read",
    "estate.list_faults": "a read",
    "estate.find_faults": "a step of the import, which takes the actor",
    "estate.list_building_names": "a read",
    "estate.count_fields": "a read",
    "estate.require_seen": "a check",
    "estate.forget_same_lines": "a step of finish_import",
    "estate.write_faults": "writes a sheet to be sent, changes nothing",
    "estate.find_project_by_code": "a read",
    "estate.stage": "fills a temporary table",
    "estate.match_rooms": "fills a temporary table",
    "finance.may_print": "a read",
    "finance.refuse_high_deposit": "a check of figures",
    "finance.require_reason": "a check of a text",
    "finance.issue_bill": "a step of confirm_receipt; the cashier is its argument",
    "pricing.pricing_of": "a read",
    "pricing.facts_of_rooms": "a read",
    "pricing.check_rows": "computes, for verbs that take the actor",
    "pricing.work_out": "computes",
    "pricing.compare_known": "a read",
    "pricing.known_matching": "a read",
    "pricing.from_comparison": "computes",
    "pricing.insert_rows": "writes for verbs that take the actor",
    "pricing.find_due_plans": "a read",
    "pricing.lock_rooms_of_plan": "takes locks for verbs that take the actor",
    "sales.read_wish": "reads values into a type",
    "sales.read_sign_by": "reads a value into a type",
    "sales.check_extension": "a check of a day",
    "sales.first_deadline": "a read",
    "sales.days_extended": "computes",
    "sales.is_open": "a look at a state",
    "sales.discount_effect": "computes",
    "sales.find_usable_special": "a read",
    "sales.require_price": "a read",
    "sales.take_special_discount": "a step of subscribe, which takes the actor",
    "sales.step_as_data": "computes",
    "sales.longest_hold": "reads what the actor's roles allow: the actor is what it is about",
    "sales.own_authority": "reads what the actor's roles allow: the actor is what it is about",
    "estate.find_import_run": "a read",
    "estate.is_going_on": "computes",
    "estate.add_row": "writes for the area's verbs, which take the actor and check the right",
    "estate.change_row": "writes for the area's verbs, which take the actor and check the right",
    "estate.remove_row": "writes for the area's verbs, which take the actor and check the right",
}

#: too long, for a reason
LONG = {}

SCOPED_TABLES = {
    table.name for table in Model.metadata.tables.values() if "project_id" in table.c
} | {"estate_project"}

IMPORT = "a step of the import, which reads its project within scope first"
ROOM_WAS_READ = "about one room that the caller has read within scope"
PLAN_WAS_READ = "about one plan that the caller has read within scope"
BUILDING_WAS_READ = "for a building that the operation has read within scope"
PROJECT_WAS_REACHED = "of one project that the caller has reached"
PART_OF_GRID = "a part of the grid's statement, which asks for the project within scope at its end"

SEALED = "all of the audit, by the system and the command line; yields hashes and counts"
OF_THE_CUSTOMER = "of one customer that the caller has read within scope"

#: statements past the ORM on tables of one project that carry no scope predicate of their own:
#: "file:constant or function" → why nobody sees what is not his
BEYOND_THE_ORM = {
    "admin/operations.py:delete_organization": "asks whether any project of the group hangs here",
    "admin/queries.py:_TEAM_SIZES": "asked for rows that were read within the scope",
    "admin/queries.py:_TEAM_PEOPLE": "asked for a team that was read within the scope",
    "lists/queries.py:_KEPT": "carries the predicate in the part that it is made of",
    "demo/load.py:_permit": "the demo's loader acts as the system",
    "live/notices.py:_NEWS": "each person's own notices, by the id in his ticket",
    "notices/operations.py:_SETTLE": "takes as read what waited at one address; returns nothing",
    "notices/operations.py:_TELL": "tells people by their ids; returns nothing of theirs",
    "notices/operations.py:prune_notices": "housekeeping of the worker",
    "sales/notices.py:_REMINDERS": "the worker reminds people of their own holds and deals",
    "sales/notices.py:_ROOM_OF": "the worker reminds people of their own holds and deals",
    "estate/operations/events.py:prune_events": "housekeeping of the worker",
    "estate/operations/imports.py:_LOCK_CHANGED": IMPORT,
    "estate/operations/import_lines.py:_KEEP": IMPORT,
    "estate/operations/import_lines.py:_KEEP_ABSENT": IMPORT,
    "estate/operations/import_lines.py:_MOVED": IMPORT,
    "estate/operations/imports.py:_ABSENT": IMPORT,
    "estate/operations/imports.py:_NEW_HOUSE_TYPES": IMPORT,
    "estate/operations/imports.py:_NEW_ROOMS": IMPORT,
    "estate/operations/imports.py:_CHANGED_ROOMS": IMPORT,
    "estate/locks.py:_LOCK_PROJECT": "locks a project whose reach was asked for before",
    "pricing/reshaped.py:_END_PRICES": ROOM_WAS_READ,
    "pricing/reshaped.py:_FORGET_SOLD": ROOM_WAS_READ,
    "pricing/reshaped.py:_LEAVE_DRAFTS": ROOM_WAS_READ,
    "pricing/reshaped.py:_PLANNED": ROOM_WAS_READ,
    "pricing/reshaped.py:_PRICED": ROOM_WAS_READ,
    "sales/operations/holds.py:_LIFT": ROOM_WAS_READ,
    "sales/reshaped.py:_IN_THE_WAY": ROOM_WAS_READ,
    "admin/queries.py:_PROJECTS": "names projects that the caller reaches, by their ids",
    "core/audit_seal.py:_DIGEST": SEALED,
    "core/audit_seal.py:_END": SEALED,
    "core/audit_seal.py:_LAST": SEALED,
    "sales/personal_data.py:_DEALS": OF_THE_CUSTOMER,
    "sales/personal_data.py:_HOLDS": OF_THE_CUSTOMER,
    "sales/personal_data.py:_RECEIPTS": OF_THE_CUSTOMER,
    "web/story.py:_STATIONS": "names the stations that stand in entries read within scope",
    "admin/handover.py:_PROJECT": "names a project of a user whom the actor governs",
    "admin/memberships.py:PLACES": "names the place of a membership to its own person",
    "admin/tree.py:_PROJECTS": "keeps to the projects that the reader reaches",
    "admin/tree.py:_PEOPLE": "keeps to the nodes and projects that the reader reaches",
    "admin/reach.py:_BEYOND": "asks just whether there is a project beyond the actor's scope",
    "estate/operations/imports.py:_FIND_NEW": IMPORT,
    "estate/operations/import_checks.py:_OFF": IMPORT,
    "estate/operations/import_fields.py:ROOMS": IMPORT,
    "estate/operations/imports.py:_BUILDING_CHANGES": IMPORT,
    "estate/operations/imports.py:_CHANGED_BUILDINGS": IMPORT,
    "estate/operations/staging.py:_FLOORS": IMPORT,
    "estate/operations/staging.py:_SHORT_NUMBERS": IMPORT,
    "pricing/operations/imports.py:_ROWS": IMPORT,
    "pricing/operations/import_agreements.py:_KNOWN": IMPORT,
    "estate/operations/status.py:_RETURNING": "names the parts of the room that was just moved",
    "finance/ledger.py:PROOFS": "the books are proved whole, by the system or on the command line",
    "grid/history.py:_STEPS": ROOM_WAS_READ,
    "grid/sql.py:MARKS": PART_OF_GRID,
    "grid/sql.py:STALE": PART_OF_GRID,
    "grid/sql.py:_CHANGED": PART_OF_GRID,
    "grid/sql.py:_WANTED": PART_OF_GRID,
    "grid/sql.py:_PARTIES": PART_OF_GRID,
    "grid/sql.py:_SHOWN_FROM": PART_OF_GRID,
    "grid/sql.py:_ALL_ROOMS": PART_OF_GRID,
    "grid/sql.py:_BUILDINGS": PART_OF_GRID,
    "grid/sql.py:_GONE": PART_OF_GRID,
    "grid/sql.py:changed_grid": PART_OF_GRID,
    "live/reader.py:_CHANGES": "for projects whose signed ticket the stream has shown",
    "pricing/operations/cells.py:_WRITE": PLAN_WAS_READ,
    "pricing/operations/effect.py:_DUE": PLAN_WAS_READ,
    "pricing/operations/effect.py:_LEAVE_OVERTAKEN": PLAN_WAS_READ,
    "pricing/operations/effect.py:_LEAVE_SOLD": PLAN_WAS_READ,
    "pricing/operations/effect.py:_TAKE_UP_RETURNED": PLAN_WAS_READ,
    "pricing/operations/effect.py:_WITH_RETURNED": "the system prices rooms of the whole group",
    "pricing/operations/publications.py:_FREEZE": BUILDING_WAS_READ,
    "pricing/operations/publications.py:_DIGEST": BUILDING_WAS_READ,
    "pricing/operations/publications.py:_APPROVERS": BUILDING_WAS_READ,
    "pricing/operations/publications.py:_PERMITS": BUILDING_WAS_READ,
    "pricing/operations/publications.py:_sum_up": BUILDING_WAS_READ,
    "pricing/operations/effect.py:_LOCK_ROOMS": PLAN_WAS_READ,
    "pricing/operations/effect.py:_LATEST": PLAN_WAS_READ,
    "pricing/operations/effect.py:_END_OLD": PLAN_WAS_READ,
    "pricing/operations/effect.py:_BEGIN_NEW": PLAN_WAS_READ,
    "pricing/operations/effect.py:_TELL_SCREENS": PLAN_WAS_READ,
    "upkeep/doctor/database.py:check_agents": "for who administers the server itself",
    "upkeep/doctor/database.py:check_field_key": "opens one number to try the key; shows none",
    "upkeep/belonging.py:COUNTED": "of rows that the restore of their project names",
    "upkeep/project_export.py:_audit_of": "of one project, for who administers the server itself",
    "upkeep/project_export.py:_head": "finds the project for who administers the server itself",
    "upkeep/project_publish.py:_end_sessions": "of the project that is restored",
    "upkeep/project_publish.py:_hold": "takes the project that is restored",
    "upkeep/project_publish.py:_lost_bills": "carries the project's predicate, put in by its share",
    "upkeep/project_publish.py:_write_down": "writes that the project was restored",
    "upkeep/project_references.py:read_references": "of the project that is exported",
    "upkeep/queries.py:_OPEN_BUSINESS": "of one project, asked by who reaches the whole group",
    "finance/stages.py:_DUE": "whoever enters a stage moves the days of all deals; returns nothing",
    "pricing/queries/base_data.py:_DIGEST": PROJECT_WAS_REACHED,
    "pricing/queries/base_data.py:_FIGURES": PROJECT_WAS_REACHED,
    "pricing/queries/plans.py:_DIGEST": PLAN_WAS_READ,
    "sales/operations/holds.py:_PLACE": "writes for the room that take_room has just given",
    "sales/operations/holds.py:_END": "ends the hold of a room that has just been moved in scope",
    "sales/operations/holds.py:name_hold_customer": "for a hold that was locked within scope",
    "sales/operations/holds.py:expire_holds": "the system ends holds of the whole group",
    "sales/operations/deposits.py:_DUE": "the system lapses deals of the whole group",
    "sales/queries.py:_WHO": ROOM_WAS_READ,
    "sales/queries.py:_BUYERS": "of deals that the caller has read within scope",
    "workflows/queries.py:_NAMES": "names projects of requests that the caller has read",
}

#: tables used past their models
BARE_TABLES = {
    "app/admin/operations.py": "memberships of the group's tree belong to no project",
    "app/sales/models.py": "an expression inside a mapped property of a scoped row",
    "app/core/scope.py": "asks whether a class is mapped",
}


def area_of(source: Source) -> str:
    return source.path.split("/")[1]


def the_faults(rule, files, exempt=()):
    return [fault for source in files if source.path not in exempt for fault in rule(source)]


@pytest.mark.parametrize(
    ("rule", "files", "exempt"),
    [
        (rules.without_docstring, OURS, ()),
        (rules.too_long, OURS, LONG),
        (rules.nameless, OURS, ()),
        (rules.commits, APP, ("app/core/uow.py",)),
        (rules.reads_clock, (*APP, *TESTS), OWN_CLOCK),
        (rules.looks_beyond, APP, ()),
        (rules.skips_silently, TESTS, ()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_file_keeps_the_rule(rule, files, exempt):
    expect_none(the_faults(rule, files, exempt))


def test_every_operation_says_who_acts():
    assert len(OPERATIONS) > 10
    faults, excused = [], set()
    for source in OPERATIONS:
        for fault in rules.without_actor(source):
            name = f"{area_of(source)}.{fault.split()[1]}"
            if name in NO_ACTOR:
                excused.add(name)
            else:
                faults.append(fault)
    expect_none(faults)
    expect_none(set(NO_ACTOR) - excused, "excused, though it needs no excuse")


def in_front_of_a_request(source: Source) -> bool:
    """Tell whether a file may know the request: the web layer, commands, processes, the factory."""
    return (
        source.within("app/web", "app/jobs", "app/live", "app/cli.py", "app/demo", "app/views.py")
        or source.path in ("app/__init__.py", "app/extensions.py", "app/workflows/forms.py")
        or (source.path.count("/") == 2 and rules.WEB_FILES.search(source.path) is not None)
    )


#: below the web layer, and yet the web: each with the reason
KNOWS_FLASK = {
    "app/admin/directory.py": "asks the framework's own manager, which knows the directory",
    "app/upkeep/command_line.py": "what the commands share",
    "app/upkeep/dictionary.py": "what the command writes, in the words of the pages",
    "app/upkeep/faults.py": "counts what failed in the application's own context",
    "app/upkeep/metrics.py": "answers at /metrics",
    "app/upkeep/nightly.py": "takes the worker's application",
    "app/upkeep/restoring.py": "migrates under the command's application",
    "app/upkeep/wiring.py": "binds the package to the application",
    "app/devices/simulated.py": "reads the paper of simulators for the pages of this server only",
    "app/estate/room_steps.py": "declares buttons of the room's page",
    "app/estate/drawing_file.py": "the picture of its pages and of REST",
    "app/pricing/publication_paper.py": "the paper of its pages and of REST",
    "app/pricing/room_files.py": "the sheet of its pages and of REST",
    "app/pricing/subscribers.py": "adds its buttons to the room's page",
    "app/sales/timeline.py": "words for the page of a subscription",
    "app/core/db.py": "builds on Flask-AppBuilder's base class",
    "app/admin/models.py": "its user is Flask-AppBuilder's user",
    "app/admin/operations.py": "writes Flask-AppBuilder's roles",
}


def test_below_the_web_layer_nothing_knows_the_request():
    below = [source for source in APP if not in_front_of_a_request(source)]
    assert len(below) > 100
    expect_none(the_faults(rules.knows_request, below, KNOWS_FLASK))


def test_the_layers_hold():
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "0 broken" in done.stdout


def test_every_test_function_is_run():
    used = rules.mentioned(TESTS)
    expect_none(fault for source in TESTS for fault in rules.uncollected(source, used))


def test_every_test_can_fail():
    checking = rules.asserting(TESTS)
    expect_none(fault for source in TESTS for fault in rules.cannot_fail(source, checking))


def test_statements_past_the_orm_keep_to_the_scope():
    found = {
        f"{source.path.removeprefix('app/')}:{holder}"
        for source in APP
        for holder, texts in rules.statements(source, SCOPED_TABLES).items()
        if not all(rules.is_scoped(text) for text in texts)
    }
    expect_none(found - set(BEYOND_THE_ORM), "add the predicate, or say why it needs none")
    expect_none(set(BEYOND_THE_ORM) - found, "listed, though it is scoped or gone")


def test_tables_are_used_through_their_models():
    files = {source.path for source in APP if "__table__" in source.text}
    assert files == set(BARE_TABLES)

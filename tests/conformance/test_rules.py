"""Each house rule finds the fault that is planted for it, and leaves the sound twin alone."""

from __future__ import annotations

import pytest

from tests.conformance import rules
from tests.conformance.sources import Source

DOC = '"""A file."""\n'
TABLES = {"estate_room", "sales_hold"}


def planted(text: str, path: str = "app/estate/queries.py") -> Source:
    return Source(path, text)


def long_function(lines: int) -> str:
    return "def walk():\n" + "    step()\n" * (lines - 1)


def long_class(lines: int) -> str:
    return "class Walk:\n" + "    step = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("rule", "fault", "sound"),
    [
        (rules.without_docstring, "x = 1\n", DOC),
        (rules.without_docstring, '"""  """\n', DOC),
        (rules.too_long, "x = 1\n" * 401, "x = 1\n" * 400),
        (rules.too_long, long_function(61), long_function(60)),
        (rules.too_long, long_class(251), long_class(250)),
        (rules.commits, "db.session.commit()", "db.session.flush()"),
        (rules.commits, "end = session.commit", "end = session.flush"),
        (rules.commits, 'execute("COMMIT")', 'execute("SELECT 1")'),
        (rules.reads_clock, "now = datetime.now(UTC)", "now = clock.now()"),
        (rules.reads_clock, "day = date.today()", "day = clock.today()"),
        (rules.reads_clock, "day = datetime.date.today()", "day = date(2026, 1, 2)"),
        (rules.knows_request, "from flask import g", "from flask_babel import lazy_gettext"),
        (rules.knows_request, "import flask", "import flaskless"),
        (rules.knows_request, "from app.web.rest import current", "from app.webs import x"),
        (
            rules.without_actor,
            "def hold_room(room_id, actor): ...",
            "def hold_room(room_id, *, actor): ...\ndef _place(room_id): ...",
        ),
        (
            rules.looks_beyond,
            "x = select(A).execution_options(whole_group=True)",
            "# Found anywhere.\nx = select(A).execution_options(whole_group=True)",
        ),
        (
            rules.looks_beyond,
            'x = run.execute(found, execution_options={"whole_group": True})',
            'x = run.execute(found, execution_options={"whole_group": True})  # prune',
        ),
        (rules.skips_silently, "@pytest.mark.skip\ndef test_a(): ...", "def test_a(): ..."),
        (rules.skips_silently, "pytest.skip()", 'pytest.skip("no printer here")'),
        (
            rules.skips_silently,
            "@pytest.mark.skipif(True)\ndef test_a(): ...",
            '@pytest.mark.skipif(True, reason="no pty")\ndef test_a(): ...',
        ),
    ],
)
def test_a_rule_finds_the_planted_fault(rule, fault, sound):
    assert len(rule(planted(fault))) == 1
    assert rule(planted(sound)) == []


def test_models_and_views_and_tests_may_be_longer():
    text = "x = 1\n" * 450
    assert rules.too_long(planted(text, "app/estate/models.py")) == []
    assert rules.too_long(planted(text, "tests/estate/test_views.py")) == []
    assert len(rules.too_long(planted(text * 2, "app/estate/views.py"))) == 1
    assert len(rules.too_long(planted(text * 2, "tests/estate/test_views.py"))) == 1


def test_a_file_is_named_for_something():
    assert len(rules.nameless(planted("", "app/estate/utils.py"))) == 1
    assert rules.nameless(planted("", "app/estate/places.py")) == []


@pytest.mark.parametrize(
    ("text", "path", "faults"),
    [
        ("def rooms_are_sold():\n    assert sold()", "tests/a/test_rooms.py", 1),
        ("def tests_rooms():\n    assert sold()", "tests/a/test_rooms.py", 0),
        ("def test_rooms():\n    assert sold()", "tests/a/rooms.py", 1),
        ("class Rooms:\n    def test_a(self):\n        assert sold()", "tests/a/test_rooms.py", 1),
        ("class TestRooms:\n    def test_a(self):\n        assert 1", "tests/a/test_rooms.py", 0),
        ("def sold():\n    assert x\ndef test_a():\n    sold()", "tests/a/test_rooms.py", 0),
        ("@pytest.fixture\ndef sold():\n    assert x", "tests/a/test_rooms.py", 0),
    ],
)
def test_functions_that_assert_are_run(text, path, faults):
    source = planted(text, path)
    assert len(rules.uncollected(source, rules.mentioned([source]))) == faults


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("sell()", 1),
        ("assert sell()", 0),
        ("with pytest.raises(ValueError): sell()", 0),
        ("expect_sold()", 0),
        ("walk_and_expect()", 0),
    ],
)
def test_tests_that_cannot_fail_are_found(body, faults):
    more = "def expect_sold():\n    assert 1\ndef walk_and_expect():\n    expect_sold()\n"
    source = planted(f"{more}def test_a():\n    {body}\n", "tests/a/test_rooms.py")
    assert len(rules.cannot_fail(source, rules.asserting([source]))) == faults


def test_statements_are_found_under_the_name_that_holds_them():
    source = planted(
        "_FIND = text('SELECT id FROM estate_room')\n"
        "_SCOPED = Sql('SELECT id FROM sales_hold WHERE :scope_all OR p = ANY(:scope_projects)')\n"
        "_OTHER = text('SELECT id FROM ab_user')\n"
        "def end():\n    run(text(f'UPDATE sales_hold SET {x}'))\n"
    )
    found = rules.statements(source, TABLES)
    assert set(found) == {"_FIND", "_SCOPED", "end"}
    assert [name for name in found if all(map(rules.is_scoped, found[name]))] == ["_SCOPED"]

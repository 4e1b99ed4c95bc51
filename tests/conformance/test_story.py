"""The audit speaks Chinese: every column of every audited table, every state and every action."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_babel import force_locale

from app.core.actor import system_actor
from app.core.db import Base, Model
from app.web.story import ACTIONS, NOTES
from app.web.story_words import Names, Words, model_of, table_title
from config import ROOT

HAN = re.compile(r"[一-鿿]")
MODELS = sorted(
    {
        mapper.class_
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Base) and mapper.class_.__audited__
    },
    key=lambda one: one.__name__,
)
ATTACHED = re.compile(r"audit_attach\('(\w+)'")


@pytest.fixture
def chinese(app):
    with app.test_request_context(), force_locale("zh"):
        yield


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_every_column_has_a_chinese_name_or_is_left_out(model):
    words = Words(model.__tablename__)
    told = [column.name for column in model.__table__.columns if words.tells(column.name)]
    nameless = [name for name in told if not HAN.search(words.label(name))]
    assert nameless == [], "give it a label in its view, in describe_story, or leave it out"
    assert HAN.search(table_title(model.__tablename__))


@pytest.mark.usefixtures("chinese")
def test_every_action_that_is_recorded_has_words():
    recorded = set()
    for path in Path(ROOT, "app").rglob("*.py"):
        recorded |= set(re.findall(r'audit\.record\(\s*"(\w+)"', path.read_text()))
    assert recorded
    assert recorded - set(ACTIONS) == set()
    assert all(HAN.search(str(title)) for title, _tint in ACTIONS.values())
    assert all(HAN.search(str(title)) for title in NOTES.values())


@pytest.mark.usefixtures("chinese")
def test_the_class_of_users_is_ours():
    assert model_of("ab_user").__name__ == "AppUser"
    assert model_of("pg_class") is None


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("table", "column", "code"),
    [
        ("devices_device", "kind", "receipt_printer"),
        ("devices_device", "driver", "escpos_generic"),
        ("devices_hook", "event", "receipt_confirmed"),
        ("finance_receipt", "method", "cash"),
    ],
)
def test_codes_are_said_as_lists_say_them(table, column, code):
    said = Words(table).value(column, code, Names(system_actor("test")))
    assert HAN.search(said), said

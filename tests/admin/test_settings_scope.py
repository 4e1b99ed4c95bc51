"""What holds for the whole group is changed by who reaches all of it."""

from __future__ import annotations

import pytest

from app.admin.operations import change_setting
from app.admin.principal import read_actor
from app.core.errors import NotAllowed
from app.core.settings import get_setting
from app.sales.settings import HOLD_DAYS
from tests.factories.people import make_project, make_user

DAYS = {"consultant": 2}


def test_a_steward_of_one_project_does_not_change_the_group(actor_for, session):
    make_project()
    with pytest.raises(NotAllowed):
        change_setting(HOLD_DAYS.name, DAYS, actor=actor_for("steward"))
    assert session.info.get("settings_written") is None


def test_a_steward_of_the_whole_group_does(session):
    actor = read_actor(make_user("steward", whole_group=True).id)
    change_setting(HOLD_DAYS.name, DAYS, actor=actor)
    session.commit()
    assert get_setting(HOLD_DAYS)["consultant"] == 2


def test_a_value_rolled_back_is_not_remembered(session):
    actor = read_actor(make_user("steward", whole_group=True).id)
    session.commit()
    change_setting(HOLD_DAYS.name, DAYS, actor=actor)
    assert get_setting(HOLD_DAYS)["consultant"] == 2
    session.rollback()
    assert get_setting(HOLD_DAYS)["consultant"] == 1

"""Instalments that wait for a stage of the building: due when it is reached."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from app.core import clock
from app.core.db import db
from app.core.errors import Invalid
from app.estate import operations as estate
from app.finance.models import Receivable
from app.pricing.operations import LineDraft, add_payment_method
from config import sqlalchemy_url
from tests.factories.people import make_project
from tests.factories.pricing import make_payment_method, make_room_for_sale
from tests.factories.sales import make_subscription

STAGE = {"kind": "instalment", "name": "封顶款", "basis": "rest", "due_rule": "stage",
         "due_days": 7, "due_stage": "topped_out"}  # fmt: skip
DEPOSIT = {"kind": "deposit", "name": "定金", "basis": "fixed", "value": 100000,
           "due_rule": "subscription", "due_days": 0}  # fmt: skip


@pytest.fixture
def room(project):
    return make_room_for_sale(project=project)


@pytest.fixture
def method(project):
    return make_payment_method(project, lines=[DEPOSIT, STAGE], discount_percent=0)


def owed(session, deal) -> date | None:
    session.expire_all()
    return session.scalars(
        select(Receivable.due_on).where(
            Receivable.account_id == deal.account_id, Receivable.due_rule == "stage"
        )
    ).one()


def test_it_is_due_when_the_stage_is_reached_and_waits_again_if_it_was_not(
    room, method, actor_for, session
):
    deal = make_subscription(room, actor_for("consultant"), method=method)
    steward = actor_for("steward")
    assert owed(session, deal) is None
    today = clock.today()
    milestone = estate.add_milestone(
        building_id=room.building_id, kind="topped_out", actual_on=today, actor=steward
    )
    assert owed(session, deal) == today + timedelta(days=7)
    # Reached before the deal was made: it is due from the deal's own day.
    estate.edit_milestone(milestone, actual_on=today - timedelta(days=90), actor=steward)
    assert owed(session, deal) == today + timedelta(days=7)
    estate.delete_milestone(milestone, actor=steward)
    assert owed(session, deal) is None


def test_another_stage_and_another_building_change_nothing(room, method, actor_for, session):
    deal = make_subscription(room, actor_for("consultant"), method=method)
    steward = actor_for("steward")
    other = make_room_for_sale(project=room.project)
    for building_id, kind in ((room.building_id, "foundation"), (other.building_id, "topped_out")):
        estate.add_milestone(
            building_id=building_id, kind=kind, actual_on=clock.today(), actor=steward
        )
    assert owed(session, deal) is None


def test_who_buys_after_it_was_reached_owes_from_his_own_day(room, method, actor_for, session):
    estate.add_milestone(
        building_id=room.building_id, kind="topped_out",
        actual_on=clock.today() - timedelta(days=30), actor=actor_for("steward"),
    )  # fmt: skip
    deal = make_subscription(room, actor_for("consultant"), method=method)
    assert owed(session, deal) == clock.today() + timedelta(days=7)


def test_the_completion_record_of_the_building_counts_as_well(project, actor_for, session):
    method = make_payment_method(
        project, lines=[DEPOSIT, {**STAGE, "due_stage": "completion_record"}], discount_percent=0
    )
    room = make_room_for_sale(project=project)
    deal = make_subscription(room, actor_for("consultant"), method=method)
    estate.edit_building(room.building, completed_on=clock.today(), actor=actor_for("steward"))
    assert owed(session, deal) == clock.today() + timedelta(days=7)


def test_a_line_says_its_stage_or_has_it_in_its_name(project, actor_for):
    steward = actor_for("steward")
    line = LineDraft("instalment", "主体封顶款", "rest", None, "stage", 0)
    method = add_payment_method(project_id=project.id, name="分期", lines=[line], actor=steward)
    assert method.lines[0].due_stage == "topped_out"
    for wrong in (
        LineDraft("instalment", "第三期", "rest", None, "stage", 0),
        LineDraft("instalment", "第三期", "rest", None, "stage", 0, due_stage="roof"),
    ):
        with pytest.raises(Invalid, match="楼栋节点"):
            add_payment_method(project_id=project.id, name="错", lines=[wrong], actor=steward)


@pytest.mark.commit
def test_the_migration_reads_the_stages_off_the_names(committed):
    project = make_project()
    names = ("主体封顶", "正负零款", "竣工备案款", "第三期")
    make_payment_method(
        project,
        lines=[{**STAGE, "name": name, "due_stage": None} for name in names],
    )
    db.session.commit()
    db.session.remove()
    committed.app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    try:
        downgrade(revision="d90b47c1f6a2")
    finally:
        upgrade()
    found = db.session.execute(
        text("SELECT name, due_stage FROM pricing_payment_method_line ORDER BY position")
    ).all()
    assert [tuple(row) for row in found] == [
        ("主体封顶", "topped_out"),
        ("正负零款", "ground_level"),
        ("竣工备案款", "completion_record"),
        ("第三期", None),
    ]

"""The migration that makes the completion record a milestone, on data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app.core import clock
from app.core.db import db
from config import sqlalchemy_url
from tests.factories.estate import make_building
from tests.factories.people import make_project

BEFORE = "7a0c53e4b91d"


@pytest.mark.commit
def test_a_record_becomes_a_milestone_and_one_to_come_a_plan(committed):
    project = make_project()
    project_id = project.id
    ids = {name: make_building(project, name=name).id for name in ("无", "已备案", "将备案")}
    today = clock.today()
    days = {"已备案": today, "将备案": today + timedelta(days=60)}
    db.session.commit()
    db.session.remove()
    committed.app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    try:
        downgrade(revision=BEFORE)
        for name, day in days.items():
            db.session.execute(
                text("UPDATE estate_building SET completed_on = :day WHERE id = :id"),
                {"day": day, "id": ids[name]},
            )
        db.session.commit()
        db.session.remove()
    finally:
        upgrade()
    found = db.session.execute(
        text(
            "SELECT b.name, b.completed_on, m.planned_on, m.actual_on FROM estate_building b"
            " LEFT JOIN estate_milestone m ON m.building_id = b.id"
            " AND m.kind = 'completion_record' WHERE b.project_id = :project ORDER BY b.id"
        ),
        {"project": project_id},
    ).all()
    assert [tuple(row) for row in found] == [
        ("无", None, None, None),
        ("已备案", today, None, today),
        ("将备案", None, days["将备案"], None),
    ]
    assert db.session.scalar(text("SELECT count(*) FROM estate_zone")) == 0

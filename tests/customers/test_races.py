"""The same person registered by many at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.core.db import db
from app.core.errors import Conflict
from app.core.uow import unit_of_work
from app.customers.models import Customer
from app.customers.operations import register_customer
from tests.factories.people import make_project


@pytest.mark.commit
def test_one_of_many_registers_and_the_rest_are_told_whose_it_is(committed):
    project = make_project()
    db.session.commit()
    actors = [committed.actor("consultant", project) for _ in range(8)]
    names = {actor.id: actor.name for actor in actors}

    def register(actor):
        with committed.app.app_context():
            try:
                with unit_of_work(actor):
                    return register_customer(
                        project_id=project_id,
                        kind="person",
                        name="王小明",
                        mobile="13800138000",
                        consent=True,
                        actor=actor,
                    ).owner_id
            except Conflict as refused:
                return refused
            finally:
                db.session.remove()

    project_id = project.id
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(register, actors))
    (winner,) = [found for found in outcomes if isinstance(found, int)]
    refused = [found for found in outcomes if isinstance(found, Conflict)]
    assert len(refused) == 7
    assert {error.code for error in refused} == {"duplicate"}
    assert all(names[winner] in str(error.message) for error in refused)
    assert db.session.scalar(select(func.count()).select_from(Customer)) == 1

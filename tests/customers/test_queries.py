"""Who finds which customer."""

from __future__ import annotations

import pytest

from app.core.actor import acting
from app.core.errors import NotFound
from app.customers.queries import get_customer, search_customers
from tests.factories.customers import make_customer, make_resident_id
from tests.factories.people import make_project


def found(actor, q, **more):
    with acting(actor):
        return [customer.id for customer in search_customers(q, **more)]


def test_search_by_name_part_phone_and_document(actor_for, project):
    actor = actor_for("consultant")
    number = make_resident_id()
    wanted = make_customer(project, actor, name="欧阳小明", mobile="13912345678", document=number)
    make_customer(project, actor, name="李四")
    for q in ("阳小", "5678", "13912345678", "139 1234 5678", "+8613912345678", number.lower()):
        assert found(actor, q) == [wanted.id], q
    assert found(actor, "%") == []
    assert len(found(actor, "")) == 2


def test_the_newest_come_first_in_pages(actor_for, project):
    actor = actor_for("consultant")
    ids = [make_customer(project, actor).id for _ in range(5)]
    assert found(actor, "", limit=2) == [ids[4], ids[3]]
    assert found(actor, "", limit=2, before=ids[3]) == [ids[2], ids[1]]


def test_consultants_see_their_own_and_managers_all_of_their_projects(actor_for, project):
    one, two, manager = actor_for("consultant"), actor_for("consultant"), actor_for("manager")
    other = make_project()
    mine, theirs = make_customer(project, one), make_customer(project, two)
    far = make_customer(other, actor_for("consultant", project=other))
    assert found(one, "") == [mine.id]
    assert found(manager, "") == [theirs.id, mine.id]
    for actor, hidden in ((one, theirs), (one, far), (manager, far)):
        with acting(actor), pytest.raises(NotFound):
            get_customer(hidden.id)

"""Races that matter: two imports at once, a dry run carried out twice, release against a hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.estate.base_data import find_lock, is_locked
from app.estate.models import Building, Project, Room, RoomImport, RoomStatus
from app.estate.operations import edit_room, take_room
from app.estate.queries import get_room
from app.pricing.models import PricePlan
from app.pricing.operations import (
    carry_out_import,
    import_price_list,
    review_base_data,
    withdraw_from_sale,
)
from app.pricing.queries.base_data import base_data_digest
from tests.factories.estate import make_building
from tests.factories.people import make_project
from tests.factories.pricing import make_payment_method, make_room_for_sale

pytestmark = pytest.mark.commit
SYSTEM = system_actor("test")
ROWS = [["3栋", "1单元", floor, "01", 125.53, 100.05, 52229.87] for floor in range(1, 31)]


@pytest.fixture
def together(committed):
    """``together(step, step)``: both at the same moment; returns what each gave or raised."""

    def run(*steps: Callable[[], Any]) -> list[Any]:
        gate, found = threading.Barrier(len(steps)), []

        def take(step: Callable[[], Any]) -> None:
            with committed.app.app_context():
                gate.wait()
                try:
                    with unit_of_work(SYSTEM):
                        found.append(step())
                except DomainError as error:
                    found.append(error)
                db.session.remove()

        threads = [threading.Thread(target=take, args=(step,)) for step in steps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    return run


def count(model: Any) -> int:
    with acting(SYSTEM):
        return db.session.scalar(select(func.count()).select_from(model))


def import_into(project_id: int, data: bytes, **more: Any) -> tuple[int, int]:
    project = db.session.get(Project, project_id)
    options = {"update": False, "dry_run": False, **more}
    result = import_price_list(data, "list.xlsx", project=project, actor=SYSTEM, **options)
    return result.outcome.new, result.record.id


def test_two_imports_of_one_list_write_each_room_once(together, sheet):
    with acting(SYSTEM):
        project_id = make_project().id
        db.session.commit()
    data = sheet(ROWS)
    found = together(
        lambda: import_into(project_id, data)[0], lambda: import_into(project_id, data)[0]
    )
    assert sorted(found) == [0, 30]
    assert (count(Room), count(Building)) == (30, 1)


def test_a_dry_run_confirmed_twice_at_once_is_carried_out_once(together, sheet):
    with acting(SYSTEM):
        project_id = make_project().id
        record_id = import_into(project_id, sheet(ROWS), dry_run=True)[1]
        db.session.commit()

    def confirm() -> str:
        record = db.session.get(RoomImport, record_id)
        return carry_out_import(record, actor=SYSTEM).record.state

    found = together(confirm, confirm)
    refused = [one for one in found if isinstance(one, DomainError)]
    assert [one for one in found if one == "done"] == ["done"]
    assert [error.code for error in refused] == ["wrong_state"]
    assert (count(Room), count(PricePlan)) == (30, 1)


def test_a_withdrawal_and_a_hold_leave_no_room_in_two_states(together):
    with acting(SYSTEM):
        building = make_building(make_project())
        ids = [make_room_for_sale(building).id for _ in range(8)]
        db.session.commit()

    def withdraw() -> int:
        return len(withdraw_from_sale(room_ids=ids, reason="停售", actor=SYSTEM))

    def hold() -> bool:
        frm = (RoomStatus.AVAILABLE,)
        taken = take_room(ids[4], to=RoomStatus.RESERVED, frm=frm, actor=SYSTEM)
        return taken is not None

    found = together(withdraw, hold)
    with acting(SYSTEM):
        statuses = [db.session.get(Room, room_id).status for room_id in ids]
    if True in found:
        # The hold was first: the withdrawal is refused as a whole.
        assert statuses == ["available"] * 4 + ["reserved"] + ["available"] * 3
        assert any(isinstance(one, DomainError) for one in found)
    else:
        assert statuses == ["unreleased"] * 8
        assert 8 in found


def test_base_data_are_locked_as_they_were_reviewed_or_not_at_all(committed):
    """A change under way and the second review: the lock never holds what nobody reviewed."""
    project = make_project()
    room = make_room_for_sale(project=project, status="unreleased")
    make_payment_method(project)
    db.session.commit()
    project_id, room_id = project.id, room.id
    sales = committed.actor("manager", project)
    finance, steward = (
        committed.actor("finance_manager", project),
        committed.actor("steward", project),
    )
    with unit_of_work(sales):
        review_base_data(project_id, "sales", actor=sales)
    gate, found = threading.Barrier(2), {}

    def attempt(name: str, step: Callable[[], Any], actor: Any) -> None:
        with committed.app.app_context():
            gate.wait()
            try:
                with unit_of_work(actor):
                    step()
                    found[name] = "done"
            except DomainError as error:
                found[name] = error.code
            db.session.remove()

    def change() -> None:
        edit_room(get_room(room_id), inside_area=Decimal("61.00"), actor=steward)

    threads = [
        threading.Thread(target=attempt, args=("edit", change, steward)),
        threading.Thread(
            target=attempt,
            args=("lock", lambda: review_base_data(project_id, "finance", actor=finance), finance),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found in (
        {"edit": "done", "lock": "conflict"},
        {"edit": "base_data_locked", "lock": "done"},
    )
    with acting(SYSTEM):
        assert is_locked(project_id) == (found["lock"] == "done")
        if found["lock"] == "done":
            assert find_lock(project_id).sales_digest == base_data_digest(project_id)

"""Races with real commits: two who reshape, generate, take back or set at the same moment."""

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
from app.estate import operations
from app.estate.generator import ColumnPlan, EntrancePlan, Mode, Specification
from app.estate.models import Building, Room, RoomGeneration, RoomStatus
from app.estate.operations import ColumnPlace, GenerationRequest, RoomSetting, Side
from app.estate.queries import get_generation
from app.pricing.models import PricePlanRow
from app.pricing.operations import PlanRowDraft, create_price_plan, release_for_sale
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import price_rooms

pytestmark = pytest.mark.commit
SYSTEM = system_actor("test")


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
                except Exception as error:  # noqa: BLE001 - judged by the test
                    found.append(error)
                db.session.remove()

        threads = [threading.Thread(target=take, args=(step,)) for step in steps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    return run


@pytest.fixture
def row(committed):  # noqa: ARG001 - the database comes first
    """The ids of four rooms of 100 m² side by side, priced and off the market."""
    with acting(SYSTEM):
        building = make_building(make_project())
        rooms = [
            make_room(building, floor=1, floor_name="1", column=column, number=f"10{column}",
                      gross_area=Decimal(100), inside_area=None)
            for column in (1, 2, 3, 4)
        ]  # fmt: skip
        price_rooms(rooms, "5000000.00")
        ids = [room.id for room in rooms]
        db.session.commit()
    return ids


def refused(found: list[Any]) -> list[Any]:
    """What was refused in words; any other error fails the test."""
    errors = [one for one in found if isinstance(one, BaseException)]
    assert all(isinstance(one, DomainError) for one in errors), errors
    return errors


def standing() -> list[Room]:
    with acting(SYSTEM):
        db.session.expire_all()
        found = select(Room).where(Room.status != RoomStatus.MERGED.value).order_by(Room.column)
        return list(db.session.scalars(found))


def count(model: Any) -> int:
    with acting(SYSTEM):
        return int(db.session.scalar(select(func.count()).select_from(model)))


def merge(room_id: int, side: Side = Side.RIGHT) -> Callable[[], Any]:
    return lambda: operations.merge_rooms(room_id, side=side, actor=SYSTEM).id


@pytest.mark.parametrize("turn", range(4))
def test_two_merges_that_want_the_same_room(row, together, turn):
    steps = [merge(row[0]), merge(row[1])]
    found = together(*steps[:: -1 if turn % 2 else 1])
    assert len(refused(found)) <= 1
    rooms = standing()
    # Whoever comes second finds another neighbour or none; no m² is lost or counted twice.
    assert sum(room.gross_area for room in rooms) == 400
    covered = [column for room in rooms for column in range(room.column, room.column
                                                            + room.column_span)]  # fmt: skip
    assert covered == [1, 2, 3, 4]


@pytest.mark.parametrize("turn", range(4))
def test_a_merge_and_a_release(row, together, turn):
    steps = [
        merge(row[0]),
        lambda: release_for_sale(room_ids=[row[1]], reason="开盘", actor=SYSTEM)[0].id,
    ]
    found = together(*steps[:: -1 if turn % 2 else 1])
    assert len(refused(found)) == 1
    rooms = {room.id: room for room in standing()}
    if rooms[row[0]].column_span == 2:
        assert row[1] not in rooms
    else:
        assert rooms[row[1]].status == "available"


def test_two_who_split_the_same_room(row, together):
    with unit_of_work(SYSTEM):
        operations.merge_rooms(row[0], side=Side.RIGHT, actor=SYSTEM)
    db.session.remove()
    split = lambda: len(operations.split_room(row[0], actor=SYSTEM))  # noqa: E731
    found = together(split, split)
    assert len(refused(found)) == 1
    assert [room.gross_area for room in standing()] == [100, 100, 100, 100]


@pytest.mark.usefixtures("row")
def test_columns_put_in_at_the_same_moment_both_count(together):
    building_id = standing()[0].building_id
    insert = lambda: operations.insert_column(  # noqa: E731
        ColumnPlace(building_id, None, 1), actor=SYSTEM
    )
    assert refused(together(insert, insert)) == []
    assert [room.column for room in standing()] == [3, 4, 5, 6]


def wish(building_id: int | None = None) -> GenerationRequest:
    plans = (EntrancePlan("1单元", (ColumnPlan(None, Decimal(89)),) * 2),)
    names = () if building_id else ("8栋",)
    return GenerationRequest(
        Mode.GRID, Specification(("7", "8"), plans), building_id=building_id, building_names=names
    )


def test_two_generations_of_the_same_rooms(committed, together):  # noqa: ARG001
    with acting(SYSTEM):
        project_id = make_project().id
        db.session.commit()

    def generate():
        return operations.generate_rooms(wish(), project_id=project_id, actor=SYSTEM).id

    assert len(refused(together(generate, generate))) == 1
    assert (count(Room), count(Building), count(RoomGeneration)) == (4, 1, 1)


@pytest.fixture
def generation(committed):  # noqa: ARG001
    with acting(SYSTEM):
        project_id = make_project().id
        db.session.commit()
    with unit_of_work(SYSTEM):
        made = operations.generate_rooms(wish(), project_id=project_id, actor=SYSTEM).id
    db.session.remove()
    return made, project_id


def undo(generation_id: int) -> Callable[[], Any]:
    return lambda: operations.undo_generation(get_generation(generation_id), actor=SYSTEM).id


def test_a_generation_taken_back_twice_goes_once(generation, together):
    found = together(undo(generation[0]), undo(generation[0]))
    assert len(refused(found)) == 1
    assert count(Room) == 0


@pytest.mark.parametrize("turn", range(4))
def test_a_generation_taken_back_while_its_rooms_are_priced(generation, together, turn):
    made, project_id = generation
    ids = [room.id for room in standing()]

    def plan():
        rows = [PlanRowDraft(room_id=one, list_total=Decimal(1_000_000)) for one in ids]
        return create_price_plan(
            project_id=project_id, name="定价", rows=rows, origin="hand", actor=SYSTEM
        ).id

    steps = [undo(made), plan]
    found = together(*steps[:: -1 if turn % 2 else 1])
    assert len(refused(found)) == 1
    assert (count(Room), count(PricePlanRow)) in {(4, 4), (0, 0)}


def test_two_who_set_the_same_rooms_in_opposite_orders(row, together):
    project_id = standing()[0].project_id

    def give(ids, view):
        settings = [
            RoomSetting((one,), {"view": f"{view}{place}"}) for place, one in enumerate(ids)
        ]
        return lambda: operations.set_rooms(settings, project_id=project_id, actor=SYSTEM).rooms

    assert together(give(row, "江景"), give(row[::-1], "园景")) == [4, 4]
    assert len({room.view[:2] for room in standing()}) == 1

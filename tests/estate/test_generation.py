"""Rooms generated for real: what is written, what is refused, and taking it back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.estate import operations
from app.estate.generator import (
    CellChange,
    ColumnPlan,
    EntrancePlan,
    Mode,
    NumberRule,
    Specification,
)
from app.estate.models import Building, Entrance, HouseType, Room, RoomEvent, RoomGeneration
from app.estate.operations import GenerationRequest
from tests.factories.estate import make_building, make_entrance, make_house_type, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_plan, price_rooms

PLAN = ColumnPlan("A1", Decimal("89.00"), Decimal("70.50"), "南")


@pytest.fixture
def steward(actor_for):
    return actor_for("steward")


def tower(*, floors=3, entrances=("1单元",), columns=2, **more):
    plans = tuple(EntrancePlan(name, (PLAN,) * columns) for name in entrances)
    return Specification(tuple(str(n) for n in range(1, floors + 1)), plans, **more)


def request(specification=None, *, mode=Mode.GRID, building=None, names=("8栋",)):
    wish = specification or tower()
    if building is not None:
        return GenerationRequest(mode, wish, building_id=building.id)
    return GenerationRequest(mode, wish, building_names=tuple(names), given={"mode": mode.value})


def generate(project, actor, *args, **more):
    return operations.generate_rooms(request(*args, **more), project_id=project.id, actor=actor)


def rooms_of(session, generation):
    found = select(Room).where(Room.generation_id == generation.id)
    return list(session.scalars(found.order_by(Room.floor.desc(), Room.column)))


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_a_building_with_all_it_needs(project, steward, session):
    make_house_type(project, name="A1", structure="三室两厅")
    generation = generate(project, steward, tower(floors=4, entrances=("1单元", "2单元")))
    rooms = rooms_of(session, generation)
    assert (generation.rooms, len(rooms)) == (16, 16)
    assert {room.title for room in rooms if room.floor == 4} == {
        "8栋-1单元-401", "8栋-1单元-402", "8栋-2单元-401", "8栋-2单元-402"
    }  # fmt: skip
    first = rooms[0]
    assert (first.status, first.version, first.floor_name) == ("unreleased", 1, "4")
    assert (first.gross_area, first.inside_area, first.orientation) == (
        Decimal("89.00"), Decimal("70.50"), "南"
    )  # fmt: skip
    assert (first.house_type.name, first.structure) == ("A1", "三室两厅")
    assert generation.number.startswith("FY")
    assert set(generation.made) == {"buildings", "entrances", "house_types"}
    assert count(session, HouseType) == 1
    events = session.scalar(select(func.count()).where(RoomEvent.project_id == project.id))
    assert events == 16


def test_a_house_type_brings_its_areas_where_none_are_given(project, steward, session):
    make_house_type(project, name="B", gross_area=Decimal("101.00"), inside_area=Decimal(80))
    wish = Specification(("1",), (EntrancePlan(None, (ColumnPlan("B"),)),))
    (room,) = rooms_of(session, generate(project, steward, wish))
    assert (room.gross_area, room.inside_area) == (Decimal("101.00"), Decimal("80.00"))
    own = CellChange(0, 0, 1, house_type="B")
    plain = Specification(("1",), (EntrancePlan(None, (PLAN,)),), cells=(own,))
    (room,) = rooms_of(session, generate(project, steward, plain, names=["9栋"]))
    assert room.gross_area == Decimal("101.00")


def test_a_room_of_several_floors_tells_which(project, steward, session):
    cell = CellChange(2, 0, 1, row_span=2, column_span=2)
    generation = generate(project, steward, tower(floors=3, cells=(cell,)))
    top, *rest = rooms_of(session, generation)
    assert (top.row_span, top.column_span, top.lower_floors) == (2, 2, [[2, "2"]])
    assert [room.number for room in rest] == ["101", "102"]


def test_villas_are_a_building_each(project, steward, session):
    cell = CellChange(2, 0, 1, number="101", row_span=3)
    wish = Specification(("1", "2", "3"), (EntrancePlan(None, (PLAN,)),), cells=(cell,))
    generation = generate(project, steward, wish, mode=Mode.VILLA, names=["V1", "V2", "V3"])
    assert [room.title for room in rooms_of(session, generation)] == ["V1-101", "V2-101", "V3-101"]
    assert generation.buildings == "V1、V2、V3"
    positions = session.scalars(select(Building.position).order_by(Building.position)).all()
    assert positions == [1, 2, 3]


def test_more_rooms_go_into_a_building_that_is_there(project, steward, session):
    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    make_room(building, entrance_id=entrance.id, floor=1, floor_name="1", column=1, number="101")
    blank = CellChange(0, 0, 1, is_blank=True)
    generation = generate(project, steward, tower(cells=(blank,)), building=building)
    assert len(rooms_of(session, generation)) == 5
    assert count(session, Entrance) == 1


STANDING = [
    ({}, "1单元 1 层：已有房间 101"),
    ({"number": "1A"}, "1单元 1 层第 1 列：那里已有房间 1A"),
    ({"number": "1A", "column": 5, "floor_name": "2"}, "楼层 2 与楼栋现有楼层不符"),
    ({"number": "1A", "column": 5, "floor_name": "一"}, "楼层 1 与楼栋现有楼层不符，该处现为 一"),
]


@pytest.mark.parametrize(("room", "sentence"), STANDING)
def test_what_stands_there_is_in_the_way(project, steward, session, app, room, sentence):
    from flask_babel import force_locale

    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    values = {"floor": 1, "floor_name": "1", "column": 1, "number": "101", **room}
    make_room(building, entrance_id=entrance.id, **values)
    with (
        app.test_request_context(),
        force_locale("zh"),
        pytest.raises(Invalid) as caught,
    ):
        generate(project, steward, building=building)
    assert any(sentence in one for one in caught.value.details["faults"])
    assert count(session, Room) == 1
    assert count(session, RoomGeneration) == 0


@pytest.mark.parametrize(
    ("names", "word"),
    [((), "楼栋"), (("3栋",), "3栋"), (("甲", "甲"), "一栋楼"), (("楼" * 61,), "60")],
)
def test_a_building_needs_a_name_of_its_own(project, steward, app, names, word):
    from flask_babel import force_locale

    make_building(project, name="3栋")
    with app.test_request_context(), force_locale("zh"), pytest.raises(Invalid, match=word):
        generate(project, steward, names=names)


def test_a_preview_writes_nothing_and_draws_the_same(project, steward, session):
    wish = request(tower(floors=30, columns=4, rule=NumberRule.DOWN_ENTRANCE))
    preview = operations.preview_rooms(wish, project_id=project.id, actor=steward)
    assert (preview.rooms, preview.faults) == (120, ())
    assert count(session, Building) == count(session, Room) == 0
    made = operations.generate_rooms(wish, project_id=project.id, actor=steward)
    assert {room.number for room in preview.drawing.rooms} == {
        room.number for room in rooms_of(session, made)
    }


def test_a_preview_shows_what_stands_in_the_building(project, steward):
    building = make_building(project, name="3栋")
    for place, name in enumerate(("2单元", "1单元"), 1):
        entrance = make_entrance(building, name=name, position=place)
        make_room(building, entrance_id=entrance.id, floor=1, floor_name="1", number="101")
    make_room(building, entrance_id=entrance.id, number="X", status="merged", floor=2)
    wish = request(tower(entrances=("3单元",)), building=building)
    preview = operations.preview_rooms(wish, project_id=project.id, actor=steward)
    assert [(row.entrance, row.number) for row in preview.standing] == [
        ("2单元", "101"), ("1单元", "101")
    ]  # fmt: skip
    assert preview.faults == ()


def test_only_the_steward_and_only_within_scope(project, actor_for):
    with pytest.raises(NotAllowed):
        generate(project, actor_for("manager"))
    stranger = actor_for("steward", project=make_project())
    with pytest.raises(NotFound):
        generate(project, stranger)
    other = make_building(make_project())
    with pytest.raises((NotFound, Invalid)):
        generate(project, actor_for("steward"), building=other)


# ---- taking back ----


def test_a_generation_is_taken_back_with_all_that_it_made(project, steward, session):
    generation = generate(project, steward, tower(entrances=("1单元", "2单元")))
    operations.undo_generation(generation, actor=steward)
    assert generation.state == "undone"
    for model in (Room, Entrance, Building, HouseType):
        assert count(session, model) == 0
    gone = session.scalar(select(func.count()).where(RoomEvent.gone.is_(True)))
    assert gone == 12
    with pytest.raises(WrongState):
        operations.undo_generation(generation, actor=steward)


def test_what_others_use_by_now_stays(project, steward, session):
    generation = generate(project, steward)
    building = session.scalars(select(Building)).one()
    make_room(building, number="9901", floor=99)
    operations.undo_generation(generation, actor=steward)
    assert count(session, Building) == 1
    assert [room.number for room in session.scalars(select(Room))] == ["9901"]


def edit(room, steward):
    operations.edit_room(room, orientation="北", actor=steward)


def release(room, _steward):
    room.status = "available"


def price(room, _steward):
    price_rooms([room])


def draft(room, _steward):
    make_plan([room])


def remove(room, steward):
    operations.delete_room(room, actor=steward)


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (edit, "改动"),
        (release, "待售"),
        (price, "定价方案|价格"),
        (draft, "定价方案"),
        (remove, "删除"),
    ],
)
def test_whatever_has_happened_to_a_room_stands_in_the_way(
    project, steward, session, app, step, word
):
    from flask_babel import force_locale

    generation = generate(project, steward)
    step(rooms_of(session, generation)[0], steward)
    session.flush()
    with (
        app.test_request_context(),
        force_locale("zh"),
        pytest.raises(Conflict, match=word) as caught,
    ):
        operations.undo_generation(generation, actor=steward)
    assert generation.number in str(caught.value.message)
    assert count(session, Room) == (5 if step is remove else 6)


def test_another_steward_takes_nothing_back(project, actor_for, steward):
    generation = generate(project, steward)
    with pytest.raises(NotFound):
        operations.undo_generation(generation, actor=actor_for("steward", project=make_project()))
    with pytest.raises(NotAllowed):
        operations.undo_generation(generation, actor=actor_for("director"))


def test_a_hundred_floors_of_twenty_entrances_in_a_few_statements(
    project, steward, session, counted
):
    names = tuple(f"{n}单元" for n in range(1, 21))
    with counted() as statements:
        generation = generate(project, steward, tower(floors=100, entrances=names, columns=4))
    assert generation.rooms == 8000
    assert len(statements) < 60
    drawn = session.execute(text("SELECT count(DISTINCT (entrance_id, number)) FROM estate_room"))
    assert drawn.scalar_one() == 8000

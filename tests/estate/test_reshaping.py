"""Rooms merged, split back, columns put in and taken out, and rooms set at one stroke."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask_babel import force_locale
from sqlalchemy import select, text

from app.core.actor import acting
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.estate import operations
from app.estate.generator import ColumnPlan
from app.estate.layout import read_layout
from app.estate.models import Room, RoomEvent, RoomLineage, RoomStatus
from app.estate.operations import ColumnPlace, PartWish, RoomSetting, Side
from app.grid.queries import read_grid
from app.pricing.models import PricePlanRow, RoomPrice
from app.pricing.operations import freeze_plan, release_for_sale
from app.pricing.queries.selection import RoomSelection, rooms_for_rule, rooms_to_price
from app.sales.models import Hold
from tests.factories.estate import (
    make_building,
    make_entrance,
    make_fit_out,
    make_house_type,
    make_room,
)
from tests.factories.people import make_project
from tests.factories.pricing import make_plan, price_rooms
from tests.factories.sales import make_hold

pytestmark = pytest.mark.usefixtures("chinese")


@pytest.fixture
def steward(actor_for):
    return actor_for("steward")


@pytest.fixture
def chinese(app):
    with app.test_request_context(), force_locale("zh"):
        yield


@pytest.fixture
def block(project):
    """Three floors of three rooms of 100, 80 and 60 m² in an entrance; floor → rooms."""
    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    areas = {1: Decimal(100), 2: Decimal(80), 3: Decimal(60)}
    return {
        floor: [
            make_room(
                building,
                entrance_id=entrance.id,
                floor=floor,
                floor_name=str(floor),
                column=column,
                number=f"{floor}0{column}",
                gross_area=gross,
                inside_area=gross - 20,
            )
            for column, gross in areas.items()
        ]
        for floor in (1, 2, 3)
    }


def places(building_id):
    return {
        room.number: (room.floor, room.column, room.row_span, room.column_span)
        for room in _standing(building_id)
    }


def _standing(building_id):
    from app.estate.shapes import standing_rooms

    return standing_rooms(building_id)


def merge(room, side, actor):
    return operations.merge_rooms(room.id, side=side, actor=actor)


# ---- merging ----


def test_merged_to_the_right_a_room_is_as_large_as_both(block, steward, session):
    left, right, _third = block[2]
    made = merge(left, Side.RIGHT, steward)
    assert made is left
    assert (made.number, made.column, made.column_span) == ("201", 1, 2)
    assert (made.gross_area, made.inside_area) == (Decimal("180.00"), Decimal("140.00"))
    session.refresh(right)
    assert right.status == "merged"
    assert places(left.building_id)["201"] == (2, 1, 1, 2)
    (line,) = session.scalars(select(RoomLineage))
    assert (line.kind, line.room_id, line.source_id) == ("merge", left.id, right.id)
    assert line.source["title"] == "3栋-1单元-202"


def test_merged_downwards_it_reaches_over_two_floors(block, steward):
    upper = block[3][0]
    made = merge(upper, Side.DOWN, steward)
    assert (made.row_span, made.lower_floors) == (2, [[2, "2"]])
    made = merge(made, Side.DOWN, steward)
    assert (made.row_span, made.lower_floors) == (3, [[2, "2"], [1, "1"]])
    with pytest.raises(WrongState):
        operations.edit_room(made, floor=5, actor=steward)
    assert made.gross_area == Decimal("300.00")


def test_a_neighbour_must_be_as_high_or_as_wide(block, steward):
    merge(block[2][0], Side.RIGHT, steward)
    for room, side, word in (
        (block[3][0], Side.DOWN, "同宽"),
        (block[2][2], Side.RIGHT, "同高"),
        (block[1][0], Side.DOWN, "同宽"),
    ):
        with pytest.raises(Invalid, match=word) as caught:
            merge(room, side, steward)
        assert room.title in str(caught.value.message)
    wide = merge(block[3][0], Side.RIGHT, steward)
    assert merge(wide, Side.DOWN, steward).gross_area == Decimal("360.00")


@pytest.mark.parametrize(
    "status", [one for one in RoomStatus if one not in (RoomStatus.UNRELEASED, RoomStatus.HELD)]
)
def test_only_rooms_off_the_market_are_merged(block, steward, session, status):
    left, right, _third = block[2]
    right.status = status.value
    session.flush()
    with pytest.raises((WrongState, Invalid)):
        merge(left, Side.RIGHT, steward)
    session.refresh(left)
    assert left.column_span == 1


def test_being_off_the_market_for_a_reason_ends_with_the_merge(block, steward, actor_for, session):
    left, right, _third = block[2]
    for room in (left, right):
        room.status = "available"
        session.flush()
        make_hold(room, actor_for("controller"), reason="样板房")
        assert room.status == "held"
    made = merge(left, Side.RIGHT, steward)
    assert made.status == "unreleased"
    holds = session.scalars(select(Hold)).all()
    assert {hold.state for hold in holds} == {"released"}
    assert all("3栋-1单元-201" in hold.end_reason for hold in holds)


def test_a_hold_for_a_customer_stands_in_the_way(block, steward, actor_for, session):
    left, right, _third = block[2]
    right.status = "available"
    session.flush()
    make_hold(right, actor_for("consultant"))
    right.status = "unreleased"
    session.flush()
    with pytest.raises(Conflict, match="3栋-1单元-202 由"):
        merge(left, Side.RIGHT, steward)


def test_a_merged_room_asks_for_its_price_again(block, steward, actor_for, session):
    left, right, third = block[2]
    price_rooms([left, right, third])
    draft = make_plan([left, right, third])
    made = merge(left, Side.RIGHT, steward)
    ended = session.scalars(select(RoomPrice).where(RoomPrice.valid_to.is_not(None))).all()
    assert {price.room_id for price in ended} == {left.id, right.id}
    rows = session.scalars(select(PricePlanRow).where(PricePlanRow.plan_id == draft.id))
    assert [row.room_id for row in rows] == [third.id]
    director = actor_for("director")
    with pytest.raises(Invalid, match="没有价格"):
        release_for_sale(room_ids=[made.id], reason="开盘", actor=director)
    price_rooms([made], "9000000.00")
    release_for_sale(room_ids=[made.id], reason="开盘", actor=director)


@pytest.mark.parametrize("state", ["in_approval", "scheduled"])
def test_a_price_plan_that_is_asked_or_waits_stands_in_the_way(block, steward, state):
    left, right, _third = block[2]
    plan = make_plan([right])
    freeze_plan(plan.id, actor=steward)
    assert plan.state == "in_approval"
    plan.state = state
    with pytest.raises(Conflict, match=plan.number):
        merge(left, Side.RIGHT, steward)


def test_a_room_merged_away_is_never_priced(block, steward, project):
    left, right, third = block[2]
    price_rooms([left, right, third])
    merge(left, Side.RIGHT, steward)
    everything = RoomSelection(project.id, room_ids=(left.id, right.id, third.id))
    assert [room.id for room in rooms_to_price(everything)] == [left.id, third.id]
    assert [room.room_id for room in rooms_for_rule(everything)] == [left.id, third.id]


def test_accessories_follow_their_main_room(block, steward, session):
    left, right, store = block[2]
    operations.edit_room(store, main_room_id=right.id, actor=steward)
    assert store.is_accessory
    merge(left, Side.RIGHT, steward)
    session.refresh(store)
    assert store.main_room_id == left.id


def test_the_grid_forgets_the_neighbour_and_the_stream_says_so(block, steward, session, project):
    left, right, _third = block[2]
    session.execute(text("DELETE FROM estate_room_event"))
    merge(left, Side.RIGHT, steward)
    told = {
        (event.room_id, event.gone)
        for event in session.scalars(select(RoomEvent).order_by(RoomEvent.id))
    }
    assert told == {(left.id, False), (right.id, True)}
    drawn = read_grid(project.id, actor=steward).members
    assert '"number":"201"' in drawn
    assert '"column_span":2' in drawn
    assert '"number":"202"' not in drawn


def test_the_number_is_free_again(block, steward):
    left, _right, third = block[2]
    merge(left, Side.RIGHT, steward)
    operations.edit_room(third, number="202", actor=steward)
    assert third.number == "202"


def test_who_may_not(block, actor_for):
    left = block[2][0]
    for role in ("manager", "controller", "director"):
        with pytest.raises(NotAllowed):
            merge(left, Side.RIGHT, actor_for(role))
    stranger = actor_for("steward", project=make_project())
    with acting(stranger), pytest.raises(NotFound):
        merge(left, Side.RIGHT, stranger)


def test_a_room_merged_away_does_not_change_any_more(block, steward, session):
    left, right, _third = block[2]
    merge(left, Side.RIGHT, steward)
    session.refresh(right)
    with pytest.raises(WrongState):
        operations.edit_room(right, orientation="北", actor=steward)
    with pytest.raises(WrongState):
        operations.delete_room(right, actor=steward)
    with pytest.raises(WrongState):
        merge(right, Side.RIGHT, steward)


# ---- splitting ----


def test_split_back_the_left_cell_keeps_its_identity_and_the_other_is_new(block, steward, session):
    left, right, _third = block[2]
    merge(left, Side.RIGHT, steward)
    kept, new = operations.split_room(left.id, actor=steward)
    assert kept is left
    assert (kept.gross_area, kept.column_span) == (Decimal("100.00"), 1)
    assert (new.number, new.gross_area, new.inside_area) == (
        "202", Decimal("80.00"), Decimal("60.00")
    )  # fmt: skip
    assert new.id != right.id
    assert places(left.building_id)["202"] == (2, 2, 1, 1)
    line = session.scalars(select(RoomLineage).where(RoomLineage.kind == "split")).one()
    assert (line.room_id, line.source_id, line.restores_id) == (new.id, left.id, right.id)
    with pytest.raises(WrongState):
        operations.split_room(left.id, actor=steward)


def test_the_last_merge_is_split_first_and_nothing_of_the_inner_one_is_lost(block, steward):
    first, second, third = block[2]
    pair = merge(second, Side.RIGHT, steward)
    assert pair.gross_area == Decimal("140.00")
    merge(first, Side.RIGHT, steward)
    kept, other = operations.split_room(first.id, actor=steward)
    assert (kept.gross_area, other.gross_area, other.column_span) == (
        Decimal("100.00"), Decimal("140.00"), 2
    )  # fmt: skip
    inner, outer = operations.split_room(other.id, actor=steward)
    assert (inner.number, inner.gross_area) == ("202", Decimal("80.00"))
    assert (outer.number, outer.gross_area) == (third.number, Decimal("60.00"))


def test_parts_may_be_called_and_sized_otherwise_as_long_as_they_add_up(block, steward):
    left = merge(block[2][0], Side.RIGHT, steward)
    wrong = [PartWish("2A", Decimal(90), Decimal(70)), PartWish("2B", Decimal(80), Decimal(70))]
    with pytest.raises(Invalid, match="170"):
        operations.split_room(left.id, wishes=wrong, actor=steward)
    with pytest.raises(Invalid, match="2 个部分"):
        operations.split_room(left.id, wishes=wrong[:1], actor=steward)
    good = [PartWish("2A", Decimal(90), Decimal(70)), PartWish("2B", Decimal(90), Decimal(70))]
    kept, new = operations.split_room(left.id, wishes=good, actor=steward)
    assert (kept.number, new.number) == ("2A", "2B")


def test_a_number_that_was_taken_meanwhile_is_named_and_nothing_is_split(block, steward, session):
    left, _right, third = block[2]
    merge(left, Side.RIGHT, steward)
    operations.edit_room(third, number="202", actor=steward)
    with pytest.raises(Conflict, match="202"), session.begin_nested():
        operations.split_room(left.id, actor=steward)
    session.expire_all()
    assert left.column_span == 2
    again = [PartWish(), PartWish(number="202A")]
    assert operations.split_room(left.id, wishes=again, actor=steward)[1].number == "202A"


def test_a_wide_room_that_was_never_merged_is_split_into_cells(block, steward):
    building_id = block[1][0].building_id
    wide = operations.add_room(
        building_id=building_id, number="401", floor=4, column=1, gross_area=Decimal("100.01"),
        actor=steward,
    )  # fmt: skip
    wide.column_span, wide.row_span, wide.lower_floors = 3, 1, []
    rooms = operations.split_room(wide.id, actor=steward)
    assert [room.gross_area for room in rooms] == [
        Decimal("33.34"), Decimal("33.34"), Decimal("33.33")
    ]  # fmt: skip
    assert [room.number for room in rooms] == ["401", "402", "403"]


def test_splitting_follows_columns_that_came_in_between(block, steward):
    second, third = block[2][1:]
    merge(second, Side.RIGHT, steward)
    place = ColumnPlace(second.building_id, second.entrance_id, 1)
    operations.insert_column(place, actor=steward)
    kept, new = operations.split_room(second.id, actor=steward)
    assert (kept.column, new.column, new.number) == (3, 4, third.number)


# ---- columns ----


def test_a_column_with_a_room_on_every_floor(block, steward, session):
    room = block[1][0]
    place = ColumnPlace(room.building_id, room.entrance_id, 2)
    plan = ColumnPlan(None, Decimal(70), Decimal(50), "东")
    assert operations.insert_column(place, suffix="09", plan=plan, actor=steward) == 3
    session.expire_all()
    assert places(room.building_id)["309"] == (3, 2, 1, 1)
    assert places(room.building_id)["302"] == (3, 3, 1, 1)


def test_a_column_is_not_put_across_a_room(block, steward):
    left = merge(block[2][0], Side.RIGHT, steward)
    place = ColumnPlace(left.building_id, left.entrance_id, 2)
    for step in (operations.insert_column, operations.delete_column):
        with pytest.raises(Conflict, match=left.title):
            step(place, actor=steward)


def test_a_column_does_not_move_what_is_on_the_market(block, steward, session):
    sold = block[3][2]
    sold.status = "subscribed"
    session.flush()
    place = ColumnPlace(sold.building_id, sold.entrance_id, 1)
    with pytest.raises(WrongState, match=sold.title):
        operations.insert_column(place, actor=steward)
    behind = ColumnPlace(sold.building_id, sold.entrance_id, 4)
    assert operations.insert_column(behind, actor=steward) == 0


def test_a_taken_number_of_a_new_column_names_floor_and_entrance(block, steward):
    room = block[1][0]
    place = ColumnPlace(room.building_id, room.entrance_id, 4)
    plan = ColumnPlan(None, Decimal(70))
    with pytest.raises(Conflict, match="3栋-1单元 3 层：已有房间 302"):
        operations.insert_column(place, suffix="02", plan=plan, actor=steward)
    with pytest.raises(Invalid) as caught:
        operations.insert_column(place, suffix="05", actor=steward)
    assert "gross_area" in caught.value.fields


def test_a_column_goes_with_its_rooms(block, steward, session):
    room = block[1][0]
    place = ColumnPlace(room.building_id, room.entrance_id, 2)
    assert operations.delete_column(place, actor=steward) == 3
    session.expire_all()
    assert set(places(room.building_id)) == {"101", "103", "201", "203", "301", "303"}
    assert places(room.building_id)["303"][1] == 2
    with pytest.raises(Invalid):
        operations.delete_column(ColumnPlace(room.building_id, None, 7), actor=steward)


def test_a_column_with_prices_or_a_history_stays(block, steward, session):
    priced = block[3][1]
    price_rooms([priced])
    place = ColumnPlace(priced.building_id, priced.entrance_id, 2)
    with pytest.raises(Conflict, match=priced.title):
        operations.delete_column(place, actor=steward)
    assert session.get(Room, priced.id) is not None


# ---- setting many rooms ----


def set_rooms(rooms, actor, *, dry_run=False, versions=None, **values):
    setting = RoomSetting(tuple(room.id for room in rooms), values)
    return operations.set_rooms(
        [setting], project_id=rooms[0].project_id, dry_run=dry_run, versions=versions, actor=actor
    )


def test_many_rooms_are_set_at_one_stroke(block, steward, project, counted):
    kind, fit_out = make_house_type(project, name="B2"), make_fit_out(project, name="精装")
    rooms = [room for line in block.values() for room in line]
    with counted() as statements:
        summary = set_rooms(
            rooms, steward, orientation="南", view="江景", house_type_id=kind.id,
            structure="三室", fit_out_id=fit_out.id, usage="both",
        )  # fmt: skip
    assert summary.rooms == 9
    assert len([one for one in statements if one.startswith("UPDATE estate_room")]) == 1
    told = {change.field: (change.before, change.after, change.rooms) for change in summary.changes}
    assert told["orientation"] == ("", "南", 9)
    assert told["house_type_id"] == ("", "B2", 9)
    assert told["fit_out_id"] == ("", "精装", 9)
    assert {(room.view, room.usage) for room in rooms} == {("江景", "both")}
    again = set_rooms(rooms, steward, orientation="南")
    assert (again.rooms, again.changes) == (0, ())


def test_a_dry_run_only_tells(block, steward):
    rooms = block[1]
    summary = set_rooms(rooms, steward, dry_run=True, gross_area=Decimal(120), inside_area=None)
    assert (summary.gross_before, summary.gross_after, summary.resized) == (
        Decimal("240.00"), Decimal("360.00"), 3
    )  # fmt: skip
    assert rooms[0].gross_area == Decimal("100.00")


def test_one_room_that_does_not_fit_refuses_all_and_is_named(block, steward, session):
    rooms = block[1]
    with pytest.raises(Invalid, match="3栋-1单元-103"):
        set_rooms(rooms, steward, inside_area=Decimal(70), view="江景")
    rooms[1].status = "available"
    session.flush()
    with pytest.raises(WrongState, match="3栋-1单元-102"):
        set_rooms(rooms, steward, gross_area=Decimal(200))
    assert set_rooms(rooms, steward, view="江景").rooms == 3
    session.expire_all()
    assert [room.gross_area for room in rooms] == [Decimal(100), Decimal(80), Decimal(60)]


def test_somebody_was_quicker(block, steward, session):
    rooms = block[1]
    seen = {room.id: room.version for room in rooms}
    operations.edit_room(rooms[2], orientation="北", actor=steward)
    with pytest.raises(Conflict, match="3栋-1单元-103"):
        set_rooms(rooms, steward, versions=seen, orientation="南")
    session.refresh(rooms[0])
    assert rooms[0].orientation is None


def test_accessories_and_their_main_rooms(block, steward):
    main, store, other = block[1]
    assert set_rooms([store], steward, main_room_id=main.id).rooms == 1
    assert store.is_accessory
    for wrong in (store.id, make_room(project=make_project()).id):
        with pytest.raises(Invalid, match=other.title):
            set_rooms([other], steward, main_room_id=wrong)
    with pytest.raises(Invalid, match="主房间"):
        set_rooms([other], steward, main_room_id=other.id)
    set_rooms([store], steward, is_accessory=False)
    assert store.main_room_id is None


def test_what_belongs_to_another_project_is_not_given(block, steward, project):
    other = make_project()
    off = make_fit_out(project, is_active=False)
    for values in (
        {"house_type_id": make_house_type(other).id},
        {"fit_out_id": make_fit_out(other).id},
        {"fit_out_id": off.id},
        {"usage": "gift"},
        {"status": "available"},
    ):
        with pytest.raises(Invalid):
            set_rooms(block[1], steward, **values)
    with pytest.raises(NotFound):
        set_rooms([*block[1], make_room(project=other)], steward, view="江景")


def test_a_building_is_read_as_it_stands(block, steward):
    merge(block[3][0], Side.DOWN, steward)
    with acting(steward):
        layout = read_layout(block[1][0].building_id)
    assert layout["floors"] == [[1, "1"], [2, "2"], [3, "3"]]
    assert [one["columns"] for one in layout["entrances"]] == [3]
    (tall,) = [room for room in layout["rooms"] if room["rows"] == 2]
    assert (tall["number"], tall["floor"], tall["was_merged"]) == ("301", 2, True)
    assert len(layout["rooms"]) == 8

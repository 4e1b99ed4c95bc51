"""Price lists taken in: all of it or nothing, in either shape."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core.errors import NotAllowed, NotFound, WrongState
from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    Project,
    Room,
    RoomImport,
    RoomImportFile,
)
from app.estate.operations import ReceivedFile
from app.estate.sheets import read_price_list
from app.pricing.models import PricePlan, PricePlanRow, RoomPrice
from app.pricing.operations import carry_out_import, import_price_list
from tests.factories.people import make_project
from tests.factories.pricing import price_rooms
from tests.pricing.conftest import HEAD, PUBLISHED_TOTAL

ROW = ["3栋", "1单元", 31, "01", 125.53, 100.05, 52229.87]
OTHER = ["3栋", "1单元", 31, "02", 125.53, 100.05, 52552.86]


@pytest.fixture
def take_in(project, steward):
    def run(data, *, name="list.xlsx", into=None, actor=None, **options):
        options = {"update": False, "dry_run": False, **options}
        return import_price_list(
            data, name, project=into or project, actor=actor or steward, **options
        )

    return run


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_the_published_list_of_rows(take_in, rows_file, project, session):
    begun = time.perf_counter()
    result = take_in(rows_file, name="songfeng-rooms.xls")
    assert time.perf_counter() - begun < 2

    assert result.list_total == Decimal(PUBLISHED_TOTAL)
    assert (result.outcome.rooms, result.outcome.new) == (416, 416)
    assert [(b.name, b.rooms) for b in result.outcome.buildings] == [
        ("3栋", 116),
        ("6栋", 180),
        ("7栋", 120),
    ]
    assert result.plan.state == "draft"
    assert result.record.state == "done"
    rooms = session.scalars(select(Room).where(Room.project_id == project.id)).all()
    assert len(rooms) == 416
    assert {room.status for room in rooms} == {"unreleased"}
    summed = session.scalar(
        select(func.sum(PricePlanRow.list_total)).where(PricePlanRow.plan_id == result.plan.id)
    )
    assert summed == Decimal(PUBLISHED_TOTAL)
    # No room has a list price before the plan is approved.
    assert count(session, RoomPrice) == 0


def test_a_room_is_written_as_the_list_says(take_in, rows_file, session):
    take_in(rows_file)
    room = session.scalars(
        select(Room)
        .join(Building, Building.id == Room.building_id)
        .join(Entrance, Entrance.id == Room.entrance_id)
        .where(Building.name == "3栋", Entrance.name == "1单元", Room.number == "3101")
    ).one()
    assert (room.floor, room.floor_name, room.column) == (31, "31", 1)
    assert (room.gross_area, room.inside_area) == (Decimal("125.53"), Decimal("100.05"))
    assert room.title == "3栋-1单元-3101"
    row = session.scalars(select(PricePlanRow).where(PricePlanRow.room_id == room.id)).one()
    assert row.list_unit_price == Decimal("52229.87")
    assert row.list_total == Decimal("6556415.58")
    # 95 % of it is 6,228,594.80, rounded up to 100.
    assert row.floor_total == Decimal("6228600.00")


def test_the_published_matrix_alone(take_in, matrix_file, rows_file, session, project):
    result = take_in(matrix_file, name="songfeng-matrix.xlsx")
    assert result.outcome.new == 416
    assert result.list_total == Decimal("2134261487.00")
    assert result.record.shape == "matrix"
    rooms = session.scalars(select(Room).where(Room.project_id == project.id)).all()
    assert {room.inside_area for room in rooms} == {None}
    # Total ÷ unit price gives the published gross areas again.
    published = read_price_list(rows_file).rows
    assert {(room.number, room.gross_area) for room in rooms} == {
        (row.number, row.gross_area) for row in published
    }


def test_buildings_without_entrances_have_none(take_in, rows_file, session):
    take_in(rows_file)
    seventh = session.scalars(select(Building).where(Building.name == "7栋")).one()
    entrances = session.scalars(select(Room.entrance_id).where(Room.building_id == seventh.id))
    assert set(entrances) == {None}


def test_buildings_stand_in_the_order_of_the_list(take_in, sheet, project, session):
    take_in(
        sheet([ROW, ["12栋", None, 1, "01", 80, 60, 1000], ["5栋", None, 1, "01", 80, 60, 900]])
    )
    take_in(sheet([["1栋", None, 1, "01", 80, 60, 1000]]))
    found = session.scalars(
        select(Building.name).where(Building.project_id == project.id).order_by(Building.position)
    )
    assert list(found) == ["3栋", "12栋", "5栋", "1栋"]


def test_a_dry_run_writes_nothing_but_its_record(take_in, rows_file, session, project):
    result = take_in(rows_file, dry_run=True)
    assert result.outcome.new == 416
    assert result.list_total == Decimal(PUBLISHED_TOTAL)
    assert result.plan is None
    for model in (Building, Entrance, Room, PricePlan):
        found = select(func.count()).select_from(model).where(model.project_id == project.id)
        assert session.scalar(found) == 0, model
    assert result.record.state == "checked"
    assert result.record.counts["rooms"] == 416


def test_a_dry_run_is_carried_out_with_the_file_that_was_checked(
    take_in, rows_file, session, steward
):
    checked = take_in(rows_file, dry_run=True, name="songfeng-rooms.xls")
    assert count(session, RoomImportFile) == 1

    done = carry_out_import(checked.record, actor=steward)

    assert done.record.id == checked.record.id
    assert done.record.state == "done"
    assert done.list_total == Decimal(PUBLISHED_TOTAL)
    assert done.record.counts["price_plan"]["number"] == done.plan.number
    assert count(session, RoomImportFile) == 0
    with pytest.raises(WrongState, match="DR"):
        carry_out_import(done.record, actor=steward)


def test_carrying_out_looks_at_the_rooms_again(take_in, sheet, session, steward):
    take_in(sheet([ROW]))
    checked = take_in(sheet([[*ROW[:4], 130, 100, 52229.87]]), dry_run=True, update=True)
    assert checked.outcome.changed == 1
    room = session.scalars(select(Room)).one()
    room.status = "available"
    session.flush()

    refused = carry_out_import(checked.record, actor=steward)

    assert [fault.code for fault in refused.faults] == ["room_on_market"]
    assert refused.record.state == "refused"
    assert session.scalars(select(Room.gross_area)).one() == Decimal("125.53")


def test_rooms_that_are_there_are_compared_and_left_alone(take_in, sheet, session):
    take_in(sheet([ROW, OTHER]))
    result = take_in(sheet([[*ROW[:4], 126.00, 100.05, 52229.87], OTHER]))
    outcome = result.outcome
    assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 1, 1)
    assert outcome.changes[0].title == "3栋-1单元-3101"
    assert outcome.changes[0].gross_area == (Decimal("125.53"), Decimal("126.00"))
    areas = set(session.scalars(select(Room.gross_area)))
    assert areas == {Decimal("125.53")}
    # The price of the room left alone was made for another area: it is not in the plan.
    rows = select(func.count()).where(PricePlanRow.plan_id == result.plan.id)
    assert session.scalar(rows) == 1
    assert result.list_total == Decimal("6596960.52")


def test_update_changes_rooms_off_the_market(take_in, sheet, session):
    take_in(sheet([ROW, OTHER]))
    changed = sheet([[*ROW[:4], 126.00, 100.05, 52229.87], OTHER])
    result = take_in(changed, update=True)
    assert result.outcome.changed == 1
    assert result.record.counts["update"] is True
    areas = session.scalars(select(Room.gross_area).order_by(Room.number))
    assert list(areas) == [Decimal("126.00"), Decimal("125.53")]
    rows = select(func.count()).where(PricePlanRow.plan_id == result.plan.id)
    assert session.scalar(rows) == 2


def test_update_is_refused_for_a_room_on_the_market(take_in, sheet, session):
    take_in(sheet([ROW, OTHER]))
    session.scalars(select(Room).where(Room.number == "3101")).one().status = "reserved"
    session.flush()
    changed = sheet([[*ROW[:4], 126.00, 100.05, 52229.87], OTHER])

    result = take_in(changed, update=True)

    (fault,) = result.faults
    assert fault.code == "room_on_market"
    assert (fault.sheet, fault.line) == ("房源", 2)
    assert "3栋-1单元-3101" in str(fault.message)
    assert set(session.scalars(select(Room.gross_area))) == {Decimal("125.53")}


def test_a_list_with_faults_is_refused_as_a_whole(take_in, sheet, session, project):
    bad = [*OTHER[:4], "x", 100.05, 52552.86]
    result = take_in(sheet([ROW, bad]))
    assert [fault.line for fault in result.faults] == [3]
    assert result.record.state == "refused"
    assert result.record.faults[0]["line"] == 3
    assert result.plan is None
    rooms = select(func.count()).where(Room.project_id == project.id)
    assert session.scalar(rooms) == 0


def test_faults_come_in_the_order_of_the_sheet(take_in, sheet):
    """Cells are read before areas are compared; who mends the sheet goes through it once."""
    bad = [*ROW[:4], 99.00, 130.00, "x"]
    worse = [*OTHER[:4], "y", 100.05, "x"]
    result = take_in(sheet([bad, worse, ROW]))  # the last is the first room again
    places = [(fault.line, fault.column[:1]) for fault in result.faults]
    assert places == [(2, "F"), (2, "G"), (3, "E"), (3, "G"), (4, "D")]


def test_faults_survive_being_kept(take_in, sheet, session):
    inside = [*ROW[:5], 130.00, 52229.87]
    result = take_in(sheet([inside]))
    session.expire_all()
    record = session.get(RoomImport, result.record.id)
    assert record.faults[0]["code"] == "inside_above_gross"


def test_what_cannot_be_seen_is_told_with_its_cell(take_in, session):
    """A NUL or half a pair in a file fits into no JSON of the database."""
    lines = [",".join(HEAD), *[f"3栋,1单元,31,{n:03},99,80,9999" for n in range(1, 121)]]
    broken = "\n".join([*lines, "3\0栋,1单元,31,190,99,80,9999"]).encode()
    result = take_in(broken, name="list.csv")
    session.expire_all()
    (fault,) = session.get(RoomImport, result.record.id).faults
    assert (fault["code"], fault["line"]) == ("hidden_characters", 122)
    assert fault["value"] == "3\ufffd栋"


def test_the_same_room_in_two_wordings_of_its_building_is_a_fault(take_in, sheet):
    take_in(sheet([OTHER]))
    result = take_in(sheet([ROW, ["3号楼", "1单元", 31, "01", 125.53, 100.05, 50000]]))
    assert [fault.code for fault in result.faults] == ["duplicate_room_in_sheet"]


def test_other_wordings_of_a_building_are_the_same_building(take_in, sheet, session):
    take_in(sheet([ROW]))
    result = take_in(sheet([["3号楼", "1单元", 31, "02", 125.53, 100.05, 50000]]))
    assert result.outcome.new == 1
    assert count(session, Building) == 1
    assert count(session, Entrance) == 1


def test_a_list_without_prices_makes_no_plan(take_in, sheet, session):
    result = take_in(sheet([ROW[:6]], head=HEAD[:6]))
    assert result.outcome.new == 1
    assert result.plan is None
    assert count(session, PricePlan) == 0


def test_house_types_are_added_once(take_in, sheet, session):
    head = [*HEAD, "户型"]
    take_in(sheet([[*ROW, "A1"], [*OTHER, "A1"]], head=head))
    types = session.scalars(select(HouseType)).all()
    assert [found.name for found in types] == ["A1"]
    assert set(session.scalars(select(Room.house_type_id))) == {types[0].id}


def test_two_published_lists_agree_within_a_yuan(take_in, rows_file, matrix_file):
    second = ReceivedFile("songfeng-matrix.xlsx", matrix_file)
    result = take_in(rows_file, dry_run=True, second=second)
    (agreement,) = result.agreements
    assert agreement.agrees
    assert (agreement.compared, agreement.beyond, agreement.missing) == (416, 0, 0)
    assert agreement.largest == Decimal("0.85")
    assert result.record.counts["agreements"][0]["agrees"] is True


def test_a_later_list_is_held_against_the_prices_known(take_in, rows_file, matrix_file):
    take_in(rows_file)
    result = take_in(matrix_file)
    (agreement,) = result.agreements
    assert agreement.agrees
    assert agreement.compared == 416
    assert agreement.largest == Decimal("0.85")


def test_lists_that_do_not_agree_say_so(take_in, sheet):
    second = ReceivedFile("other.xlsx", sheet([[*ROW[:6], 52230.87], OTHER]))
    result = take_in(sheet([ROW]), second=second)
    (agreement,) = result.agreements
    assert not agreement.agrees
    assert (agreement.beyond, agreement.missing) == (1, 1)
    assert agreement.largest == Decimal("125.53")
    assert "3栋-1单元-3101" in agreement.beyond_rooms


def test_a_second_list_with_faults_refuses_the_import(take_in, sheet, session):
    second = ReceivedFile("other.xlsx", b"no spreadsheet <html>")
    result = take_in(sheet([ROW]), second=second)
    assert result.faults[0].sheet.startswith("other.xlsx")
    assert count(session, Room) == 0


def test_floor_prices_follow_the_setting(take_in, sheet, session):
    from app.core.settings import set_setting

    set_setting("pricing.default_floor_percent", "100")
    take_in(sheet([ROW]))
    row = session.scalars(select(PricePlanRow)).one()
    # Rounded up to 100 it would be above the list total, at which it is capped.
    assert row.floor_total == row.list_total == Decimal("6556415.58")


def test_priced_rooms_keep_their_price_until_the_new_plan_is_approved(take_in, sheet, session):
    take_in(sheet([ROW]))
    room = session.scalars(select(Room)).one()
    price_rooms([room], "6000000.00")
    take_in(sheet([ROW]))
    assert session.scalars(select(RoomPrice)).one().list_total == Decimal("6000000.00")


def test_only_the_steward_imports_and_only_into_his_projects(take_in, sheet, actor_for):
    data = sheet([ROW])
    for role in ("consultant", "manager", "director", "cashier", "gm", "admin", "agency"):
        with pytest.raises(NotAllowed):
            take_in(data, actor=actor_for(role))
    with pytest.raises(NotFound):
        take_in(data, into=make_project())


def test_a_name_that_is_a_code_is_not_taken_off_buildings(take_in, sheet, session, steward):
    project = session.get(Project, next(iter(steward.projects)))
    project.name = project.code = "A"
    session.flush()
    take_in(sheet([["A栋", None, 1, "01", 80, 60, 1000], ["B栋", None, 1, "01", 80, 60, 1000]]))
    assert set(session.scalars(select(Building.name))) == {"A栋", "B栋"}

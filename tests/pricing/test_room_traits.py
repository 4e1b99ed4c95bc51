"""What lists say of rooms besides: found by name, brought in, changed, and round again."""

from __future__ import annotations

from io import BytesIO

import pytest
from sqlalchemy import select

from app.estate.models import FitOut, HouseType, ProductType, Room, Zone
from app.estate.room_sheet import HEADINGS, SHEET_NAME, list_sheet_rows
from app.pricing.operations import import_price_list
from app.web.line_files import FileColumn, write_lines
from tests.factories.estate import make_building, make_room

HEAD = [
    "楼栋", "楼层", "房号", "建筑面积", "朝向", "景观", "户型结构", "装修标准", "租售类型",
    "产品类型", "分区",
]  # fmt: skip
TRAITS = ["南北", "江景", "三室两厅", "精装A", "出租", "高层", "一期"]
ROW = ["3栋", 31, "01", 125.53, *TRAITS]


@pytest.fixture
def take_in(project, steward, sheet):
    def run(rows, *, head=HEAD, data=None, **options):
        options = {"update": False, "dry_run": False, **options}
        data = sheet(rows, head=head) if data is None else data
        return import_price_list(data, "list.xlsx", project=project, actor=steward, **options)

    return run


@pytest.fixture
def master(project, session):
    kinds = [
        FitOut(project_id=project.id, name="精装A", unit_price=1500),
        *[Zone(project_id=project.id, name=name) for name in ("一期", "二期")],
    ]
    session.add_all(kinds)
    if not session.scalar(select(ProductType).where(ProductType.name == "高层")):
        session.add(ProductType(name="高层"))
    session.flush()


def said(room):
    building = room.building
    return [
        room.orientation, room.view, room.structure, room.fit_out and room.fit_out.name, room.usage,
        building.product_type and building.product_type.name, building.zone and building.zone.name,
    ]  # fmt: skip


def round_again(project, steward):
    stream = BytesIO()
    columns = [FileColumn(heading) for heading in HEADINGS]
    write_lines(stream, columns, list_sheet_rows(project, actor=steward), sheet_name=SHEET_NAME)
    return stream.getvalue()


@pytest.mark.usefixtures("master")
def test_a_new_room_is_all_that_its_row_says(take_in, session):
    result = take_in([ROW])
    assert not result.faults
    room = session.scalars(select(Room)).one()
    assert said(room) == [*TRAITS[:4], "lease", *TRAITS[5:]]


@pytest.mark.usefixtures("master")
def test_names_that_nobody_knows_are_named_once_each(take_in, session):
    other = [*ROW[:2], "02", 99, *TRAITS]
    for at, name in ((7, "毛坯B"), (9, "城堡"), (10, "三期")):
        bad = [[*row[:at], name, *row[at + 1 :]] for row in (ROW, other)]
        (fault,) = take_in(bad).faults
        assert (fault.line, fault.value, fault.params["count"]) == (2, name, 2)
        assert fault.column.endswith(HEAD[at])
        assert fault.code.startswith("unknown_")
    (fault,) = take_in([[*ROW[:8], "白送", *ROW[9:]]]).faults
    assert (fault.code, fault.column) == ("not_a_usage", "I 租售类型")
    (fault,) = take_in([ROW, [*other[:-1], "二期"]]).faults
    assert (fault.code, fault.line, fault.params["name"]) == ("building_disagrees", 3, "一期")
    assert session.scalars(select(Room)).all() == []


@pytest.mark.usefixtures("master")
def test_what_is_switched_off_stays_with_who_has_it_and_is_given_to_nobody(
    take_in, session, project
):
    take_in([ROW])
    for found in session.scalars(select(FitOut).where(FitOut.project_id == project.id)):
        found.is_active = False
    session.add(HouseType(project_id=project.id, name="A1", is_active=False))
    session.flush()
    assert not take_in([ROW], update=True).faults
    (fault,) = take_in([[*ROW[:2], "02", 99, *TRAITS]]).faults
    assert fault.code == "fit_out_off"
    (fault,) = take_in([[*ROW[:4], "A1"]], head=[*HEAD[:4], "户型"], update=True).faults
    assert fault.code == "house_type_off"


@pytest.mark.usefixtures("master")
def test_rooms_on_the_market_change_what_is_not_firm(take_in, session):
    take_in([ROW])
    room = session.scalars(select(Room)).one()
    room.status = "available"
    session.flush()
    result = take_in([["3栋", 31, "01", 125.53, "东", *TRAITS[1:6], "二期"]], update=True)
    assert not result.faults
    (change,) = result.outcome.changes
    assert (change.orientation, change.view) == (("南北", "东"), ("江景", "江景"))
    (building,) = result.outcome.building_changes
    assert building.zone == ("一期", "二期")
    session.expire_all()
    assert said(room) == ["东", *TRAITS[1:4], "lease", "高层", "二期"]


@pytest.mark.usefixtures("master")
def test_the_sheet_of_rooms_unedited_changes_nothing(take_in, session, project, steward):
    take_in([ROW])
    # What lists cannot say or would read otherwise: short numbers, floors with names of their own,
    # places that do not follow the number, buildings that begin alike.
    garage = make_building(project=project, name="A区1栋", usage="both")
    make_room(garage, number="01", floor=-1, floor_name="B1", column=7)
    make_room(garage, number="0501", floor=4, floor_name="5", column=3)
    make_room(garage, number="大堂01", floor=1, floor_name="首层", column=2)
    make_room(
        make_building(project=project, name="A区2栋"), number="别墅2", floor=1, floor_name="1"
    )
    session.flush()
    before = {room.id: (room.number, room.floor, room.floor_name, room.column, *said(room))
              for room in session.scalars(select(Room))}  # fmt: skip
    result = take_in(None, data=round_again(project, steward), update=True)
    outcome = result.outcome
    assert [fault.code for fault in result.faults] == []
    assert (outcome.new, outcome.changed, outcome.unchanged, outcome.absent) == (0, 0, 5, 0)
    assert outcome.building_changes == ()
    session.expire_all()
    after = {room.id: (room.number, room.floor, room.floor_name, room.column, *said(room))
             for room in session.scalars(select(Room))}  # fmt: skip
    assert after == before

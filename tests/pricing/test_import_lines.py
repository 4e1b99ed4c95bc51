"""The full before → after of a check: kept room by room, paged, sent, and what is written."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.errors import Conflict
from app.estate.models import Room, RoomImportLine
from app.pricing.operations import carry_out_import, check_again, import_price_list

HEAD = ["楼栋", "楼层", "房号", "建筑面积", "朝向", "租售类型"]
THREE = [["3栋", 31, number, 125.53, "南北", "出售"] for number in ("01", "02", "03")]
NEW_AREA, NEW_USE = 126, "租售"


@pytest.fixture
def take_in(project, steward, sheet):
    def run(rows, **options):
        options = {"update": True, "dry_run": True, **options}
        data = sheet(rows, head=HEAD)
        return import_price_list(data, "list.xlsx", project=project, actor=steward, **options)

    return run


@pytest.fixture
def edited(take_in):
    """A check of a list that changes 3101, leaves 3102, misses 3103 and brings 3104."""
    take_in(THREE, dry_run=False)
    return take_in(
        [
            ["3栋", 31, "01", NEW_AREA, "东", NEW_USE],
            THREE[1],
            ["3栋", 31, "04", 90, "北", "出售"],
        ]
    )


def kept(session, record):
    lines = session.scalars(
        select(RoomImportLine)
        .where(RoomImportLine.room_import_id == record.id)
        .order_by(RoomImportLine.id)
    )
    return [(line.kind, line.title, line.changes) for line in lines]


CHANGES = [
    ["gross_area", "125.53", "126.00"],
    ["orientation", "南北", "东"],
    ["usage", "sale", "both"],
]


def test_a_check_keeps_what_becomes_of_every_room(edited, session):
    assert kept(session, edited.record) == [
        ("changed", "3栋-3101", CHANGES),
        ("same", "3栋-3102", []),
        ("new", "3栋-3104", []),
        ("absent", "3栋-3103", []),
    ]
    assert edited.record.counts["fields"] == {"gross_area": 1, "orientation": 1, "usage": 1}
    (words,) = session.scalars(select(RoomImportLine.words).where(RoomImportLine.kind == "changed"))
    assert "125.53 → 126.00；" in words
    assert "both" not in words.split("；")[2]


def test_carried_out_it_does_what_it_showed_and_keeps_that(edited, session, steward):
    carry_out_import(edited.record, actor=steward)
    session.expire_all()
    room = session.scalars(select(Room).where(Room.number == "3101")).one()
    assert (str(room.gross_area), room.orientation, room.usage) == ("126.00", "东", "both")
    assert [kind for kind, _title, _changes in kept(session, edited.record)] == [
        "changed",
        "new",
        "absent",
    ]


@pytest.mark.parametrize("number", ["3101", "3102"])
def test_a_room_that_moved_since_refuses_all_until_it_is_seen_again(
    edited, session, steward, number
):
    moved = session.scalars(select(Room).where(Room.number == number)).one()
    moved.orientation = "西"
    session.flush()
    with pytest.raises(Conflict, match=f"3栋-{number}"):
        carry_out_import(edited.record, actor=steward)
    session.expire_all()
    assert {str(area) for area in session.scalars(select(Room.gross_area))} == {"125.53"}

    again = check_again(edited.record, actor=steward)
    seen = {title: changes for _kind, title, changes in kept(session, edited.record)}
    assert seen[f"3栋-{number}"][-2 if number == "3101" else 0][:2] == ["orientation", "西"]
    carry_out_import(again.record, actor=steward)
    session.expire_all()
    assert session.scalars(select(Room).where(Room.number == "3104")).one()


def test_rooms_that_are_refused_say_why(take_in, session):
    take_in(THREE, dry_run=False)
    session.scalars(select(Room).where(Room.number == "3102")).one().status = "available"
    session.flush()
    refused = take_in([THREE[0], ["3栋", 31, "02", NEW_AREA, "东", "出售"]])
    assert [fault.code for fault in refused.faults] == ["room_on_market"]
    assert kept(session, refused.record)[:2] == [
        ("same", "3栋-3101", []),
        ("refused", "3栋-3102", CHANGES[:2]),
    ]
    (words,) = session.scalars(select(RoomImportLine.words).where(RoomImportLine.kind == "refused"))
    assert words


def test_without_update_rooms_that_differ_are_left_alone_and_told(take_in, session):
    take_in(THREE, dry_run=False)
    left = take_in([["3栋", 31, "01", NEW_AREA, "南北", "出售"]], update=False)
    assert kept(session, left.record)[0] == ("differs", "3栋-3101", CHANGES[:1])

"""Long lists of rooms: kept in a file while they are read, and the same as short ones."""

from __future__ import annotations

import pytest

from app.estate.sheets import drafts, read_price_list, spool
from app.estate.sheets.spool import Spool


def test_a_spool_is_the_list_of_what_was_added(monkeypatch):
    monkeypatch.setattr(spool, "CHUNK", 3)
    for length in (0, 2, 3, 7):
        items = list(range(length))
        kept = Spool(items)
        assert kept == items
        assert list(kept) == items
        assert [kept[at] for at in range(-length, length)] == [
            items[at] for at in range(-length, length)
        ]
        assert kept[1:5] == items[1:5]
        assert kept[::-1] == items[::-1]
        with pytest.raises(IndexError):
            kept[length]
    assert Spool([1, 2, 3, 4]) != [1, 2, 3, 5]


def csv(lines):
    return "\n".join(["楼栋,单元,楼层,房号,建筑面积,单价", *lines]).encode()


@pytest.fixture
def both(monkeypatch):
    """``both(content)``: a list read with everything in memory, and with hardly anything."""

    def read(content):
        whole = read_price_list(content)
        with monkeypatch.context() as small:
            small.setattr(spool, "CHUNK", 2)
            return whole, read_price_list(content)

    return read


def test_doubles_crowded_floors_and_faults_are_the_same_however_little_is_kept(both):
    lines = [f"3栋,1单元,{floor},{n:02d},90.5,50000" for floor in (1, 2, 3) for n in (1, 2)]
    parking = [f"车库,,B1,{n}01,12.5,9000" for n in (3, 1, 2)]
    whole, small = both(csv([*lines, *parking]))
    assert whole.faults == []
    assert small.rows == whole.rows
    assert [row.column for row in small.rows if row.building == "车库"] == [3, 1, 2]

    faulty = [*lines, lines[1], "3栋,1单元,2,03,-1,50000", *parking, lines[4]]
    whole, small = both(csv(faulty))
    assert [(one.line, one.code) for one in whole.faults] == [
        (9, "not_positive"), (8, "duplicate_room"), (13, "duplicate_room"),
    ]  # fmt: skip
    assert small.faults == whole.faults
    assert small.rows == whole.rows
    assert len(small.rows) == len(lines) + len(parking)


def test_two_rooms_whose_keys_share_a_hash_are_no_doubles(both, monkeypatch):
    monkeypatch.setattr(drafts, "hash", lambda _key: 7, raising=False)
    lines = ["3栋,1单元,1,01,90.5,50000", "3栋,1单元,1,02,90.5,50000", "3栋,1单元,1,01,90.5,50000"]
    whole, small = both(csv(lines))
    assert [(one.line, one.params["line"]) for one in whole.faults] == [(4, 2)]
    assert small.faults == whole.faults
    assert [row.number for row in small.rows] == ["101", "102"]

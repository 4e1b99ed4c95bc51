"""Room codes: made from the group's pattern, and patterns that would not tell rooms apart."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.errors import Conflict, Invalid
from app.core.settings import set_setting
from app.estate import operations
from app.estate.models import Project, Zone
from app.estate.room_codes import ROOM_CODE, room_code
from tests.factories.estate import make_building, make_entrance, make_room


@pytest.fixture
def building(project, session):
    project.code = "SFMY"
    zone = Zone(project_id=project.id, name="一期")
    session.add(zone)
    session.flush()
    made = make_building(project, name="3栋")
    made.zone_id = zone.id
    session.flush()
    return made


def test_a_code_is_made_of_project_building_entrance_and_number(building, client, bearer, user_for):
    room = make_room(building, number="2602", entrance=make_entrance(building, name="1单元"))
    assert room_code(room) == "SFMY-3栋-1单元-2602"
    assert room_code(make_room(building, number="P01")) == "SFMY-3栋-P01"
    answer = client.get(f"/api/v1/rooms/{room.id}", headers=bearer(user_for("consultant")))
    assert answer.get_json()["code"] == "SFMY-3栋-1单元-2602"


def test_the_group_may_set_another_pattern(building, session, client, sign_in, user_for):
    set_setting(ROOM_CODE.name, "{zone}/{project}.{building}.{entrance}.{number}")
    room = make_room(building, number="2602")
    assert room_code(room) == "一期/SFMY.3栋.2602"
    building.zone_id = None
    session.flush()
    session.expire_all()
    assert room_code(room) == "SFMY.3栋.2602"
    page = sign_in(client, user_for("steward")).get(f"/rooms/show/{room.id}").text
    assert "SFMY.3栋.2602" in page


def test_a_building_may_have_a_code_that_no_other_building_stands_for(building, actor_for):
    steward = actor_for("steward")
    operations.edit_building(building, code=" B03 ", actor=steward)
    room = make_room(building, number="2602")
    assert room_code(room) == "SFMY-B03-2602"
    for faulty in ({"name": "5栋", "code": "B03"}, {"name": "B03"}):
        with pytest.raises(Conflict) as refused:
            operations.add_building(project_id=building.project_id, actor=steward, **faulty)
        assert "3栋" in str(refused.value.message)
    with pytest.raises(Invalid) as invalid:
        operations.edit_building(building, code="B-03", actor=steward)
    assert set(invalid.value.fields) == {"code"}
    operations.edit_building(building, code="", actor=steward)
    assert room_code(room) == "SFMY-3栋-2602"


def test_the_database_keeps_codes_of_buildings_apart(building, session):
    building.code = "B03"
    session.flush()
    with pytest.raises(IntegrityError, match="uq_estate_building_code"):
        make_building(session.get(Project, building.project_id), name="B03")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{project}-{building}-{number}",
        "{project}{building}-{entrance}-{number}",
        "{project}-{building}-{entrance}-{number}-{number}",
        "{project}-{building}-{entrance}-{number}-{owner}",
        "{project} {building}-{entrance}-{number}",
        "{project}-{building}-{entrance}-{number}-{",
        "{project}-{building}-{entrance}-{number}" + "x" * 80,
    ],
)
@pytest.mark.usefixtures("session")
def test_a_pattern_that_would_not_tell_rooms_apart_is_refused(pattern):
    with pytest.raises(Invalid) as refused:
        set_setting(ROOM_CODE.name, pattern)
    assert "{building}" in str(refused.value.message)

"""Master data: projects, permits, buildings, entrances, house types, rooms, members."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core.actor import acting, system_actor
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.core.settings import set_setting
from app.estate import operations, queries
from app.estate.models import PermitBuilding, ProjectMember, Room
from tests.factories.estate import (
    make_building,
    make_entrance,
    make_house_type,
    make_permit,
    make_room,
)
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.pricing import price_rooms

SYSTEM = system_actor("test")


@pytest.fixture
def steward(actor_for):
    return actor_for("steward")


@pytest.fixture
def stranger(actor_for):
    return actor_for("steward", project=make_project())


# Projects


def test_a_project_goes_under_the_groups_top_by_itself(session):  # noqa: ARG001
    top = make_organization()
    project = operations.create_project(code="NEW", name="新项目", actor=SYSTEM)
    assert project.organization_id == top.id
    assert operations.find_project_by_code("NEW") is project


def test_the_first_project_of_an_empty_installation(session):  # noqa: ARG001
    project = operations.create_project(code="NEW", name="新项目", actor=SYSTEM)
    assert project.organization.parent_id is None


def test_a_code_is_taken_once_in_the_group(project):
    with pytest.raises(Conflict, match=project.code):
        operations.create_project(code=project.code, name="x", actor=SYSTEM)


def test_a_steward_adds_projects_below_his_own_organization(session):  # noqa: ARG001
    from app.admin.principal import read_actor

    region = make_organization()
    company = make_organization(region)
    user = make_user("steward", organization=region)
    actor = read_actor(user.id)
    made = operations.create_project(code="A", name="a", organization_id=company.id, actor=actor)
    # Who is above it reaches it.
    assert read_actor(user.id).reaches(made.id)
    with pytest.raises(NotAllowed):
        operations.create_project(
            code="B", name="b", organization_id=make_organization().id, actor=actor
        )


def test_a_project_is_no_phase_of_itself(project, steward):
    phase = make_project(project.organization, parent_id=project.id)
    with pytest.raises(Invalid) as caught:
        operations.edit_project(project, parent_id=phase.id, actor=SYSTEM)
    assert "parent_id" in caught.value.fields
    with pytest.raises(Invalid):
        operations.edit_project(project, total_rounding=Decimal(5), actor=steward)


def test_an_empty_project_can_be_deleted_and_no_other(steward, project):
    with pytest.raises(Conflict):
        operations.delete_project(project, actor=steward)  # the steward belongs to it
    empty = make_project()
    operations.delete_project(empty, actor=SYSTEM)
    assert operations.find_project_by_code(empty.code) is None


def test_projects_outside_scope_are_not_there(project, stranger):
    with acting(stranger):
        assert project.id not in {found.id for found in queries.list_projects()}
        with pytest.raises(NotFound):
            queries.get_project(project.id)
    with pytest.raises(NotFound):
        operations.edit_project(project, name="x", actor=stranger)


def test_members_reach_the_project_and_must_sign_in_again(project, actor_for, session):
    from app.admin.principal import read_actor

    admin, user = actor_for("admin", whole_group=True), make_user("consultant")
    version = user.access_version
    member = operations.add_member(project_id=project.id, user_id=user.id, actor=admin)
    assert read_actor(user.id).reaches(project.id)
    assert user.access_version > version
    with pytest.raises(Conflict):
        operations.add_member(project_id=project.id, user_id=user.id, actor=admin)
    operations.remove_member(member, actor=admin)
    assert not read_actor(user.id).reaches(project.id)
    mine = select(func.count()).where(ProjectMember.user_id == user.id)
    assert session.scalar(mine) == 0
    with pytest.raises(NotAllowed):
        operations.add_member(project_id=project.id, user_id=user.id, actor=actor_for("steward"))


# Permits


def test_a_permit_lets_its_buildings_sell(project, steward):
    one, other = make_building(project, permit=False), make_building(project, permit=False)
    permit = operations.add_permit(
        project_id=project.id,
        number="深房许字1号",
        granted_on=date(2026, 1, 8),
        building_ids=[one.id],
        actor=steward,
    )
    assert operations.building_may_sell(one.id)
    assert not operations.building_may_sell(other.id)
    operations.edit_permit(
        permit, number="2号", granted_on=date(2026, 1, 9), building_ids=[other.id], actor=steward
    )
    assert [building.id for building in permit.buildings] == [other.id]
    assert not operations.building_may_sell(one.id)
    with pytest.raises(Conflict, match="2号"):
        operations.add_permit(
            project_id=project.id, number="2号", granted_on=date(2026, 1, 9), actor=steward
        )


def test_selling_without_a_permit_is_a_setting(project):
    building = make_building(project, permit=False)
    assert not operations.building_may_sell(building.id)
    set_setting("estate.sell_without_permit", "true", project_id=project.id)
    assert operations.building_may_sell(building.id)
    with pytest.raises(Invalid):
        set_setting("estate.sell_without_permit", "maybe")


def test_buildings_of_other_projects_do_not_go_on_a_permit(project, steward):
    with pytest.raises(Invalid) as caught:
        operations.add_permit(
            project_id=project.id,
            number="1号",
            granted_on=date(2026, 1, 8),
            building_ids=[make_building(make_project()).id],
            actor=steward,
        )
    assert "building_ids" in caught.value.fields


def test_a_permit_that_rooms_on_sale_rest_on_stays(project, steward, session):
    building = make_building(project, name="3栋", permit=False)
    permit = make_permit(project, [building])
    room = make_room(building, status="available")
    values = {"number": permit.number, "granted_on": permit.granted_on}
    for step in (
        lambda: operations.delete_permit(permit, actor=steward),
        lambda: operations.edit_permit(permit, building_ids=[], actor=steward, **values),
    ):
        with pytest.raises(Conflict, match="3栋"), session.begin_nested():
            step()
        session.expire_all()
    session.get(Room, room.id).status = "unreleased"
    session.flush()
    operations.delete_permit(permit, actor=steward)
    assert session.scalar(select(func.count()).select_from(PermitBuilding)) == 0


def test_a_completion_record_that_rooms_on_sale_rest_on_stays(project, steward):
    building = make_building(project, permit=False, completed_on=date(2026, 1, 1))
    make_room(building, status="subscribed")
    with pytest.raises(Conflict):
        operations.edit_building(building, completed_on=None, actor=steward)


# Buildings, entrances, house types


def test_names_are_taken_once(project, steward):
    building = operations.add_building(project_id=project.id, name="3栋", actor=steward)
    with pytest.raises(Conflict, match="3栋"):
        operations.add_building(project_id=project.id, name="3栋", actor=steward)
    operations.add_entrance(building_id=building.id, name="1单元", actor=steward)
    with pytest.raises(Conflict, match="1单元"):
        operations.add_entrance(building_id=building.id, name="1单元", actor=steward)
    kind = operations.add_house_type(project_id=project.id, name="A1", actor=steward)
    operations.add_house_type(project_id=project.id, name="A2", actor=steward)
    with pytest.raises(Conflict, match="A2"):
        operations.edit_house_type(kind, name="A2", actor=steward)


def test_what_has_rooms_stays(project, steward):
    building = make_building(project)
    entrance, kind = make_entrance(building), make_house_type(project)
    room = make_room(building, entrance_id=entrance.id, house_type_id=kind.id)
    for delete, row in (
        (operations.delete_building, building),
        (operations.delete_entrance, entrance),
        (operations.delete_house_type, kind),
    ):
        with pytest.raises(Conflict):
            delete(row, actor=steward)
    operations.delete_room(room, actor=steward)
    operations.delete_entrance(entrance, actor=steward)
    operations.delete_house_type(kind, actor=steward)


# Rooms


def add_room(building, actor, **values):
    values = {
        "number": "3101",
        "floor": 31,
        "column": 1,
        "gross_area": Decimal("125.53"),
        "inside_area": Decimal("100.05"),
        **values,
    }
    return operations.add_room(building_id=building.id, actor=actor, **values)


def test_a_room_is_added_unreleased(project, steward):
    room = add_room(make_building(project), steward)
    assert (room.status, room.floor_name, room.version) == ("unreleased", "31", 1)
    assert room.project_id == project.id
    assert room.shared_area == Decimal("25.48")


def test_a_number_is_taken_once_within_an_entrance(project, steward):
    building = make_building(project)
    entrance = make_entrance(building)
    add_room(building, steward)
    with pytest.raises(Conflict, match="3101"):
        add_room(building, steward)
    add_room(building, steward, entrance_id=entrance.id)
    other = add_room(building, steward, number="3102")
    with pytest.raises(Conflict, match="3101"):
        operations.edit_room(other, number="3101", actor=steward)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gross_area": Decimal(0)}, "gross_area"),
        ({"inside_area": Decimal("125.54")}, "inside_area"),
        ({"inside_area": Decimal(0)}, "inside_area"),
    ],
)
def test_areas_must_fit(project, steward, values, field):
    with pytest.raises(Invalid) as caught:
        add_room(make_building(project), steward, **values)
    assert field in caught.value.fields


def test_entrance_and_house_type_belong_to_the_building(project, steward):
    building, other = make_building(project), make_building(project)
    with pytest.raises(Invalid) as caught:
        add_room(building, steward, entrance_id=make_entrance(other).id)
    assert "entrance_id" in caught.value.fields
    with pytest.raises(Invalid) as caught:
        add_room(building, steward, house_type_id=make_house_type(make_project()).id)
    assert "house_type_id" in caught.value.fields


def test_areas_and_numbers_change_off_the_market_only(project, steward):
    room = make_room(project=project, status="available")
    with pytest.raises(WrongState, match=room.number):
        operations.edit_room(room, gross_area=Decimal(130), actor=steward)
    # The same values again are no change, and the rest may change at any time.
    operations.edit_room(room, gross_area=room.gross_area, orientation="南", actor=steward)
    assert room.orientation == "南"
    room.status = "unreleased"
    assert operations.edit_room(room, gross_area=Decimal(130), actor=steward).version > 1


def test_a_priced_or_released_room_is_not_deleted(project, steward):
    building = make_building(project)
    priced, released = make_room(building), make_room(building, status="available")
    price_rooms([priced])
    with pytest.raises(Conflict):
        operations.delete_room(priced, actor=steward)
    with pytest.raises(WrongState):
        operations.delete_room(released, actor=steward)


def test_only_the_steward_changes_master_data(project, actor_for):
    building = make_building(project)
    room = make_room(building)
    for role in ("consultant", "controller", "manager", "director", "gm", "admin", "agency"):
        actor = actor_for(role)
        for step in (
            lambda actor=actor: operations.create_project(code="Z", name="z", actor=actor),
            lambda actor=actor: operations.edit_project(project, name="z", actor=actor),
            lambda actor=actor: operations.add_building(
                project_id=project.id, name="z", actor=actor
            ),
            lambda actor=actor: operations.edit_building(building, name="z", actor=actor),
            lambda actor=actor: operations.delete_building(building, actor=actor),
            lambda actor=actor: add_room(building, actor, number="z"),
            lambda actor=actor: operations.edit_room(room, orientation="z", actor=actor),
            lambda actor=actor: operations.delete_room(room, actor=actor),
        ):
            with pytest.raises(NotAllowed):
                step()


def test_rows_outside_scope_are_not_there(project, stranger):
    building = make_building(project)
    room = make_room(building)
    with acting(stranger):
        for read in (
            lambda: queries.get_building(building.id),
            lambda: queries.get_room(room.id),
            lambda: operations.building_may_sell(building.id),
            lambda: add_room(building, stranger, number="x"),
        ):
            with pytest.raises(NotFound):
                read()
    for change in (
        lambda: operations.add_building(project_id=project.id, name="x", actor=stranger),
        lambda: operations.edit_building(building, name="x", actor=stranger),
        lambda: operations.edit_room(room, orientation="x", actor=stranger),
        lambda: operations.delete_room(room, actor=stranger),
    ):
        with pytest.raises(NotFound):
            change()

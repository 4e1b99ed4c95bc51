"""Zones, product types, milestones and batches: what they keep to, and their pages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.estate import operations
from app.estate.models import Building, LaunchBatch, Milestone, Zone
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project


@pytest.fixture
def steward(actor_for):
    return actor_for("steward")


def actual(building, session):
    return session.scalar(
        select(Milestone.actual_on).where(
            Milestone.building_id == building.id, Milestone.kind == "completion_record"
        )
    )


def test_zones_nest_within_their_project(project, steward):
    north = operations.add_zone(project_id=project.id, name="北区", actor=steward)
    east = operations.add_zone(project_id=project.id, name="东", parent_id=north.id, actor=steward)
    with pytest.raises(Invalid, match="自己里面"):
        operations.edit_zone(north, parent_id=east.id, actor=steward)
    with pytest.raises(Conflict, match="已有分区"):
        operations.add_zone(project_id=project.id, name="北区", actor=steward)
    building = operations.add_building(
        project_id=project.id, name="1栋", zone_id=east.id, actor=steward
    )
    with pytest.raises(Conflict, match="别的分区"):
        operations.delete_zone(east, actor=steward)
    other = make_project()
    with pytest.raises(NotFound):
        operations.add_zone(project_id=other.id, name="外", actor=steward)
    operations.edit_building(building, zone_id=None, actor=steward)
    operations.delete_zone(east, actor=steward)


def test_a_product_type_in_use_keeps_its_name(project, steward):
    villa = operations.add_product_type(name="别墅", actor=steward)
    building = operations.add_building(
        project_id=project.id, name="1栋", product_type_id=villa.id, actor=steward
    )
    with pytest.raises(Conflict, match="不能改名"):
        operations.edit_product_type(villa, name="洋房", actor=steward)
    with pytest.raises(Conflict, match="可以停用"):
        operations.delete_product_type(villa, actor=steward)
    operations.edit_product_type(villa, is_active=False, actor=steward)
    operations.edit_building(building, product_type_id=villa.id, position=2, actor=steward)
    with pytest.raises(Invalid, match="已停用"):
        operations.add_building(
            project_id=project.id, name="2栋", product_type_id=villa.id, actor=steward
        )


def test_completion_record_and_building_say_the_same(project, steward, session):
    today = clock.today()
    building = operations.add_building(
        project_id=project.id, name="1栋", completed_on=today, actor=steward
    )
    assert actual(building, session) == today
    operations.edit_building(building, completed_on=today - timedelta(days=3), actor=steward)
    assert actual(building, session) == today - timedelta(days=3)
    milestone = session.scalars(select(Milestone)).one()
    operations.edit_milestone(milestone, actual_on=today - timedelta(days=1), actor=steward)
    assert building.completed_on == today - timedelta(days=1)
    make_room(building, status="available")
    with pytest.raises(Conflict, match="先收盘"):
        operations.edit_milestone(milestone, planned_on=today, actual_on=None, actor=steward)


def test_milestones_have_days_that_can_be(project, steward):
    building = make_building(project)
    given = {"building_id": building.id, "actor": steward}
    with pytest.raises(Invalid, match="计划日期或实际日期"):
        operations.add_milestone(kind="foundation", **given)
    with pytest.raises(Invalid, match="不能晚于今天"):
        operations.add_milestone(
            kind="foundation", actual_on=clock.today() + timedelta(days=1), **given
        )
    with pytest.raises(Invalid, match="选择一个节点"):
        operations.add_milestone(kind="roof", planned_on=clock.today(), **given)
    operations.add_milestone(kind="foundation", planned_on=clock.today(), **given)
    with pytest.raises(Conflict, match="已有节点"):
        operations.add_milestone(kind="foundation", planned_on=clock.today(), **given)


def test_facts_of_a_project_that_cannot_be(project, steward):
    for wrong in (
        {"plot_area": Decimal(0)},
        {"term_from": clock.today(), "term_until": clock.today()},
    ):
        with pytest.raises(Invalid):
            operations.edit_project(project, actor=steward, **wrong)
    operations.edit_project(project, actor=steward, plot_area=Decimal("1234.50"), land_use="住宅")
    assert project.plot_area == Decimal("1234.50")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("22.543096, 114.057865", "22.543096, 114.057865"),
        ("114.057865，22.543096", "22.543096, 114.057865"),
        ("39.9 116.4", "39.900000, 116.400000"),
        ("", None),
    ],
)
def test_a_point_on_the_map_is_read_in_either_order(project, steward, typed, kept):
    operations.edit_project(project, actor=steward, map_point=typed)
    assert project.map_point == kept


@pytest.mark.parametrize(
    "typed", ["114", "0, 0", "22.5, 114.0, 1", "北纬22度", "1e9, 3", "95.1, 95.2"]
)
def test_what_is_no_point_in_china_is_refused(project, steward, typed):
    with pytest.raises(Invalid) as refused:
        operations.edit_project(project, actor=steward, map_point=typed)
    assert set(refused.value.fields) == {"map_point"}


def test_the_database_keeps_zones_within_their_project(project, session):
    foreign = Zone(project_id=make_project().id, name="外区")
    building = make_building(project, name="8栋")
    session.add(foreign)
    session.flush()
    for table, column, row in (
        (Building, "zone_id", building),
        (Zone, "parent_id", make_zone(session, project)),
    ):
        moved = update(table).where(table.id == row.id).values({column: foreign.id})
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(moved)


def make_zone(session, project):
    zone = Zone(project_id=project.id, name="内区")
    session.add(zone)
    session.flush()
    return zone


def test_their_pages(client, user_for, sign_in, project, actor_for, session):
    building = make_building(project, name="8栋")
    sign_in(client, user_for("steward"))
    day = (clock.today() - timedelta(days=2)).isoformat()
    sent = client.post(
        "/milestones/add",
        data={"building": building.id, "kind": "topped_out", "planned_on": day},
    )
    assert sent.status_code == 302, sent.text
    listed = client.get("/milestones/list/").text
    assert "主体封顶" in listed
    assert "逾期 2 天" in listed
    sent = client.post(
        "/launch-batches/add",
        data={"project": project.id, "name": "首推", "area": "5000", "planned_on": day},
    )
    assert sent.status_code == 302, sent.text
    assert session.scalars(select(LaunchBatch)).one().area == 5000
    assert (
        client.post("/zones/add", data={"project": project.id, "name": "北区"}).status_code == 302
    )
    assert "土地证" in client.get(f"/projects/edit/{project.id}").text
    sign_in(client, user_for("consultant"))
    assert client.get("/milestones/list/").status_code == 200
    assert client.get("/milestones/add").status_code == 403
    with pytest.raises(NotAllowed):
        operations.add_zone(project_id=project.id, name="x", actor=actor_for("consultant"))


def test_a_completion_record_to_come_lets_nothing_be_sold(project, steward, session):
    tomorrow = clock.today() + timedelta(days=1)
    with pytest.raises(Invalid, match="不能晚于今天"):
        operations.add_building(
            project_id=project.id, name="1栋", completed_on=tomorrow, actor=steward
        )
    building = make_building(project, permit=False)
    with pytest.raises(Invalid, match="不能晚于今天"):
        operations.edit_building(building, completed_on=tomorrow, actor=steward)
    # One that stands there from before counts from its day on.
    building.completed_on = tomorrow
    session.flush()
    assert not operations.building_may_sell(building.id)
    building.completed_on = clock.today()
    session.flush()
    assert operations.building_may_sell(building.id)


def test_a_building_without_rooms_goes_with_its_milestones(project, steward, session):
    building = operations.add_building(
        project_id=project.id, name="1栋", completed_on=clock.today(), actor=steward
    )
    make_room(building)
    with pytest.raises(Conflict, match="下有房间"):
        operations.delete_building(building, actor=steward)
    assert actual(building, session) == clock.today()
    empty = operations.add_building(
        project_id=project.id, name="2栋", completed_on=clock.today(), actor=steward
    )
    operations.delete_building(empty, actor=steward)
    assert [one.building_id for one in session.scalars(select(Milestone))] == [building.id]


def test_a_fit_out_that_rooms_have_keeps_its_name(project, steward, session):
    fit_out = operations.add_fit_out(
        project_id=project.id, name="精装", unit_price=Decimal(2000), actor=steward
    )
    operations.edit_fit_out(fit_out, name="精装修", actor=steward)
    make_room(make_building(project)).fit_out_id = fit_out.id
    session.flush()
    with pytest.raises(Conflict, match="不能改名"):
        operations.edit_fit_out(fit_out, name="豪装", actor=steward)
    operations.edit_fit_out(fit_out, is_active=False, actor=steward)


def test_a_house_type_in_use_keeps_its_name_and_is_switched_off_for_new_rooms(project, actor_for):
    steward = actor_for("steward")
    first = operations.add_house_type(project_id=project.id, name="B1", actor=steward)
    operations.edit_house_type(first, name="B2", actor=steward)
    room = make_room(project=project, house_type_id=first.id)
    with pytest.raises(Conflict) as refused:
        operations.edit_house_type(first, name="B3", actor=steward)
    assert (refused.value.code, set(refused.value.fields)) == ("in_use", {"name"})
    operations.edit_house_type(first, is_active=False, actor=steward)
    operations.edit_room(room, view="江景", actor=steward)
    other = make_room(project=project)
    with pytest.raises(Invalid, match="B2"):
        operations.edit_room(other, house_type_id=first.id, actor=steward)


def test_a_zone_in_use_keeps_its_name_and_takes_no_building_once_off(project, actor_for):
    steward = actor_for("steward")
    zone = operations.add_zone(project_id=project.id, name="东区", actor=steward)
    building = operations.add_building(
        project_id=project.id, name="1栋", zone_id=zone.id, actor=steward
    )
    with pytest.raises(Conflict):
        operations.edit_zone(zone, name="西区", actor=steward)
    operations.edit_zone(zone, is_active=False, actor=steward)
    operations.edit_building(building, zone_id=zone.id, position=3, actor=steward)
    with pytest.raises(Invalid, match="东区"):
        operations.add_building(project_id=project.id, name="2栋", zone_id=zone.id, actor=steward)

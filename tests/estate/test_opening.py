"""The opening checklist: set up for a batch, finished by people, asked for at release."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.estate import operations
from app.estate.models import LaunchBatch, Milestone, OpeningItem
from app.estate.notices import remind_of_days
from app.estate.opening import OpeningKind, find_readiness
from app.notices.models import Notice
from app.pricing.operations import release_for_sale
from tests.factories.estate import make_building, make_permit, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_payment_method, price_rooms

MANUAL = {"contract_template", "accounts"}


@pytest.fixture
def batch(project, session):
    made = LaunchBatch(
        project_id=project.id, name="首批", planned_on=clock.today() + timedelta(days=10)
    )
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def items(batch, actor_for):
    found = operations.begin_opening(batch, actor=actor_for("director"))
    return {item.kind: item for item in found}


@pytest.fixture
def room(project):
    made = make_room(make_building(project, name="3栋"), status="unreleased")
    make_permit(project, buildings=[made.building])
    price_rooms([made], "5000000.00")
    return made


def told(session, user_id):
    return set(session.scalars(select(Notice.kind).where(Notice.user_id == user_id)))


def test_a_batch_gets_ten_items_due_on_its_day_once(batch, items, actor_for):
    assert set(items) == {kind.value for kind in OpeningKind}
    assert {item.due_on for item in items.values()} == {batch.planned_on}
    with pytest.raises(Conflict):
        operations.begin_opening(batch, actor=actor_for("director"))


def test_a_batch_on_the_market_needs_none(batch, actor_for):
    batch.launched_on = clock.today()
    with pytest.raises(Conflict):
        operations.begin_opening(batch, actor=actor_for("director"))


def test_the_system_judges_what_it_can_see(project, room, actor_for):
    actor_for("consultant")
    found = find_readiness(project.id)
    assert set(found) == {kind.value for kind in OpeningKind} - MANUAL
    ready = {kind for kind, finding in found.items() if finding.is_ready}
    assert ready == {"permit", "rooms", "prices"}
    make_payment_method(project)
    actor_for("cashier")
    more = {kind for kind, finding in find_readiness(project.id).items() if finding.is_ready}
    assert more == {"permit", "rooms", "prices", "methods", "users"}
    assert room.number


def test_what_is_not_ready_needs_a_word_to_count_as_ready(items, actor_for):
    director = actor_for("director")
    with pytest.raises(Invalid) as refused:
        operations.finish_opening_item(items["permit"], actor=director)
    assert set(refused.value.fields) == {"remarks"}
    operations.finish_opening_item(items["permit"], remarks="证已批，明日取", actor=director)
    operations.finish_opening_item(items["accounts"], actor=director)
    assert items["permit"].done_by_id == director.id
    with pytest.raises(WrongState):
        operations.finish_opening_item(items["accounts"], actor=director)
    with pytest.raises(WrongState):
        operations.edit_opening_item(items["accounts"], actor=director)
    operations.reopen_opening_item(items["accounts"], actor=director)
    with pytest.raises(WrongState):
        operations.reopen_opening_item(items["accounts"], actor=director)


def test_only_who_is_responsible_or_keeps_the_list_finishes(items, actor_for):
    cashier, other = actor_for("cashier"), actor_for("cashier")
    operations.edit_opening_item(
        items["accounts"], responsible_id=cashier.id, actor=actor_for("director")
    )
    with pytest.raises(NotAllowed):
        operations.finish_opening_item(items["accounts"], actor=other)
    operations.finish_opening_item(items["accounts"], actor=cashier)
    with pytest.raises(NotAllowed):
        operations.begin_opening(items["accounts"].batch, actor=cashier)


def test_nobody_from_elsewhere(batch, items, actor_for):
    stranger = actor_for("director", project=make_project())
    with pytest.raises(NotFound):
        operations.begin_opening(batch, actor=stranger)
    with pytest.raises(NotFound):
        operations.finish_opening_item(items["accounts"], actor=stranger)


def test_a_release_waits_for_the_list_or_needs_a_reason(room, items, actor_for):
    director = actor_for("director")
    with pytest.raises(Invalid, match="合同模板") as refused:
        release_for_sale(room_ids=[room.id], reason="开盘", actor=director)
    assert refused.value.code == "opening_not_ready"
    assert set(refused.value.fields) == {"unready_reason"}
    for item in items.values():
        operations.finish_opening_item(item, remarks="就绪", actor=director)
    release_for_sale(room_ids=[room.id], reason="开盘", actor=director)
    assert room.status == "available"


def test_a_batch_of_other_buildings_holds_nothing_up(
    project, batch, room, items, actor_for, client, sign_in, user_for
):
    director = actor_for("director")
    other = make_building(project, name="9栋")
    operations.edit_launch_batch(batch, building_ids=[other.id], actor=actor_for("steward"))
    assert [building.name for building in batch.buildings] == ["9栋"]
    found = find_readiness(project.id, [other.id])
    assert not found["prices"].is_ready
    assert find_readiness(project.id, [room.building_id])["prices"].is_ready
    browser = sign_in(client, user_for("director"))
    assert "9栋" in browser.get("/launch-batches/list/").text
    sale = browser.get("/sale/").text
    assert f'id="release-{room.building_id}"' in sale
    assert f'id="release-{room.building_id}-unready"' not in sale
    release_for_sale(room_ids=[room.id], reason="开盘", actor=director)
    assert items["accounts"].done_at is None


def test_a_batch_names_buildings_of_its_project_only(project, batch, actor_for):
    steward, foreign = actor_for("steward"), make_building(make_project(), name="1栋")
    for step in (
        lambda: operations.edit_launch_batch(batch, building_ids=[foreign.id], actor=steward),
        lambda: operations.add_launch_batch(
            project_id=project.id, name="二批", building_ids=[foreign.id], actor=steward
        ),
    ):
        with pytest.raises(Invalid) as refused:
            step()
        assert set(refused.value.fields) == {"building_ids"}


def test_with_a_reason_it_goes_ahead_and_stands_in_the_audit(
    room, items, client, bearer, user_for, session
):
    body = {"room_ids": [room.id], "reason": "开盘"}
    headers = bearer(user_for("director"))
    address = "/api/v1/rooms/release-for-sale"
    answer = client.post(address, json=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (422, "opening_not_ready")
    body["unready_reason"] = "合同模板明日审完"
    assert client.post(address, json=body, headers=headers).status_code == 200
    from app.core.audit import AuditEntry

    notes = session.scalars(
        select(AuditEntry.after).where(AuditEntry.action == "release_for_sale")
    ).all()
    assert any("合同模板明日审完" in str(note) for note in notes)
    assert items["accounts"].done_at is None


def test_a_project_without_a_list_and_a_batch_on_the_market_hold_nothing_up(
    room, batch, items, actor_for
):
    batch.launched_on = clock.today()
    release_for_sale(room_ids=[room.id], reason="开盘", actor=actor_for("director"))
    assert items["accounts"].done_at is None


def test_people_are_warned_once_from_three_days_before(project, items, actor_for, session):
    system, cashier = actor_for("director"), actor_for("cashier")
    item = items["accounts"]
    item.responsible_id, item.due_on = cashier.id, clock.today() + timedelta(days=4)
    session.flush()
    assert remind_of_days(actor=system) == 0
    item.due_on = clock.today() + timedelta(days=3)
    session.flush()
    assert remind_of_days(actor=system) == 1
    assert remind_of_days(actor=system) == 0
    assert told(session, cashier.id) == {"opening_item_due"}
    steward = actor_for("steward")
    building = make_building(project, name="9栋")
    session.add(
        Milestone(
            project_id=project.id, building_id=building.id, kind="topped_out",
            planned_on=clock.today() + timedelta(days=2),
        )
    )  # fmt: skip
    session.flush()
    remind_of_days(actor=system)
    assert told(session, steward.id) == {"milestone_due"}


def test_pages_set_it_up_and_finish_it(batch, client, sign_in, user_for, session):
    browser = sign_in(client, user_for("director"))
    assert "建立开盘准备清单" in browser.get(f"/launch-batches/show/{batch.id}").text
    browser.post("/launch-batches/act/begin-opening", data={"id": batch.id})
    items = session.scalars(select(OpeningItem)).all()
    assert len(items) == len(OpeningKind)
    page = browser.get("/opening-items/list/").text
    assert "由人工确认" in page
    item = next(one for one in items if one.kind == "accounts")
    browser.post("/opening-items/act/finish", data={"id": item.id, "remarks": "", "_form": "1"})
    session.expire_all()
    assert session.get(OpeningItem, item.id).done_at is not None
    assert "开盘准备未齐" in browser.get("/sale/").text

"""Published price lists: versions, what they freeze, who approved them, what was posted when."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.audit import AuditEntry
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.estate.models import Room
from app.pricing.models import PricePublication, PricePublicationRow
from app.pricing.operations import publish_price_list, submit_price_plan
from app.pricing.queries.publications import (
    count_changes_since,
    is_latest,
    list_publication_rows,
    posted_on,
)
from app.workflows import engine
from tests.factories.estate import make_building, make_entrance, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_plan, price_rooms

D = Decimal


@pytest.fixture
def building(project):
    return make_building(project, name="3栋")


@pytest.fixture
def rooms(building):
    entrance = make_entrance(building, name="1单元")
    found = [
        make_room(building, floor=floor, floor_name=str(floor), number=f"{floor}01",
                  entrance_id=entrance.id, status="available")
        for floor in (2, 1)
    ]  # fmt: skip
    price_rooms(found, "5000000.00")
    return found


def publish(building, actor, **more):
    return publish_price_list(building_id=building.id, actor=actor, **more)


def test_a_version_freezes_what_rooms_cost(building, rooms, steward, session):
    make_room(building)  # without a price it is not for sale, and not in the list
    first = publish(building, steward, remarks="优惠见售楼处公示")
    assert (first.version, first.rooms, first.list_total) == (1, 2, D(10000000))
    assert [row.number for row in list_publication_rows(first.id)] == ["101", "201"]
    price_rooms(rooms[:1], "5500000.00")
    session.get_one(Room, rooms[1].id).status = "subscribed"
    session.flush()
    assert count_changes_since(first) == 2
    second = publish(building, steward)
    assert (second.version, second.list_total) == (2, D(10500000))
    assert [row.list_total for row in list_publication_rows(first.id)] == [D(5000000)] * 2
    assert [row.status for row in list_publication_rows(second.id)] == ["subscribed", "available"]
    assert (is_latest(first), is_latest(second)) == (False, True)


def test_what_is_published_never_changes(building, rooms, steward, session):
    published = publish(building, steward)
    session.flush()
    for statement in (
        update(PricePublication).values(remarks="x"),
        delete(PricePublication).where(PricePublication.id == published.id),
        update(PricePublicationRow).values(list_total=1),
        delete(PricePublicationRow),
        text("TRUNCATE pricing_publication_row"),
        text(
            "INSERT INTO pricing_publication_row (project_id, publication_id, room_id, position,"
            " floor_name, number, gross_area, price_basis, list_unit_price, list_total, status)"
            f" SELECT project_id, {published.id}, id, 99, '9', '9', 1, 'gross', 1, 1, 'available'"
            f" FROM estate_room WHERE id = {rooms[0].id}"
        ),
    ):
        with pytest.raises(IntegrityError, match="never changes"), session.begin_nested():
            session.execute(statement)


def test_it_says_who_approved_the_prices(building, rooms, steward, actor_for):
    actors = {role: actor_for(role) for role in ("manager", "finance_manager", "director", "gm")}
    plan = make_plan(rooms, "5500000.00")
    request = submit_price_plan(plan, reason="调价", actor=steward)
    for role in ("manager", "finance_manager", "director"):
        engine.approve(request.id, comment="同意", actor=actors[role])
    published = publish(building, steward)
    [approval] = published.approvals
    assert (approval["plan"], approval["approver"]) == (plan.number, actors["director"].name)
    assert published.permits


def test_nothing_new_is_not_published_again(building, rooms, steward):
    publish(building, steward)
    with pytest.raises(Conflict):
        publish(building, steward)
    del rooms


def test_who_may_publish_what(project, building, rooms, actor_for, steward):
    for role in ("consultant", "gm", "agency"):
        with pytest.raises(NotAllowed):
            publish(building, actor_for(role))
    elsewhere = make_building(make_project())
    with pytest.raises(NotFound):
        publish(elsewhere, steward)
    with pytest.raises(Invalid, match="5栋"):
        publish(make_building(project, name="5栋", permit=False), steward)
    with pytest.raises(Invalid, match="6栋"):
        publish(make_building(project, name="6栋"), steward)
    del rooms


def test_what_was_posted_on_a_day(project, building, rooms, steward):
    today = clock.today()
    first = publish(building, steward)
    with clock.frozen(clock.now() + timedelta(days=2)):
        price_rooms(rooms, "6000000.00")
        second = publish(building, steward)
    assert posted_on(project.id, today - timedelta(days=1)) == []
    assert posted_on(project.id, today + timedelta(days=1)) == [first]
    assert posted_on(project.id, today + timedelta(days=2)) == [second]


def test_its_pages(client, user_for, sign_in, building, rooms, steward, session):
    sign_in(client, user_for("director"))
    added = client.post("/published-prices/add", data={"building": building.id, "remarks": ""})
    assert added.status_code == 302, added.text
    published = session.scalars(select(PricePublication)).one()
    page = client.get(f"/published-prices/show/{published.id}").text
    assert "5,000,000.00" in page
    price_rooms(rooms[:1], "5500000.00")
    assert (
        f"/published-prices/add?building={building.id}"
        in client.get(f"/published-prices/show/{published.id}").text
    )
    sign_in(client, user_for("consultant"))
    assert "5,000,000.00" in client.get(f"/published-prices/show/{published.id}/paper").text
    assert client.get("/published-prices/add").status_code == 403
    sent = client.get(f"/published-prices/show/{published.id}/list.xlsx")
    drawn = client.get(f"/published-prices/show/{published.id}/list.pdf")
    assert drawn.mimetype == "application/pdf"
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(drawn.data)).pages)
    assert all(one in said for one in ("3栋", "101", "201", "5,000,000.00", "39,831.12", "1 / 1"))
    lines = CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    assert [line[2] for line in lines[-2:]] == ["101", "201"]
    assert lines[-1][8:10] == [39831.12, 5e6]
    recorded = session.scalars(
        select(AuditEntry.action).where(
            AuditEntry.table_name == "pricing_publication", AuditEntry.action != "insert"
        )
    ).all()
    assert {"print", "export"} <= set(recorded)
    posted = client.get("/published-prices/posted").text
    assert "10,000,000.00" in posted
    assert client.get("/published-prices/posted?on=2001-02-30").status_code == 422
    assert "3栋" not in client.get("/published-prices/posted?on=2001-02-28").text
    sign_in(client, user_for("consultant", project=make_project()))
    assert client.get(f"/published-prices/show/{published.id}").status_code == 404
    del steward


def test_over_rest(client, user_for, sign_in, building, rooms, steward, session, monkeypatch):
    published = publish(building, steward)
    session.flush()
    sign_in(client, user_for("consultant"))
    address = "/api/v1/published-prices/"
    listed = client.get(f"{address}?building_id={building.id}").json
    assert [(one["id"], one["version"], one["list_total"]) for one in listed["result"]] == [
        (published.id, 1, "10000000.00")
    ]
    one = client.get(f"{address}{published.id}?limit=1").json
    assert [row["number"] for row in one["rows"]] == ["101"]
    rest = client.get(f"{address}{published.id}?cursor={one['next']}").json
    assert [row["list_unit_price"] for row in rest["rows"]] == ["39831.12"]
    today = clock.today().isoformat()
    posted = client.get(f"{address}?project_id={building.project_id}&on={today}").json
    assert [one["id"] for one in posted["result"]] == [published.id]
    assert client.get(f"{address}{published.id}/list.pdf").data.startswith(b"%PDF")
    assert client.get(f"{address}{published.id}/list.xlsx").data.startswith(b"PK")
    monkeypatch.setattr("app.pricing.publication_paper.MOST_ROOMS", 1)
    refused = client.get(f"{address}{published.id}/list.pdf")
    assert (refused.status_code, "2" in refused.json["message"]) == (422, True)
    assert client.post(address, json={"building_id": building.id}).status_code == 403
    sign_in(client, user_for("director"))
    again = client.post(address, json={"building_id": building.id})
    assert again.status_code == 409, again.text
    price_rooms(rooms[:1], "5500000.00")
    assert client.post(address, json={"building_id": building.id}).json["version"] == 2
    sign_in(client, user_for("consultant", project=make_project()))
    assert client.get(f"{address}{published.id}").status_code == 404
    assert client.get(f"{address}{published.id}/list.pdf").status_code == 404

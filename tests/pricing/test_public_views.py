"""What is posted, for everybody: only where it is switched on, only what was posted."""

from __future__ import annotations

import pytest

from app.core import clock
from app.core.settings import SettingValue
from app.pricing.operations import publish_price_list
from tests.factories.estate import make_building, make_permit, make_room
from tests.factories.people import make_project
from tests.factories.pricing import price_rooms
from tests.factories.sales import make_hold


@pytest.fixture
def posted(project, actor_for):
    building = make_building(project, name="3栋")
    make_permit(project, buildings=[building])
    rooms = [make_room(building, number=f"10{n}", status="available") for n in (1, 2)]
    price_rooms(rooms, "5000000.00")
    make_hold(rooms[0], actor_for("consultant"))
    publish_price_list(building_id=building.id, remarks="折扣另行公示", actor=actor_for("steward"))
    return building


@pytest.fixture
def public(project, session):
    session.add(SettingValue(name="pricing.public_prices", value=True, project_id=project.id))
    session.flush()


def test_nothing_is_shown_where_it_is_off(client, posted, project):
    assert client.get(f"/posted-prices/{project.code}").status_code == 404
    assert client.get("/posted-prices/nothing").status_code == 404
    assert posted.name == "3栋"


@pytest.mark.usefixtures("posted", "public")
def test_a_stranger_reads_prices_and_no_more(client, project):
    answer = client.get(f"/posted-prices/{project.code}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "5,000,000.00" in answer.text
    assert "折扣另行公示" in answer.text
    # Who holds a room, what it may cost at least and who approved it is nobody's business.
    for word in ("预留", "销控", "底价", "员工", "注销", "退出登录"):
        assert word not in answer.text, word


@pytest.mark.usefixtures("posted", "public")
def test_days_and_buildings_are_asked_for(client, project):
    base = f"/posted-prices/{project.code}"
    before = client.get(f"{base}?on=2020-01-01").text
    assert "5,000,000.00" not in before
    assert client.get(f"{base}?on={clock.today()}&building=999999&after=-5").status_code == 200
    wrong = client.get(f"{base}?on=gestern")
    assert (wrong.status_code, "5,000,000.00" in wrong.text) == (422, True)
    assert client.get(f"{base}?on=2099-01-01").status_code == 200


@pytest.mark.usefixtures("posted", "public")
def test_one_projects_switch_opens_no_other(client):
    assert client.get(f"/posted-prices/{make_project().code}").status_code == 404


@pytest.mark.usefixtures("posted", "public")
def test_the_way_there_stands_where_lists_are_published(client, project, sign_in, user_for):
    page = sign_in(client, user_for("director")).get("/published-prices/posted").text
    assert f"/posted-prices/{project.code}" in page


@pytest.mark.usefixtures("posted")
def test_no_way_leads_there_while_it_is_off(client, sign_in, user_for):
    page = sign_in(client, user_for("director")).get("/published-prices/posted").text
    assert "公示网页" not in page

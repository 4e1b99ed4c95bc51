"""In a real browser: notices arrive, one searches by keys, tiles stay where one put them."""

from __future__ import annotations

import re
import threading

import pytest
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from app.core.db import db
from app.core.uow import unit_of_work
from app.notices.operations import News, tell
from tests.factories.customers import make_customer
from tests.factories.notices import SYSTEM
from tests.factories.people import PASSWORD, make_project, make_user
from tests.live.server import free_port, live_server

pytestmark = [pytest.mark.browser, pytest.mark.commit, pytest.mark.alone]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


@pytest.fixture
def office(committed, monkeypatch):
    """A web and a live server, and a consultant with a customer."""
    project = make_project(name="松风明月花园")
    person = make_user("consultant", username="chen", projects=[project])
    make_customer(project, person, name="孙悟空")
    user_id = person.id
    db.session.commit()
    port = free_port()
    monkeypatch.setitem(committed.app.config, "LIVE_URL", f"http://127.0.0.1:{port}")
    web = make_server("127.0.0.1", 0, committed.app, threaded=True)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    with live_server(committed.url, port=port) as live:
        yield f"http://127.0.0.1:{web.server_port}", user_id, live
    web.shutdown()
    thread.join()


@pytest.fixture
def page(browser, office):
    complaints = []
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, base_url=office[0], locale="zh-CN"
    )
    found = context.new_page()
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.goto("/login/")
    found.fill("#username", "chen")
    found.fill("#password", PASSWORD)
    found.click("main button.p")
    found.wait_for_url("**/work/")
    yield found
    context.close()
    assert complaints == []


def test_a_notice_arrives_by_itself(page, office):
    _address, user_id, live = office
    live.wait_for(lambda health: health["streams"] == 1)
    expect(page.locator("[data-bell-count]")).to_be_hidden()
    with unit_of_work(SYSTEM):
        tell(News("hold_lapsed", "/notices/", {"room": "3栋-101"}), [user_id], actor=SYSTEM)
    expect(page.locator("[data-bell-count]")).to_have_text("1")
    page.locator("[data-bell] summary").click()
    line = page.locator("[data-bell-panel] a.notice")
    expect(line).to_contain_text("3栋-101")
    line.click()
    page.wait_for_url("**/notices/")
    expect(page.locator("[data-bell-count]")).to_be_hidden()


def test_two_tabs_share_one_stream_and_both_count(page, office):
    _address, user_id, live = office
    other = page.context.new_page()
    other.goto("/notices/")
    live.wait_for(lambda health: health["streams"] == 1)
    with unit_of_work(SYSTEM):
        tell(News("hold_lapsed", "/notices/", {"room": "3栋-101"}), [user_id], actor=SYSTEM)
    for tab in (page, other):
        expect(tab.locator("[data-bell-count]")).to_have_text("1")


def test_one_finds_and_goes_by_keys_alone(page):
    page.keyboard.press("/")
    page.keyboard.type("孙")
    option = page.locator("#found [role=option]")
    expect(option.first).to_contain_text("孙悟空")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/show/*")
    page.keyboard.press("?")
    expect(page.locator("dialog[data-keyhelp]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[data-keyhelp]")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/work/")


def test_tiles_stay_where_one_put_them(page):
    def keys():
        return page.eval_on_selector_all("[data-tile]", "all => all.map(one => one.dataset.tile)")

    before = keys()
    page.click("[data-arrange]")
    tile = page.locator(f"[data-tile={before[1]}]")
    with page.expect_response(re.compile("/work/layout")):
        tile.locator(".tools button").nth(0).click()
    with page.expect_response(re.compile("/work/layout")):
        page.locator(f"[data-tile={before[2]}] .tools button").nth(2).click()
    page.reload()
    assert keys() == [before[1], before[0], *before[3:]]

"""The grid in a real browser over a real live server: colleagues work, screens follow."""

from __future__ import annotations

import io
import re
import threading

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import text
from werkzeug.serving import make_server

from app.core.db import db
from app.core.uow import unit_of_work
from app.estate.models import Room
from app.estate.operations.drawings import add_drawing, place_on_drawing
from app.sales.operations import release_hold
from tests.factories.customers import make_customer
from tests.factories.grid import make_tower
from tests.factories.people import PASSWORD, make_project, make_user
from tests.factories.pricing import make_discount, make_mortgage_method, make_payment_method
from tests.factories.sales import make_hold
from tests.live.server import committed_database, free_port, live_server

pytestmark = [pytest.mark.browser, pytest.mark.commit, pytest.mark.xdist_group("grid-browser")]
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def office(app):
    """A database, a web server and a live server for all tests of the module."""
    port = free_port()
    kept, app.config["LIVE_PORT"] = app.config["LIVE_PORT"], port
    with committed_database(app) as made, live_server(made.url, port=port) as live:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Office(made, live, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    app.config["LIVE_PORT"] = kept


class Office:
    def __init__(self, made, live, address):
        self.made = made
        self.live = live
        self.address = address


class Place:
    """A project with a tower of three floors of two rooms, and the people of one test."""

    def __init__(self, office):
        self.office = office
        self.project = make_project(name="松风明月花园")
        self.rooms = [room.id for room in make_tower(self.project)]
        make_payment_method(self.project, name="一次性")
        make_mortgage_method(self.project, name="按揭")
        make_discount(self.project, name="开盘优惠")
        self.project_id = self.project.id
        db.session.commit()

    def actor(self, role, **values):
        return self.office.made.actor(role, self.project, **values)

    def person(self, role, **values):
        user = make_user(role, projects=[self.project], **values)
        name = user.username
        db.session.commit()
        return name

    def hold(self, place, actor, **values):
        make_hold(db.session.get(Room, self.rooms[place]), actor, **values)
        db.session.commit()


@pytest.fixture
def place(office, app):
    with app.app_context():
        yield Place(office)
        db.session.remove()


@pytest.fixture
def enter(browser, office):
    """``enter("user1")``: a signed-in context; any complaint of the browser fails the test."""
    contexts, complaints = [], []

    def open_(username, viewport=WIDE, **options):
        context = browser.new_context(viewport=viewport, base_url=office.address, **options)
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto("/login/?next=/grid/")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.click("main button.p")
        page.wait_for_url("**/grid/**")
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        settled(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    # Refusals, and a live server that a test has stopped, are part of the stories here.
    told = ("status of 409", "status of 422", "net::ERR_")
    assert [one for one in complaints if not any(word in one for word in told)] == []


def settled(page):
    page.wait_for_selector("#buildings[aria-busy=false]")
    expect(page.locator("[data-live=on]")).to_be_visible()


def cell(page, room_id):
    return page.locator(f".room[data-id='{room_id}']")


def status_of(page, room_id, status, timeout=5000):
    expect(cell(page, room_id)).to_have_class(re.compile(rf"\bst-{status}\b"), timeout=timeout)


def test_the_building_stands_as_it_is(enter, place):
    page = enter(place.person("consultant"))
    assert page.locator(".room").count() == 6
    floors = page.locator("[role=rowheader]").all_inner_texts()
    assert floors == ["3F", "2F", "1F"]
    assert page.locator(".fl[role=row]").first.locator(".room b").all_inner_texts() == [
        "301",
        "302",
    ]
    first = cell(page, place.rooms[0])
    assert "待售" in first.inner_text()
    assert "101" in first.get_attribute("aria-label")
    assert page.locator("[data-status=available] b").first.inner_text() == "6"


def test_a_colleagues_hold_shows_within_a_second(enter, place):
    page = enter(place.person("consultant"))
    colleague = place.actor("consultant", first_name="陈小明")
    cell(page, place.rooms[3]).click()
    expect(page.locator("#panel [data-step=hold]")).to_be_visible()
    place.hold(3, colleague, reason="考虑中")
    status_of(page, place.rooms[3], "reserved", timeout=1000)
    # The opened room follows too: who has it stands there, and holding it is no longer offered.
    expect(page.locator("#panel")).to_contain_text("陈小明")
    expect(page.locator("#panel [data-step=hold]")).to_have_count(0)
    release_hold(place.rooms[3], reason="", actor=colleague)
    db.session.commit()
    status_of(page, place.rooms[3], "available", timeout=1000)
    expect(page.locator("#panel [data-step=hold]")).to_be_visible()


def test_a_shop_over_its_drawing_changes_with_the_others(enter, place):
    steward = place.actor("steward")
    room = db.session.get(Room, place.rooms[0])
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "#ffffff").save(picture, "PNG")
    with unit_of_work(steward):
        drawing = add_drawing(
            project_id=place.project_id, kind="floor", content=picture.getvalue(),
            building_id=room.building_id, actor=steward,
        )  # fmt: skip
        place_on_drawing(drawing, room_id=room.id, points=[[0.5, 0.5]], actor=steward)
    page = enter(place.person("consultant"))
    page.get_by_role("button", name="看平面图").click()
    spot = page.locator(f".floor-drawings .spot[data-room='{room.id}']")
    expect(spot).to_have_class(re.compile("st-available"))
    place.hold(0, place.actor("consultant"))
    expect(spot).to_have_class(re.compile("st-reserved"))
    expect(spot).to_contain_text("预留")


def test_the_buyers_name_follows_for_who_may_read_it(enter, place):
    page = enter(place.person("controller"))
    page.locator(".menu summary", has_text="显示").click()
    page.locator(".pop .item", has_text="客户").last.click()
    seller = place.actor("consultant", first_name="陈小明")
    customer = make_customer(place.project, seller, name="王大力")
    place.hold(0, seller, customer=customer)
    status_of(page, place.rooms[0], "reserved")
    db.session.execute(
        text("UPDATE estate_room SET status = 'subscribed' WHERE id = :id"), {"id": place.rooms[0]}
    )
    db.session.commit()
    expect(cell(page, place.rooms[0])).to_contain_text("陈")


def test_tabs_share_one_stream_and_pass_it_on(enter, place, office):
    page = enter(place.person("consultant"))
    other = page.context.new_page()
    other.goto("/grid/")
    settled(other)
    assert office.live.health()["streams"] == 1
    colleague = place.actor("consultant")
    place.hold(0, colleague)
    for tab in (page, other):
        status_of(tab, place.rooms[0], "reserved")
    page.close()
    office.live.wait_for(lambda health: health["streams"] == 1)
    place.hold(1, colleague)
    status_of(other, place.rooms[1], "reserved")


def test_a_screen_that_lost_the_live_server_catches_up(enter, place, office):
    page = enter(place.person("consultant"))
    office.live.stop()
    expect(page.locator("[data-live=off]")).to_be_visible()
    place.hold(0, place.actor("consultant"))
    office.live.start()
    status_of(page, place.rooms[0], "reserved", timeout=20000)
    expect(page.locator("[data-live=on]")).to_be_visible()


def test_a_quotation_is_calculated_while_terms_are_chosen(enter, place):
    page = enter(place.person("consultant"))
    cell(page, place.rooms[2]).click()
    panel = page.locator("#panel")
    expect(panel.locator(".sum")).to_contain_text("4,900,000")
    panel.locator("select").select_option(label="按揭")
    expect(panel.locator(".sum")).to_contain_text("5,000,000")
    panel.get_by_label("开盘优惠").check()
    expect(panel.locator(".sum")).to_contain_text("4,950,000")
    expect(panel).to_contain_text("100,000")
    expect(panel).to_contain_text("四舍五入到分")
    asked = panel.locator("[data-step=subscribe]").get_attribute("href")
    assert asked.startswith(f"/sales/subscribe/{place.rooms[2]}?payment_method_id=")
    assert "discount_ids=" in asked


def test_holding_from_the_panel_and_losing_to_a_colleague(enter, place):
    page = enter(place.person("consultant"))
    panel = page.locator("#panel")
    cell(page, place.rooms[0]).click()
    panel.locator("[data-step=hold]").click()
    page.locator("dialog textarea").fill("客户在路上")
    page.locator("dialog footer .btn.p").click()
    expect(page.locator("dialog")).to_have_count(0)
    status_of(page, place.rooms[0], "reserved")
    expect(panel).to_contain_text("客户在路上")
    expect(panel.locator("[data-step=release]")).to_be_visible()

    cell(page, place.rooms[1]).click()
    panel.locator("[data-step=hold]").click()
    place.hold(1, place.actor("consultant", first_name="林顾问"))
    page.locator("dialog footer .btn.p").click()
    expect(page.locator("dialog [role=alert]")).to_contain_text("林顾问")
    page.keyboard.press("Escape")
    status_of(page, place.rooms[1], "reserved")


def test_who_keeps_a_room_off_the_market_is_told_so(enter, place):
    page = enter(place.person("controller"))
    cell(page, place.rooms[0]).click()
    page.locator("#panel [data-step=hold]").click()
    page.locator("dialog textarea").fill("样板间")
    page.locator("dialog footer .btn.p").click()
    expect(page.locator(".toast")).to_contain_text("已销控")
    status_of(page, place.rooms[0], "held")


def test_the_keyboard_is_enough(enter, place):
    page = enter(place.person("consultant"))
    top_left = place.rooms[4]
    assert page.locator(".room[tabindex='0']").count() == 1
    cell(page, top_left).focus()
    page.keyboard.press("ArrowRight")
    expect(cell(page, place.rooms[5])).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cell(page, place.rooms[3])).to_be_focused()
    page.keyboard.press("Home")
    expect(cell(page, place.rooms[2])).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_contain_text("201")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(cell(page, place.rooms[2])).to_be_focused()


def test_filters_dim_and_counters_choose(enter, place):
    place.hold(0, place.actor("controller"), reason="领导保留")
    page = enter(place.person("consultant"))
    page.locator("#counters [data-status=held]").click()
    expect(page.locator(".room.dim")).to_have_count(5)
    page.locator("[data-filter=status] .x").click()
    expect(page.locator(".room.dim")).to_have_count(0)
    page.locator("[data-filter=floor] summary").click()
    page.locator("[data-filter=floor] input").first.fill("3")
    expect(page.locator(".room.dim")).to_have_count(4)


def test_the_director_withdraws_several_rooms(enter, place):
    page = enter(place.person("director"))
    page.locator("#bulk").click()
    cell(page, place.rooms[0]).click()
    cell(page, place.rooms[3]).click(modifiers=["Shift"])
    bar = page.locator(".selbar")
    expect(bar).to_contain_text("4")
    bar.get_by_text("收盘").click()
    page.locator("dialog footer .btn.p").click()
    expect(page.locator("dialog .error")).to_be_visible()
    page.locator("dialog textarea").fill("调整价格")
    page.locator("dialog footer .btn.p").click()
    for room_id in place.rooms[:4]:
        status_of(page, room_id, "unreleased")
    expect(bar).to_be_hidden()


def test_on_a_phone_only_the_grid_scrolls_sideways(enter, place):
    page = enter(place.person("consultant"), NARROW, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    cell(page, place.rooms[0]).tap()
    button = page.locator("#panel [data-step=subscribe]")
    expect(button).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#panel .close").tap()
    expect(page.locator("#panel")).to_be_hidden()


def test_a_link_opens_its_room(enter, place):
    page = enter(place.person("consultant"))
    page.goto(f"/grid/?room={place.rooms[5]}")
    expect(page.locator("#panel h2")).to_contain_text("302")
    expect(cell(page, place.rooms[5])).to_have_class(re.compile(r"\bsel\b"))

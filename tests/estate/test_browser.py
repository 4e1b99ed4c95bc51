"""Rooms made and reshaped by hand in a real browser, wide and narrow."""

from __future__ import annotations

import io
import re
import threading
from decimal import Decimal

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from app.admin.models import AppUser
from app.admin.principal import read_actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.estate.models import Building, DrawingSpot, Project
from app.estate.operations.drawings import add_drawing
from tests.factories.estate import (
    make_building,
    make_entrance,
    make_fit_out,
    make_house_type,
    make_room,
)
from tests.factories.people import PASSWORD, make_project, make_user

pytestmark = [pytest.mark.browser, pytest.mark.commit, pytest.mark.xdist_group("rooms-browser")]
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
#: no live server runs beside this site, and refusals are part of the stories
AWAITED = re.compile("ERR_CONNECTION_REFUSED|status of 4(09|22)")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        expect.set_options(timeout=20_000)
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()
        expect.set_options(timeout=5_000)


@pytest.fixture
def site(committed):
    """A running server with a block of two floors of three rooms, and the steward."""
    project = make_project(name="松风明月花园")
    building = make_building(project, name="3栋")
    make_house_type(project, name="B2", structure="三室两厅", gross_area=Decimal("120.00"))
    make_fit_out(project, name="精装")
    for floor in (1, 2):
        for column in (1, 2, 3):
            make_room(
                building, floor=floor, floor_name=str(floor), column=column,
                number=f"{floor}0{column}", gross_area=Decimal(90), inside_area=None,
            )  # fmt: skip
    make_user("steward", username="steward", projects=[project])
    db.session.commit()
    server = make_server("127.0.0.1", 0, committed.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def open_page(browser, site):
    """``open_page("/room-generator/")``: signed in; any complaint of the browser fails the test."""
    contexts, complaints = [], []

    def open_(address, viewport=WIDE, ready="#deck[aria-busy=false]", **options):
        context = browser.new_context(viewport=viewport, base_url=site, locale="zh-CN", **options)
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.goto(f"/login/?next={address}")
        page.fill("#username", "steward")
        page.fill("#password", PASSWORD)
        page.click("main button.p")
        page.wait_for_selector(ready)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [one for one in complaints if not AWAITED.search(one)] == []


def cell(page, floor, column, entrance=0):
    return page.locator(f"#deck [data-key='{floor}:{entrance}:{column}']")


def answer(page, button):
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def sideways(page):
    return page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def fill_tower(page):
    page.get_by_label("新楼栋名称").fill("8栋")
    page.get_by_label("地上层数").fill("6")
    page.get_by_label("4、13、14 层").select_option("skip")
    page.get_by_label("每单元每层套数").fill("2")
    page.get_by_label("1 建筑面积").fill("89")
    page.get_by_label("2 建筑面积").fill("101.5")


def test_a_tower_is_drawn_changed_cell_by_cell_made_and_taken_back(open_page):
    page = open_page("/room-generator/")
    # Before a key is touched, what is lacking is said, and nothing is red.
    expect(page.locator("#faults p")).to_have_text(re.compile(r"还有 \d+ 项未填"))
    expect(page.locator("#faults p")).not_to_have_class(re.compile("bad"))
    fill_tower(page)
    expect(page.locator("#make")).to_have_text("生成 12 套房源")
    # What cannot be read is named with its place, and its field marked.
    page.get_by_label("2 套内面积").fill("南")
    expect(page.locator("#faults li")).to_have_text(
        "第 2 列 套内面积：“南”不是面积，请填数字，例如 89.50。"
    )
    expect(page.get_by_label("2 套内面积")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("2 套内面积").fill("80")
    expect(page.locator("#make")).to_have_text("生成 12 套房源")
    expect(cell(page, 5, 1)).to_contain_text("701")
    # A blank cell leaves a gap; a count along the floor does not.
    cell(page, 5, 1).click()
    page.locator("#blank").click()
    expect(page.locator("#make")).to_have_text("生成 11 套房源")
    page.get_by_text("楼层 + 单元内横向顺序号").click()
    expect(cell(page, 5, 2)).to_contain_text("701")
    # Shift chooses a block; a typed number stands; what is wrong is named and marked.
    cell(page, 0, 1).click()
    cell(page, 1, 2).click(modifiers=["Shift"])
    expect(page.locator("#picked")).to_have_text("已选 4 格")
    cell(page, 0, 1).click()
    page.locator("#c-number").fill("102")
    page.keyboard.press("Tab")
    expect(page.locator("#faults")).to_contain_text("102")
    expect(page.locator("#make")).to_be_disabled()
    page.locator("#undo").click()
    expect(page.locator("#faults")).to_be_hidden()
    expect(page.locator("#make")).to_be_enabled()
    page.locator("#make").click()
    answer(page, "生成 11 套房源")
    page.wait_for_url("**/room-generations/show/*")
    expect(page.locator("main")).to_contain_text("8栋")
    page.get_by_role("button", name="撤销生成").click()
    answer(page, "撤销生成")
    expect(page.locator("main")).to_contain_text("已撤销")
    # One that was taken back is mended: everything is as it was asked for, the blank cell too.
    page.get_by_role("link", name="照此再生成").click()
    expect(page.locator("#make")).to_have_text("生成 11 套房源")
    expect(page.get_by_label("新楼栋名称")).to_have_value("8栋")
    expect(page.get_by_label("2 套内面积")).to_have_value("80")
    # Two neighbours become one room with the areas of both.
    cell(page, 4, 1).click()
    cell(page, 4, 2).click(modifiers=["Shift"])
    page.locator("#merge").click()
    expect(page.locator("#make")).to_have_text("生成 10 套房源")
    expect(cell(page, 4, 1)).to_contain_text("190.50")


def test_a_building_that_is_there_is_drawn_with_its_rooms(open_page):
    page = open_page("/room-generator/")
    page.get_by_label("所在楼栋").select_option(label="3栋")
    page.get_by_label("地上层数").fill("3")
    page.get_by_label("每单元每层套数").fill("2")
    page.get_by_label("1 建筑面积").fill("89")
    page.get_by_label("2 建筑面积").fill("101.5")
    # Four places are taken: each shows what stands there, and says so.
    expect(page.locator("#faults li")).to_have_count(4)
    expect(page.locator("#faults")).to_contain_text("201")
    expect(page.locator("#deck .room.there")).to_have_count(6)
    expect(cell(page, 1, 3)).to_contain_text("90.00")
    cell(page, 1, 3).click()
    expect(page.locator("#cellbar")).to_be_hidden()
    # Blank where rooms stand already, only the third floor is made.
    cell(page, 0, 1).click()
    cell(page, 1, 2).click(modifiers=["Shift"])
    page.locator("#blank").click()
    expect(page.locator("#make")).to_have_text("生成 2 套房源")
    expect(cell(page, 0, 1)).to_contain_text("101")
    page.locator("#undo").click()
    # So it is with floors of their own, above those that stand.
    page.locator("#floors").fill("3 5")
    expect(page.locator("#make")).to_have_text("生成 4 套房源")
    expect(page.locator("#facts")).to_contain_text("楼内已有 6 套")
    expect(cell(page, 3, 2)).to_contain_text("502")
    cell(page, 3, 2).click()
    page.locator("#c-number").fill("5A")
    page.keyboard.press("Tab")
    expect(cell(page, 3, 2)).to_contain_text("5A")
    page.locator("#make").click()
    answer(page, "生成 4 套房源")
    page.wait_for_url("**/room-generations/show/*")
    expect(page.locator("main")).to_contain_text("3栋")
    expect(page.locator("main")).to_contain_text("5A")


def test_the_entrances_of_a_building_are_taken_over(open_page):
    other = make_building(db.session.scalars(select(Project)).one(), name="5栋")
    make_room(other, entrance_id=make_entrance(other, name="东单元").id, floor=1, floor_name="1")
    db.session.commit()
    page = open_page("/room-generator/")
    page.get_by_label("所在楼栋").select_option(label="5栋")
    expect(page.locator("#plans .ent input")).to_have_value("东单元")
    page.get_by_label("每单元每层套数").fill("2")
    expect(page.locator("#plans .ent input")).to_have_value("东单元")
    expect(page.locator("#deck [data-entrance]")).to_have_text(["东单元"])


def test_a_parking_floor_and_villas_by_their_lists(open_page):
    page = open_page("/room-generator/")
    page.get_by_text("车位储藏室", exact=True).click()
    page.get_by_label("新楼栋名称").fill("地库")
    page.get_by_label("车位、储藏室编号").fill("A001-A060, B01")
    page.locator("#plans input").nth(1).fill("12.5")
    expect(page.locator("#make")).to_have_text("生成 61 套房源")
    page.get_by_label("车位、储藏室编号").fill("A009-A001")
    expect(page.locator("#faults")).to_contain_text("A009-A001")
    page.get_by_text("别墅", exact=True).click()
    page.get_by_label("别墅名称").fill("V01-V12")
    expect(page.locator("#make")).to_have_text("生成 12 套房源")
    # On the grid a long line of spaces goes on below, and so do the arrows.
    page.get_by_text("车位储藏室", exact=True).click()
    page.get_by_label("车位、储藏室编号").fill("A001-A060")
    expect(page.locator("#make")).to_have_text("生成 60 套房源")
    page.locator("#make").click()
    answer(page, "生成 60 套房源")
    page.wait_for_url("**/room-generations/show/*")
    page.goto("/grid/")
    spaces = page.locator(".bld.listed .room")
    expect(spaces).to_have_count(60)
    assert sideways(page) == 0
    first, last = spaces.first.bounding_box(), spaces.last.bounding_box()
    assert last["y"] > first["y"]
    assert last["x"] + last["width"] <= WIDE["width"]
    spaces.first.focus()
    page.keyboard.press("ArrowDown")
    beneath = page.locator(".bld.listed .room:focus")
    assert beneath.bounding_box()["x"] == first["x"]
    assert beneath.bounding_box()["y"] > first["y"]
    page.keyboard.press("ArrowUp")
    expect(spaces.first).to_be_focused()


def test_rooms_are_set_and_the_step_is_looked_at_first(open_page):
    page = open_page("/building-plans/")
    page.locator("#deck [data-floor='1']").click()
    page.locator("#b-type").select_option(label="B2")
    page.locator("#b-orientation").fill("南")
    page.keyboard.press("Tab")
    expect(page.locator("#b-structure")).to_have_value("三室两厅")
    expect(page.locator("#b-gross")).to_have_value("120.00")
    page.locator("#undo").click()
    expect(page.locator("#b-orientation")).to_have_value("")
    page.locator("#redo").click()
    page.locator("#save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("270.00")
    expect(dialog).to_contain_text("360.00")
    answer(page, "保存")
    expect(page.locator(".toast")).to_contain_text("已修改 3 套房间")
    expect(page.locator("#save")).to_be_disabled()
    page.locator("#shown").select_option("orientation")
    expect(cell(page, 1, 1)).to_contain_text("南")
    expect(cell(page, 0, 1)).not_to_contain_text("南")


def test_two_rooms_become_one_and_two_again(open_page):
    page = open_page("/building-plans/")
    cell(page, 1, 1).click()
    page.locator("[data-merge=right]").click()
    answer(page, "合并")
    expect(page.locator(".toast")).to_contain_text("180.00")
    expect(cell(page, 1, 2)).to_have_count(0)
    cell(page, 1, 1).click()
    page.locator("#split").click()
    boxes = page.get_by_role("dialog").get_by_role("textbox", name="建筑面积")
    boxes.nth(0).fill("100")
    answer(page, "拆分")
    expect(page.locator(".toast.bad")).to_contain_text("190")
    page.locator("#split").click()
    boxes.nth(0).fill("100")
    boxes.nth(1).fill("80")
    answer(page, "拆分")
    expect(cell(page, 1, 2)).to_contain_text("202")
    cell(page, 1, 1).click()
    page.locator("#open").click()
    expect(page.locator("main")).to_contain_text("3栋-202 并入 3栋-201")


def test_a_column_is_put_in_and_taken_out_by_the_keyboard_too(open_page):
    page = open_page("/building-plans/")
    cell(page, 0, 3).click()
    page.keyboard.press("ArrowLeft")
    expect(cell(page, 0, 2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#picked")).to_have_text("2 套")
    page.get_by_text("列", exact=True).click()
    page.get_by_role("button", name="在左侧插入列").click()
    page.locator("#i-suffix").fill("09")
    page.locator("#i-gross").fill("70")
    answer(page, "插入列")
    expect(cell(page, 1, 2)).to_contain_text("209")
    cell(page, 0, 2).click()
    page.get_by_text("列", exact=True).click()
    page.get_by_role("button", name="删除此列").click()
    answer(page, "删除此列")
    expect(cell(page, 1, 2)).to_contain_text("202")


@pytest.mark.parametrize("address", ["/room-generator/", "/building-plans/"])
def test_a_phone_shows_it_without_going_sideways(open_page, address):
    page = open_page(address, NARROW, has_touch=True)
    assert sideways(page) <= 0
    if address == "/building-plans/":
        cell(page, 0, 1).tap()
        page.locator("#many").tap()
        cell(page, 1, 1).tap()
        expect(page.locator("#picked")).to_have_text("2 套")
        bar = page.locator("#cellbar").bounding_box()
        assert bar["x"] + bar["width"] <= NARROW["width"]


def test_a_shop_is_outlined_moved_by_keys_taken_back_and_seen_on_the_grid(open_page, committed):
    with committed.app.app_context():
        building = db.session.scalars(select(Building)).one()
        steward = read_actor(db.session.scalars(select(AppUser.id)).one())
        with unit_of_work(steward):
            drawing = add_drawing(
                project_id=building.project_id, kind="floor", name="首层", content=picture(),
                building_id=building.id, actor=steward,
            )  # fmt: skip
            drawing_id = drawing.id
        db.session.remove()

    def placed():
        with committed.app.app_context():
            found = [
                spot.points
                for spot in db.session.scalars(
                    select(DrawingSpot), execution_options={"whole_group": True}
                )
            ]
            db.session.remove()
            return found

    page = open_page(f"/drawings/{drawing_id}", ready="#canvas svg")
    page.get_by_role("button", name="101", exact=True).click()
    box = page.locator("#canvas svg").bounding_box()
    x, y = box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 90, steps=4)
    page.mouse.up()
    expect(page.locator("#drawing-hint")).to_have_text("101已放置。")
    (outline,) = placed()
    assert len(outline) == 4
    page.locator(".spot").press("ArrowRight")
    expect(page.locator("#drawing-undo")).to_be_enabled()
    expect_that(page, lambda: placed()[0][0][0] > outline[0][0])
    page.locator("#drawing-undo").click()
    expect_that(page, lambda: placed() == [outline])
    for _press in range(12):
        page.locator(".spot").press("ArrowRight", no_wait_after=True)
    expect(page.locator("#drawing-hint")).to_have_text("101已放置。")
    expect_that(page, lambda: abs(placed()[0][0][0] - outline[0][0] - 12 * 0.005) < 0.0001)
    assert sideways(page) == 0
    page.get_by_role("button", name="102", exact=True).press("Enter")
    expect_that(page, lambda: len(placed()) == 2)
    page.locator("#place-by-corners").check()
    page.get_by_role("button", name="103", exact=True).click()
    for right, down in ((0.5, 0.6), (0.8, 0.6), (0.7, 0.9)):
        page.mouse.click(box["x"] + box["width"] * right, box["y"] + box["height"] * down)
    page.keyboard.press("Enter")
    expect_that(page, lambda: sorted(len(one) for one in placed()) == [3, 4, 4])
    page.goto("/grid/")
    page.get_by_role("button", name="看平面图").click()
    spot = page.locator(".floor-drawings .spot", has_text="101")
    spot.click()
    expect(page.locator("#panel-title")).to_contain_text("101")
    page.get_by_role("button", name="看销控图").click()
    expect(page.locator(".floor-drawings")).to_be_hidden()


def picture():
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#f3f3f0").save(out, "PNG")
    return out.getvalue()


def expect_that(page, check):
    """Wait until what was pressed is kept."""
    for _turn in range(100):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it was not kept")

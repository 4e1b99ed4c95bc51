"""The table of a plan in a real browser: typing, pasting, undo, two people, nothing lost."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.pricing.models import PricePlanRow
from app.pricing.operations import CellDraft, PlanRowDraft, SeenRow, save_plan_cells
from app.pricing.queries import get_price_plan
from tests.factories.estate import make_building, make_entrance, make_room
from tests.factories.people import PASSWORD, make_project, make_user
from tests.factories.pricing import make_plan, price_rooms

pytestmark = [pytest.mark.browser, pytest.mark.commit, pytest.mark.alone]

SYSTEM = system_actor("test")
PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.getElementById("sheet").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
POLICY = """addEventListener('securitypolicyviolation',
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


@pytest.fixture
def office(committed):
    """A web server, a manager, and a plan over two buildings whose rooms share numbers."""
    with acting(SYSTEM):
        project = make_project(name="松风明月花园")
        make_user("manager", username="zhou", projects=[project])
        rooms = []
        for name in ("3栋", "6栋"):
            building = make_building(project, name=name)
            entrance = make_entrance(building, name="1单元")
            rooms += [
                make_room(building, floor=floor, number=f"{floor}01", entrance_id=entrance.id,
                          gross_area=Decimal("125.53"))
                for floor in (1, 2, 3)
            ]  # fmt: skip
        price_rooms(rooms, "5000000.00")
        plan_id, ids = make_plan(rooms, "5000000.00", name="调价").id, [room.id for room in rooms]
        db.session.commit()
    web = make_server("127.0.0.1", 0, committed.app, threaded=True)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}", plan_id, ids
    web.shutdown()
    thread.join()


@pytest.fixture
def page(browser, office):
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, base_url=office[0], locale="zh-CN"
    )
    context.add_init_script(POLICY)
    found = context.new_page()
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("console", lambda said: complaints.append(said.text) if "policy" in said.text else 0)
    found.goto("/login/")
    found.fill("#username", "zhou")
    found.fill("#password", PASSWORD)
    found.click("main button.p")
    found.wait_for_url("**/work/")
    open_table(found, office[1])
    yield found
    context.close()
    assert complaints == []


def open_table(page, plan_id):
    page.goto(f"/price-plans/table/{plan_id}")
    expect(page.locator("#sheet")).to_have_attribute("aria-busy", "false")
    page.locator("#sheet").focus()


def cell(page, row, name):
    return page.locator(f".sheet-body .sheet-row[aria-rowindex='{row + 2}'] .c-{name}")


def save(page):
    page.keyboard.press("Control+s")
    expect(page.locator("#state")).to_have_text("已全部保存。")


def totals(plan_id):
    with acting(SYSTEM):
        wanted = select(PricePlanRow.room_id, PricePlanRow.list_total)
        found = dict(db.session.execute(wanted.where(PricePlanRow.plan_id == plan_id)).all())
        db.session.rollback()
    return found


def test_typing_a_unit_price_gives_the_total_and_the_other_way_round(page, office):
    _address, plan_id, ids = office
    page.keyboard.type("52229.87")
    page.keyboard.press("Enter")
    expect(cell(page, 0, "total")).to_have_text("6,556,415.58")
    expect(cell(page, 0, "floor")).to_have_text("6,228,600.00")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("6000000")
    page.keyboard.press("Tab")
    expect(cell(page, 1, "unit")).to_have_text("47,797.34")
    page.keyboard.press("Control+z")
    expect(cell(page, 1, "total")).to_have_text("5,000,000.00")
    page.keyboard.press("Control+y")
    save(page)
    found = totals(plan_id)
    assert [found[room_id] for room_id in ids[:3]] == [
        Decimal("6556415.58"),
        Decimal("6000000.00"),
        Decimal("5000000.00"),
    ]


def test_a_list_is_pasted_and_matched_by_room_number(page, office):
    _address, plan_id, ids = office
    lines = ["楼栋\t单元\t房号\t总价\t底价", "6栋\t1单元\t201\t¥6,500,000.00\t6,000,000",
             "3栋\t1\t301\t7,000,000.00\t", "3栋\t1单元\t901\t1\t"]  # fmt: skip
    page.evaluate(PASTE, "\r\n".join(lines))
    expect(page.locator("#notes")).to_contain_text("901")
    # Without the building a number that two rooms have is not guessed.
    page.evaluate(PASTE, "101\t1000000\n201\t1100000")
    expect(page.locator("#notes")).to_contain_text("多套")
    save(page)
    found = totals(plan_id)
    assert found[ids[4]] == Decimal(6500000)
    assert found[ids[2]] == Decimal(7000000)
    assert found[ids[0]] == Decimal(5000000)


def test_a_column_is_pasted_from_the_marked_cell_and_faults_stand_beside_it(page, office):
    _address, plan_id, ids = office
    page.evaluate(PASTE, "50,000.00\n五万\n51000\n")
    expect(cell(page, 1, "unit")).to_have_text("五万")
    expect(cell(page, 1, "note")).to_contain_text("不是金额")
    page.keyboard.press("Control+s")
    expect(page.locator("#state")).to_contain_text("1 套无法保存")
    assert totals(plan_id)[ids[0]] == Decimal(5000000)
    # Nothing typed is lost when the page is left and opened again.
    page.on("dialog", lambda dialog: dialog.accept())
    open_table(page, plan_id)
    expect(cell(page, 1, "unit")).to_have_text("五万")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("50500")
    page.keyboard.press("Enter")
    save(page)
    assert totals(plan_id)[ids[1]] == Decimal("6339265.00")


def test_what_somebody_else_saved_is_shown_and_not_overwritten_unseen(page, office):
    _address, plan_id, ids = office
    page.keyboard.type("52000")
    page.keyboard.press("Enter")
    seen = SeenRow(Decimal(5000000), Decimal("39831.12"), Decimal(4750000))
    draft = PlanRowDraft(ids[0], list_total=Decimal(5500000))
    with unit_of_work(SYSTEM):
        save_plan_cells(get_price_plan(plan_id), cells=[CellDraft(draft, seen)], actor=SYSTEM)
    page.keyboard.press("Control+s")
    expect(cell(page, 0, "note")).to_contain_text("5,500,000.00")
    expect(cell(page, 0, "unit")).to_have_text("52,000.00")
    assert totals(plan_id)[ids[0]] == Decimal(5500000)
    save(page)
    assert totals(plan_id)[ids[0]] == Decimal("6527560.00")

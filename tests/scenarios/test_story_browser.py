"""The story of the first sale by hand: pressed and typed in Chromium, wide and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.scenarios.pages import Grid, Window, launch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.commit,
    pytest.mark.xdist_group("office-browser"),
]

#: made-up people with numbers that pass the check digit
FIRST = {"姓名": "王小明", "手机号码": "13800138001", "证件号码": "11010519491231002X"}
SECOND = {"姓名": "李小红", "手机号码": "13800138002", "证件号码": "440106198808080026"}
THIRD = {"姓名": "赵大海", "手机号码": "13800138003", "证件号码": "440305199203150019"}
#: milliseconds within which an open page shows what a colleague did
LIVE = 3_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def at(office, browser):
    """``at("cashier")``: that user's window, signed in when it is first asked for."""
    windows = {}

    def window(username, *, phone=False):
        if username not in windows:
            windows[username] = Window(browser, office, username, phone=phone)
        return windows[username]

    yield window
    for found in windows.values():
        assert found.complaints == [], found.username
        found.context.close()


@pytest.fixture(scope="module")
def story():
    """What the steps hand on to each other."""
    return {}


def approve(window, subject, comment):
    """Open what waits and agree to it."""
    window.go("待我审批")
    window.look("to-approve", narrow=False)
    window.page.get_by_role("link").filter(has_text=subject).click()
    window.sees("等待您处理")
    window.look("approval", narrow=False)
    window.press("同意")
    window.answer("同意", {"意见": comment})


def register(window, person):
    """Register a customer by the form."""
    window.go("客户")
    window.press("登记客户")
    fill_customer(window, person)
    window.press("保存")
    window.heading_is(person["姓名"])


def fill_customer(window, person):
    window.page.get_by_label("证件类型").select_option(label="居民身份证")
    for label, text in person.items():
        window.fill(label, text)
    window.page.get_by_label("同意").check()


def fill_subscription(window, building, number, buyers, method="按揭"):
    """Open 认购 from the grid and fill it in for the buyers with their shares."""
    panel = Grid(window).open().room(building, number)
    window.press("认购", within=panel)
    window.heading_is(f"认购 {building}")
    for place, (name, share) in enumerate(buyers):
        if place:
            window.press("添加权益人")
        if window.page.get_by_role("combobox", name="客户").nth(place).input_value() != name:
            window.choose("客户", name[:2], name, at=place)
        window.fill("份额", share, at=place)
    window.page.get_by_role("radio", name=re.compile(method)).check()


def test_1_the_steward_sends_the_prices_and_three_approve(at, story):
    steward = at("steward")
    steward.go("定价方案")
    steward.look("price-plans")
    steward.row("7栋").get_by_role("link").click()
    steward.sees("120", "667,579,746.94")
    steward.look("price-plan")
    steward.press("提交审批")
    steward.heading_is("申请")
    steward.fill("原因", "7栋开盘定价")
    steward.look("price-plan-ask")
    steward.press("提交")
    steward.sees("审批中 1/3", "7栋开盘定价")
    story["request"] = steward.page.url
    approve(at("manager", phone=True), "7栋", "价格表已核对")
    at("manager").is_told("财务经理")
    approve(at("finance_manager"), "7栋", "底价无误")
    approve(at("director"), "7栋", "同意执行")
    at("director").sees("已通过并执行")
    at("director").look("price-plan-approved")
    steward.page.reload()
    steward.sees("已通过并执行", "价格表已核对", "底价无误")


def test_2_the_director_releases_the_building_with_a_permit_only(office, at):
    director = at("director")
    kept = office.sql(
        "DELETE FROM estate_permit_building b USING estate_building e"
        " WHERE e.id = b.building_id AND e.name = '7栋'"
        " RETURNING b.permit_id, b.project_id, b.building_id"
    )[0]
    director.go("放盘收盘")
    row = director.row("7栋")
    expect(row).to_contain_text("无许可证")
    expect(row.get_by_role("button", name="放盘", exact=True)).to_be_disabled()
    director.look("release-refused")
    panel = Grid(director).open().room("7栋", "3201")
    director.press("放盘", within=panel)
    with director.refusal(422):
        director.answer("放盘", {"原因": "加推"})
    dialog = director.page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("7栋.*预售许可证"))
    expect(dialog.get_by_label("原因")).to_have_value("加推")
    director.press("取消", within=dialog)
    office.sql(
        "INSERT INTO estate_permit_building (permit_id, project_id, building_id)"
        " VALUES (%s, %s, %s)",
        *kept,
    )
    director.go("放盘收盘")
    director.press("放盘", within=director.row("7栋"))
    director.answer("放盘", {"原因": "首次开盘"})
    director.is_told("120")
    director.look("released")


def test_3_the_grid_is_drawn_and_changes_by_itself(at):
    consultant, colleague = at("consultant1"), at("consultant2")
    grid = Grid(consultant).open()
    for building, rooms in (("3栋", 116), ("6栋", 180), ("7栋", 120)):
        expect(grid.cells(building)).to_have_count(rooms)
    grid.is_status("7栋", "3201", "待售")
    consultant.look("grid")
    consultant.page.evaluate("window.stays = true")
    panel = Grid(colleague).open().room("3栋", "2601")
    colleague.press("预留", within=panel)
    colleague.answer("预留", {"原因": "客户下午来看"})
    colleague.is_told("已预留")
    grid.is_status("3栋", "2601", "预留", within=LIVE)
    assert consultant.page.evaluate("window.stays") is True, "the page was read again"
    assert "林顾问" in grid.room("3栋", "2601").inner_text()
    consultant.look("grid-room")


def test_4_a_customer_is_registered_once(at):
    consultant, colleague = at("consultant1"), at("consultant2")
    consultant.go("客户")
    consultant.press("登记客户")
    wrong = {**FIRST, "证件号码": "110105194912310021"}
    fill_customer(consultant, wrong)
    with consultant.refusal(422):
        consultant.press("保存")
        consultant.sees("校验位")
    number = consultant.page.get_by_label("证件号码")
    expect(number).to_have_accessible_description(re.compile("校验位"))
    for label, text in wrong.items():
        expect(consultant.page.get_by_label(label)).to_have_value(text)
    consultant.look("customer-refused")
    number.fill(FIRST["证件号码"])
    consultant.press("保存")
    consultant.heading_is("王小明")
    consultant.look("customer")
    register(consultant, SECOND)
    consultant.go("客户")
    consultant.look("customers")

    colleague.go("客户")
    colleague.press("登记客户")
    fill_customer(colleague, {"姓名": "王先生", "手机号码": FIRST["手机号码"]})
    with colleague.refusal(422):
        colleague.press("保存")
        colleague.sees("陈顾问", "登记")
    assert "王小明" not in colleague.page.content()
    assert "002X" not in colleague.page.content()
    colleague.look("customer-duplicate")


def test_5_a_hold_a_quotation_and_a_special_discount(at):
    consultant, page = at("consultant1"), at("consultant1").page
    panel = Grid(consultant).open().room("3栋", "2602")
    consultant.press("预留", within=panel)
    consultant.choose("客户", FIRST["手机号码"], "王小明")
    consultant.answer("预留", {"原因": "客户看中"})
    consultant.is_told("已预留")
    expect(panel).to_contain_text("陈顾问")
    panel.get_by_label("付款方式").select_option(label="一次性")
    expect(panel).to_contain_text("−2.00%")
    panel.get_by_label("付款方式").select_option(label="按揭")
    panel.get_by_label("开盘优惠").check()
    expect(panel).to_contain_text("¥6,456,426.09")
    consultant.look("grid-quotation")
    consultant.press("打印置业计划", within=panel)
    consultant.heading_is("置业计划")
    page.get_by_role("radio", name=re.compile("一次性")).check()
    consultant.sees("2.00%", "¥6,327,297.57")
    page.get_by_role("radio", name=re.compile("按揭")).check()
    consultant.fill("年利率", "3.1")
    consultant.press("计算")
    consultant.sees("等额本息", "等额本金", "按揭款")
    consultant.look("quotation")

    consultant.press("申请特殊折扣")
    expect(page.get_by_role("combobox", name="客户")).to_have_value("王小明")
    page.locator("#percent").fill("2.5")
    consultant.fill("原因", "老业主介绍，本周可签约")
    consultant.look("special-discount")
    consultant.press("预览")
    consultant.sees("销售经理", "营销总监", "6,358,601.46")
    consultant.look("special-discount-ahead")
    consultant.press("提交")
    consultant.sees("审批中 1/2")
    approve(at("manager"), "2602", "客户诚意足")
    approve(at("director"), "2602", "同意，限本周")
    at("director").sees("已通过并执行")


def test_6_two_buyers_subscribe(at, story):
    consultant, page = at("consultant1"), at("consultant1").page
    fill_subscription(consultant, "3栋", "2602", [("王小明", "60"), ("李小红", "39")])
    page.get_by_role("checkbox", name=re.compile("开盘优惠")).check()
    page.get_by_label("已批特殊折扣").select_option(index=1)
    consultant.sees("¥6,293,385.03")
    with consultant.refusal(422):
        consultant.press("认购")
        consultant.sees("份额合计为 99.00%")
    expect(page.get_by_label("份额").nth(0)).to_have_value("60")
    consultant.look("subscribe")
    consultant.fill("份额", "40", at=1)
    consultant.press("认购")
    consultant.heading_is("RG")
    consultant.sees("待交定金", "王小明", "李小红", "6,293,385.03")
    consultant.is_told("请收取定金")
    consultant.look("subscription")
    story["subscription"] = page.url


def test_7_the_cashier_takes_the_deposit_and_it_is_printed_once(office, at, story):
    cashier, page = at("cashier"), at("cashier").page
    office.simulator("paper-out")
    cashier.go("收款台")
    page.get_by_role("searchbox", name="查找交易").fill("2602")
    page.keyboard.press("Enter")
    # The only hit is opened.
    cashier.sees("SJ00001", "6,293,385.03")
    cashier.fill("金额", "99999.5")
    cashier.sees("玖万玖仟玖佰玖拾玖元伍角")
    page.get_by_role("button", name="100,000.00").click()
    cashier.sees("壹拾万元整")
    expect(page.get_by_label("金额")).to_have_value("100,000.00")
    expect(page.get_by_label("用途")).to_have_value("定金")
    page.get_by_role("radio", name="转账").check()
    cashier.look("cashier")
    cashier.press("确认收款")
    cashier.heading_is("SK")
    cashier.sees("¥100,000.00", "壹拾万元整", "SJ00001", "定金")
    jobs = page.get_by_role("article")
    expect(jobs).to_contain_text("缺纸", timeout=30_000)
    cashier.look("receipt-waiting")
    office.simulator("paper-in")
    paper = page.get_by_role("img", name=re.compile("SJ00001"))
    expect(paper).to_be_visible(timeout=60_000)
    for text in ("收据", "松风明月花园", "3栋-1单元-2602", "王小明", "壹拾万元整"):
        expect(paper).to_have_attribute("alt", re.compile(text))
    assert paper.evaluate("image => image.naturalWidth > 100 && image.naturalHeight > 100")
    expect(paper).to_have_count(1)
    cashier.look("receipt")
    papers = (office.folder / "simulators/receipt_printer/papers.jsonl").read_text()
    assert len(papers.splitlines()) == 1

    consultant = at("consultant1")
    consultant.open(story["subscription"])
    consultant.sees("定金已交", "收到 100,000.00")
    consultant.look("subscription-paid")
    consultant.go("认购")
    expect(consultant.row("2602")).to_contain_text("定金已交")
    consultant.look("subscriptions")


def test_8_without_a_deposit_it_lapses_by_itself(office, at):
    consultant = at("consultant1")
    fill_subscription(consultant, "6栋", "3001", [("李小红", "100")], "一次性")
    consultant.press("认购")
    consultant.heading_is("RG")
    deal = consultant.page.url
    number = consultant.page.get_by_role("heading", level=1).locator(".num").inner_text()
    grid = Grid(consultant).open()
    grid.is_status("6栋", "3001", "认购")
    office.sql(
        "UPDATE sales_subscription SET lapses_at = now() - interval '1 second' WHERE number = %s",
        number,
    )
    grid.is_status("6栋", "3001", "待售", within=40_000)
    consultant.open(deal)
    consultant.sees("已失效")
    consultant.look("subscription-lapsed")


def test_9_two_press_at_once_and_one_is_told_who_has_it(at):
    one, two = at("consultant1"), at("consultant2")
    register(two, THIRD)
    fill_subscription(one, "6栋", "3002", [("李小红", "100")])
    fill_subscription(two, "6栋", "3002", [("赵大海", "100")])
    for window in (one, two):
        window.page.get_by_role("button", name="认购", exact=True).click(no_wait_after=True)
    settled = {one: "林顾问", two: "陈顾问"}
    lost = []
    for window, other in settled.items():
        main = window.page.locator("main")
        expect(main).to_contain_text(re.compile(f"待交定金|{other}"))
        if "/subscribe/" in window.page.url:
            lost.append(window)
            expect(main.get_by_role("alert")).to_contain_text(re.compile(f"{other}.*(认购|预留)"))
            assert window.refused == [422], window.refused
            window.refused.clear()
            window.look("too-late")
    assert len(lost) == 1


def test_10_a_third_from_another_project_sees_nothing(at, story):
    stranger, page = at("agency1"), at("agency1").page
    number = story["subscription"].rstrip("/").rsplit("/", 1)[1]
    page.locator("summary.pick").click()
    expect(page.locator("[data-projects]")).to_contain_text("云栖雅苑")
    assert "松风明月花园" not in page.content()
    page.keyboard.press("Escape")
    grid = Grid(stranger).open()
    expect(page.locator("main")).not_to_contain_text("7栋")
    assert grid.page.get_by_role("grid", name="3栋", exact=True).count() == 0
    stranger.look("agency-grid")
    for place in ("客户", "认购", "预留与销控", "房间"):
        stranger.go(place)
        for text in ("王小明", "2602", "RG2026-00001", "松风明月"):
            assert text not in page.locator("main").inner_text(), (place, text)
    stranger.look("agency-rooms")
    for typed in ("王小明", "13800138001", "2602", "RG"):
        page.locator("input[data-find]").fill(typed)
        page.keyboard.press("Enter")
        stranger.sees("没有找到")
    for address in (story["subscription"], story["request"], f"/sales/subscribe/{number}"):
        with stranger.refusal(404):
            stranger.open(address)
        assert "王小明" not in page.content()
    stranger.look("agency-refused")


def test_11_nothing_failed_behind_the_pages(office):
    assert "ok" in office.flask("ledger", "check").lower()
    for log in office.folder.glob("*.log"):
        assert "Traceback" not in log.read_text(), log.name

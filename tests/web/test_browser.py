"""The pages in a real browser, wide and narrow: policy kept, nothing sideways, keys work."""

from __future__ import annotations

import re
import threading

import pytest
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from app.core.db import db
from tests.factories.people import PASSWORD, make_organization, make_project, make_user
from tests.web.conftest import make_building, make_rooms

pytestmark = [pytest.mark.browser, pytest.mark.commit, pytest.mark.xdist_group("web-browser")]
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
LIST = "/sample/rooms/list/"
RELEASE = "[data-selbar] button[formaction$=release]"


#: no live server runs beside this site; and a page whose session has ended is told so
AWAITED = re.compile("ERR_CONNECTION_REFUSED|401 [(]UNAUTHORIZED")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield found
        found.close()


@pytest.fixture
def site(committed):
    """A running server with rooms, and a person who may change them."""
    project = make_project(make_organization(name="深圳公司"), name="松风明月花园")
    make_rooms(make_building(project), 30)
    make_rooms(make_building(project, "6栋"), 3)
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
    """``open_page(NARROW)``: a signed-in page that fails on any complaint of the browser."""
    contexts, complaints = [], []

    def open_(viewport=WIDE, **options):
        context = browser.new_context(viewport=viewport, base_url=site, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and not AWAITED.search(message.text)
                else None
            ),
        )
        page.goto("/login/?next=/sample/rooms/list/")
        page.fill("#username", "steward")
        page.fill("#password", PASSWORD)
        page.click("main button.p")
        page.wait_for_url("**/sample/rooms/list/")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


PAGES = (
    LIST,
    "/sample/rooms/show/1",
    "/sample/rooms/edit/1",
    "/sample/buildings/add",
    "/sample/rooms/act/hold?id=1&id=2",
    "/organizations/list/",
    "/settings/",
    "/search/?q=30",
    "/swagger/v1",
    "/password/",
)


def test_on_a_phone_nothing_scrolls_sideways(open_page):
    page = open_page(NARROW)
    for path in PAGES:
        page.goto(path)
        assert sideways(page) <= 0, path
        assert page.locator("h1").first.is_visible(), path


def test_a_row_opens_by_a_click_and_the_list_comes_back(open_page):
    page = open_page()
    page.click("tbody tr:nth-child(3) td:nth-child(5)")
    page.wait_for_url("**/show/*")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(25)


def test_a_condition_is_added_changed_and_removed(open_page):
    page = open_page()
    page.get_by_text("+ ").first.click()
    page.locator(".offer").nth(1).locator("summary").click()
    page.locator(".offer[open] input[value=held]").check()
    page.locator(".offer[open] button").click()
    page.wait_for_url("**status=held*")
    expect(page.locator("tbody .st-available")).to_have_count(0)
    page.locator(".condition .x").click()
    page.wait_for_url(lambda address: "status" not in address)
    expect(page.locator(".f.on")).to_have_count(0)


def test_selected_rows_bring_their_steps_which_ask_before_they_act(open_page):
    page = open_page()
    expect(page.locator("[data-selbar]")).to_be_hidden()
    page.locator("[data-pick]").nth(0).check()
    page.locator("[data-pick]").nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-picked]")).to_have_text("3")
    page.locator(RELEASE).click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.locator(RELEASE).click()
    page.locator("dialog[open] footer .btn").last.click()
    expect(page.locator(".toast")).to_be_visible()


def test_a_choice_is_made_with_the_keyboard_alone(open_page):
    page = open_page()
    page.goto("/sample/rooms/edit/1")
    box = page.locator("main").get_by_role("combobox").first
    box.fill("6")
    option = page.get_by_role("option")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("6栋")
    assert box.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    expect(box).to_have_value("6栋")
    expect(page.locator("input[name=building]")).to_have_value("2")
    page.locator("input[name=number]").fill("777")
    page.keyboard.press("Enter")
    page.wait_for_url("**/show/1")
    expect(page.locator("h1")).to_contain_text("6栋")


def test_what_was_typed_but_not_chosen_is_no_choice(open_page):
    page = open_page()
    page.goto("/sample/rooms/edit/1")
    box = page.locator("main").get_by_role("combobox").first
    box.fill("nothing like it")
    page.locator("input[name=number]").focus()
    expect(box).to_have_value("3栋")
    expect(page.locator("input[name=building]")).to_have_value("1")


def test_chosen_columns_and_saved_views_are_remembered(open_page):
    page = open_page()
    page.locator(".filters details", has=page.locator("[data-columns]")).locator("summary").click()
    chooser = page.locator("[data-columns]")
    chooser.locator("input[value=gross_area]").uncheck()
    last = chooser.locator("li", has=page.locator("input[value=status]"))
    for _step in range(3):
        last.locator("[data-up]").click()
    chooser.locator("button.p").click()
    page.wait_for_load_state("load")
    heads = page.locator("thead th:not(.pick-cell)")
    expect(heads).to_have_count(7)
    page.goto(LIST + "?status=held")
    expect(heads).to_have_count(7)
    page.locator(".filters details", has=page.locator("input[name=query]")).locator(
        "summary"
    ).click()
    page.locator("input[name=name]").fill("销控房")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tabs a:has-text('销控房')")
    page.goto(LIST)
    page.locator(".tabs a", has_text="销控房").click()
    page.wait_for_url("**status=held*")


def test_all_rows_that_were_found_can_be_selected_at_once(open_page):
    page = open_page()
    page.goto(LIST + "?status=held&size=25&everywhere=1")
    page.goto(LIST + "?size=25")
    page.locator("[data-pick-all]").check()
    page.locator("[data-all-found]").click()
    expect(page.locator("[data-picked]")).to_have_text("33")
    page.locator("[data-pick]").first.uncheck()
    expect(page.locator("[data-picked]")).to_have_text("24")


def test_a_day_is_chosen_from_a_calendar_in_our_words(open_page):
    page = open_page()
    page.goto("/sample/buildings/add")
    page.locator("input[name=completed_on]").fill("2026-03-07")
    page.locator(".daybox", has=page.locator("input[name=completed_on]")).locator(
        ".pickday"
    ).click()
    expect(page.locator(".calendar header b")).to_have_text(re.compile("3"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=completed_on]")).to_have_value("2026-03-08")
    expect(page.locator(".calendar")).to_have_count(0)


def test_what_was_typed_comes_back_after_the_session_ended(open_page):
    page = open_page()
    page.goto("/sample/buildings/add")
    page.locator("input[name=name]").fill("新楼栋")
    page.context.clear_cookies()
    page.locator(".formend button.p").click()
    page.wait_for_url("**/login/**")
    page.fill("#username", "steward")
    page.fill("#password", PASSWORD)
    page.click("main button.p")
    page.wait_for_url("**/sample/buildings/add")
    expect(page.locator("input[name=name]")).to_have_value("新楼栋")


def test_the_theme_is_chosen_without_a_flash(open_page):
    page = open_page(color_scheme="light")
    page.locator(".me summary:has(.ava)").click()
    page.locator("[data-theme-choice=dark]").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto(LIST, wait_until="commit")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.wait_for_load_state()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_dark_follows_the_system(open_page):
    light = open_page(color_scheme="light")
    dark = open_page(color_scheme="dark")
    grounds = [p.evaluate("getComputedStyle(document.body).backgroundColor") for p in (light, dark)]
    assert grounds[0] != grounds[1]


def test_the_drawer_opens_on_a_phone_and_the_slash_finds_the_search_box(open_page):
    page = open_page(NARROW)
    expect(page.locator("#nav")).to_be_hidden()
    page.click(".drawer-open")
    expect(page.locator("#nav a[aria-current]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#nav")).to_be_hidden()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('[data-find], .q input')")


def test_leaving_a_typed_form_asks_first(open_page):
    page = open_page()
    page.goto("/sample/buildings/add")
    page.locator("input[name=name]").fill("新楼")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(LIST)
    assert asked == ["beforeunload"]


def test_paper_carries_neither_menu_nor_buttons(open_page):
    page = open_page()
    page.emulate_media(media="print")
    for selector in (".nav", ".top", ".filters", ".pages"):
        expect(page.locator(selector).first).to_be_hidden()
    expect(page.locator(".print-head")).to_be_visible()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_a_section_stays_as_it_was_left_and_is_open_on_paper(open_page):
    page = open_page()
    page.goto("/sample/rooms/edit/1")
    fold = page.locator("details[data-fold]").first
    expect(fold).to_have_attribute("open", "")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    page.reload()
    expect(fold).not_to_have_attribute("open", "")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(fold).to_have_attribute("open", "")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(fold).not_to_have_attribute("open", "")


def test_the_focus_stays_in_a_dialog_and_comes_back(open_page):
    page = open_page()
    page.locator("[data-pick]").first.check()
    page.locator(RELEASE).click()
    expect(page.locator("dialog[open]")).to_be_visible()
    for key in ("Tab", "Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        assert page.evaluate("Boolean(document.activeElement.closest('dialog'))"), key
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('[data-selbar] button')")


def test_what_lies_under_the_menu_is_out_of_reach_on_a_phone(open_page):
    page = open_page(NARROW)
    page.locator(".drawer-open").click()
    expect(page.locator(".page")).to_have_attribute("inert", "")
    page.keyboard.press("Escape")
    expect(page.locator(".page")).not_to_have_attribute("inert", "")
    expect(page.locator(".drawer-open")).to_be_focused()


def test_nothing_that_is_pressed_on_a_phone_is_lower_than_a_thumb(open_page):
    page = open_page(NARROW)
    for path in PAGES:
        page.goto(path)
        low = page.evaluate(
            """() => [...document.querySelectorAll('a.btn, button, summary, select, input')]
              .filter((one) => !one.matches('[type=checkbox], [type=radio], .sr, .skip, .backdrop'))
              .filter((one) => one.checkVisibility({visibilityProperty: true}))
              .filter((one) => one.getBoundingClientRect().height < 40)
              .map((one) => one.outerHTML.slice(0, 120))"""
        )
        assert low == [], path

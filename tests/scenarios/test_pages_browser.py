"""Every kind of page in Chromium: nothing complains, overlaps, scrolls sideways, lacks a label."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import sync_playwright

from tests.conformance.faults import expect_none
from tests.scenarios.browsing import follow
from tests.scenarios.looking import CORNERS, Onlooker
from tests.scenarios.pages import launch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.commit,
    pytest.mark.xdist_group("office-pages"),
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def seen():
    """How many pages of a kind somebody looked at already; each kind is looked at once."""
    return Counter()


@pytest.fixture
def person(office, browser):
    """``person("cashier")``: that user at a window, signed in."""
    found = []

    def sign_in(username):
        found.append(Onlooker(browser, office.url, username, guises=CORNERS))
        found[-1].sign_in()
        return found[-1]

    yield sign_in
    for one in found:
        one.context.close()


@pytest.mark.parametrize("username", ["consultant1", "manager", "cashier", "admin"])
def test_every_kind_of_page_is_whole(app, person, seen, username):
    onlooker = person(username)
    follow(app, onlooker, seen=seen)
    expect_none(onlooker.found.faults)
    assert onlooker.found.pages >= 1


def test_the_look_notices_what_is_wrong(person):
    """A page that is spoilt in every way: each check says so."""
    onlooker = person("cashier")
    onlooker.page.route(
        "**/spoilt",
        lambda route: route.fulfill(
            status=200,
            content_type="text/html",
            headers={"Content-Security-Policy": "script-src 'self'; style-src 'self'"},
            body=(
                "<!doctype html><html lang=zh><title></title><script>alert(1)</script>"
                "<main><input><button id=a>甲</button><img src=/static/none.png alt=无>"
                "<table><tr>" + "<td>一二三四五六七八九十</td>" * 40 + "</tr></table></main>"
            ),
        ),
    )
    onlooker.look("/spoilt", "spoilt")
    said = "\n".join(onlooker.found.faults)
    for words in ("script-src", "404", "no title", "0 first headings", "label", "sideways"):
        assert words in said, (words, said)


def test_the_pages_for_what_is_not_there_and_not_allowed_are_whole(person):
    onlooker = person("cashier")
    onlooker.look("/rooms/show/999999999", "404", expected=404)
    onlooker.look("/roles/list/", "403", expected=403)
    expect_none(onlooker.found.faults)

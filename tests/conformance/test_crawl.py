"""Every page that every role can reach by links: it opens, it is Chinese, its links live."""

from __future__ import annotations

import functools
import re
from collections import Counter, deque
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from app.demo.people import PEOPLE
from config import ROOT
from tests.conformance.faults import expect_none
from tests.conformance.pages import routes
from tests.conformance.reading import english_in, read

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]

#: how many rows of one page one person opens
OF_A_PAGE = 3
#: pages whose content is technical, each with the reason
TECHNICAL = {
    "SwaggerView.show": "describes the interface in the words of the code",
    "RoleView.list": "shows the codes of roles",
}
#: pages that a link leads to on some pages only, by what the crawl has done before
SOMETIMES = {
    "ApprovalView.edit": "on the page of a request that came back; tests/workflows",
    "AuditView.choices": "asked by the form while one types",
    "RoomLineageView.list": "on the page of a room that came from others; tests/estate",
    "RoomLineageView.show": "on the page of a room that came from others; tests/estate",
    "account.second_factor_picture": "a picture on a page, while a second factor is being set up",
}
#: what is opened otherwise than by a link, each with the reason
NO_LINK = {
    "AuditView.sensitive": "a short address of one of the tabs",
    "CashierView.words": "asked by the form while one types",
    "DeskView.hold": "opened from the panel of a room in the grid",
    "DeskView.name_customer": "opened from the panel of a room in the grid",
    "DeviceView.act": "a step, which is posted",
    "LaunchBatchView.act": "a step, which is posted",
    "LoanView.months": "a button of the form, which sends what is typed in it",
    "PublicPricesView.of_project": "a link only where it is switched on; tests/pricing",
    "LocaleView.index": "hidden behind work.language",
    "PriceListView.progress": "asked by the page while an import goes on",
    "SwaggerView.show": "known to programmers by its address",
    "UtilView.back": "Flask-AppBuilder's, used by nobody",
    "account.second_factor_codes": "offered to those who have a second factor",
    "account.second_factor_off": "offered to those who have a second factor",
    "RoomGenerationView.act": "a step, which is posted",
    "SessionView.act": "a step, which is posted",
    "outside.arrive_from": "comes after the provider",
    "outside.leave": "at the door of offices with a provider",
    "door.code": "comes after the password",
    "door.enter": "where one is sent who is not signed in",
    "exports.fetch": "is there when the worker has written the file; tests/web",
    "exports.progress": "asked by the page while an export is open",
    "healthz": "asked by balancers",
    "NoticeView.panel": "fetched when the bell is opened",
    "WorkbenchView.tile": "fetched by the workbench for tiles that take long",
    "metrics": "asked by Prometheus with a token",
    "search.search": "opened by the form in the frame",
    "search.suggest": "asked while one types",
    "work.keys_help": "fetched when the question mark is pressed",
    "work.counts": "asked by the frame",
    "work.language": "would go on in English",
    "work.projects_found": "asked by the frame",
}
#: orders and filters that somebody has opened already
VARIANTS: set[tuple[str, str]] = set()
#: who has nothing to open yet, with the reason
NOTHING_YET = {"seal": "sealing comes with contracts"}
EVERYBODY = [person.username for person in PEOPLE]


class Crawl:
    """What one person finds by following every kind of link from the entrance."""

    def __init__(self, office, username):
        self.adapter = office.app.url_map.bind("localhost")
        self.client = office.person(username)
        self.username = username
        self.seen = {"/"}
        self.kinds = Counter()
        self.waiting = deque([("/", "the entrance")])
        self.pages = {}
        self.reached = set()
        self.faults = []

    def run(self):
        while self.waiting:
            self.open(*self.waiting.popleft())
        return self

    def open(self, address, origin):
        answer = self.client.get(address)
        status, name = answer.status_code, self.endpoint(address)
        if status < 400:
            self.reached.add(name)
        if status in (301, 302, 303):
            self.follow(urljoin(address, answer.location), origin)
        elif status != 200:
            self.fault(f"{origin} leads to {address}: {status}")
        elif answer.mimetype == "text/html":
            page = read(answer.text)
            self.pages[address] = (name, page)
            for link in page.links:
                self.follow(urljoin(address, link), address)
        answer.close()

    def follow(self, link, origin):
        parts = urlsplit(link)
        if parts.netloc not in ("", "localhost") or parts.scheme not in ("", "http", "https"):
            if parts.scheme not in ("data", "tel", "mailto"):
                self.fault(f"{origin} leads outside: {link}")
            return
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        if not address or address in self.seen:
            return
        self.seen.add(address)
        kind = self.endpoint(address)
        if kind in ("static", "appbuilder.static", "work.language"):
            if not self.adapter.test(parts.path, "GET") or not self.on_disk(parts.path, kind):
                self.fault(f"{origin} leads to {address}, which is not there")
        elif self.is_new(kind, parts.query):
            self.waiting.append((address, origin))

    def is_new(self, kind, query):
        """Tell whether to open it: some rows of each page; each order and filter once for all."""
        if not query:
            self.kinds[kind] += 1
            return self.kinds[kind] <= OF_A_PAGE
        asked = {name.partition(".")[0]: value for name, value in parse_qsl(query)}
        variant = (kind, query if "order" in asked else "&".join(sorted(asked)))
        if (kind.endswith(".list") and len(asked) > 1) or variant in VARIANTS:
            return False
        VARIANTS.add(variant)
        return True

    def on_disk(self, path, kind):
        return kind != "static" or (ROOT / "app" / path.lstrip("/")).is_file()

    def endpoint(self, address):
        path = urlsplit(address).path
        if not self.adapter.test(path, "GET"):
            return f"no page {path}"
        return self.adapter.match(path, "GET")[0]

    def fault(self, sentence):
        self.faults.append(f"{self.username}: {sentence}")


@pytest.fixture(scope="module")
def crawl_of(office, speaking):  # noqa: ARG001 - the pages speak from the newest catalogue
    """``crawl_of("cashier")``: what the cashier reaches, found once."""
    return functools.cache(lambda username: Crawl(office, username).run())


@pytest.mark.parametrize("username", EVERYBODY)
def test_every_page_opens_and_is_chinese(crawl_of, english, username):
    crawl = crawl_of(username)
    if username in NOTHING_YET:
        assert crawl.faults == []
        return
    assert len(crawl.pages) > 5, crawl.pages.keys()
    faults = list(crawl.faults)
    for address, (name, page) in crawl.pages.items():
        if page.language != "zh-CN":
            faults.append(f"{address} is in {page.language or 'no language'}")
        if name not in TECHNICAL:
            faults += [f"{address} shows {text!r}" for text in english_in(page.words, english)]
    expect_none(set(faults))


@pytest.mark.parametrize("username", EVERYBODY)
def test_every_page_keeps_the_policy_and_draws_icons_that_there_are(crawl_of, username):
    icons = set(re.findall(r'id="([\w-]+)"', (ROOT / "app/static/img/icons.svg").read_text()))
    faults = []
    for address, (_name, page) in crawl_of(username).pages.items():
        faults += [f"{address}: the policy refuses {one[:120]}" for one in page.refused]
        faults += [f"{address}: there is no icon {icon!r}" for icon in page.icons - icons]
    expect_none(set(faults))


def test_every_page_is_reached_by_somebody(crawl_of, app):
    """A page that no link leads to might as well not be there."""
    reached = set().union(*(crawl_of(username).reached for username in EVERYBODY))
    pages = {route.name for route in routes(app) if "GET" in route.methods and not route.is_rest}
    expect_none(pages - reached - set(NO_LINK) - set(SOMETIMES), "no link leads to it")
    expect_none(set(NO_LINK) - (pages - reached), "listed, though somebody reaches it")

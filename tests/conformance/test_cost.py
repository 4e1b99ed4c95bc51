"""What every page costs: few statements, the same for few rows and many, and little to load."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from app.core.db import db
from tests.conformance.budgets import MAY_GROW, WEIGHT, statements_for
from tests.conformance.crowd import add_crowd
from tests.conformance.faults import expect_none
from tests.conformance.office import undone
from tests.conformance.pages import addresses

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("demo"), pytest.mark.timeout(600)]

#: rows of each kind that are added
MANY = 12
#: who sees every page
EVERYBODY = "insider"
_NOT_COUNTED = re.compile(r"SAVEPOINT|RELEASE|ROLLBACK")
# Kept for half a minute by each process: a page pays for it now and then, whatever it shows.
_PRINCIPAL = "SELECT u.username, u.first_name"


class Statements:
    """Counts what goes to the database while it is open."""

    def __init__(self):
        self.texts = []

    def __enter__(self):
        event.listen(Engine, "before_cursor_execute", self.note)
        return self

    def __exit__(self, *_error):
        event.remove(Engine, "before_cursor_execute", self.note)

    def note(self, _connection, _cursor, statement, *_rest):
        words = statement.strip()
        if not _NOT_COUNTED.match(words) and not words.startswith(_PRINCIPAL):
            self.texts.append(words)


def first_of(table):
    number = db.session.scalar(text(f"SELECT min(id) FROM {table}"))
    db.session.rollback()
    return number


def cost_of(client, address):
    """Return the statements of a page that has been opened before; None if it is no page."""
    if client.get(address).status_code != 200:
        return None
    with Statements() as counted:
        client.get(address)
    return counted.texts


@pytest.fixture(scope="module")
def pages(office):
    return addresses(office.app, lambda table: office.ids.get(table) or first_of(table))


@pytest.fixture(scope="module")
def costs(office, pages):
    """Name → (statements with few rows, with many) of every page that opens."""
    client = office.person(EVERYBODY)
    few = {name: cost_of(client, address) for name, address in pages.items()}
    with undone(office):
        add_crowd(office, MANY)
        many = {name: cost_of(client, address) for name, address in pages.items()}
    return {name: (few[name], many[name]) for name in pages if few[name] and many[name]}


def test_every_page_keeps_to_its_budget(costs):
    assert len(costs) > 80
    over = [
        f"{name}: {len(many)} statements, {statements_for(name)} are allowed: {repeated(many)}"
        for name, (_few, many) in costs.items()
        if len(many) > statements_for(name)
    ]
    expect_none(over)


def test_no_page_costs_more_for_more_rows(costs):
    grown = [
        f"{name}: {len(few)} statements, {len(many)} with {MANY} rows more: {repeated(many)}"
        for name, (few, many) in costs.items()
        if len(many) > len(few) + MAY_GROW.get(name, 0)
    ]
    expect_none(grown)


def repeated(texts):
    (statement, count), *_rest = Counter(texts).most_common(1)
    return f"{count} × {statement[:200]}"


class Parts(HTMLParser):
    """The addresses of what a page loads by itself."""

    def __init__(self, page):
        super().__init__()
        self.found = set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("script", "img"):
            self.found.add(given.get("src"))
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "manifest", "preload"):
            self.found.add(given.get("href"))


def test_no_page_is_heavy_and_what_it_loads_is_kept_for_a_year(office, pages):
    client = office.person(EVERYBODY)
    asked = {"Accept-Encoding": "br"}
    weights, kept = {}, {}
    heavy = {}
    for name, address in pages.items():
        answer = client.get(address, headers=asked)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        page = client.get(address).text
        own = len(answer.data)
        for part in Parts(page).found - {None}:
            target = urljoin(address, part)
            if urlsplit(target).scheme == "data":
                continue
            if target not in weights:
                with client.get(target, headers=asked) as file:
                    weights[target] = len(file.data)
                    kept[target] = file.headers.get("Cache-Control", "")
            own += weights[target]
        if own > WEIGHT:
            heavy[name] = own
    assert heavy == {}
    assert len(weights) > 3
    # The picture of a second factor's secret is kept by nobody.
    assert kept.pop("/account/second-factor/picture.svg", "no-store") == "no-store"
    assert {target: how for target, how in kept.items() if "immutable" not in how} == {}

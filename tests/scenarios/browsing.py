"""Following links in Chromium, one page of every kind; ``python -m tests.scenarios.browsing``.

The command starts an office with the demo, lets people look at every kind of page they reach, in
every guise, and writes the figures to docs/browser-crawl.md; ``--each 3`` opens three of a kind.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import sync_playwright
from werkzeug.routing import MapAdapter

from app import create_app
from app.core import clock
from config import ROOT
from tests import database
from tests.scenarios.looking import GUISES, Onlooker
from tests.scenarios.office import Office, free_ports
from tests.scenarios.pages import launch

PEOPLE = ("consultant1", "manager", "cashier", "admin")
REPORT = ROOT / "docs/browser-crawl.md"
#: what is no page to look at
NO_PAGE = {"static", "appbuilder.static", "work.language", "door.sign_out", "UtilView.back"}


def kind_of(addresses: MapAdapter, link: str) -> str:
    """Return the name of the page that a link leads to; "" when it leads to none of ours."""
    path = urlsplit(link).path
    return str(addresses.match(path, "GET")[0]) if addresses.test(path, "GET") else ""


def follow(app: Flask, person: Onlooker, *, seen: Counter[str], each: int = 1) -> None:
    """Let a person open ``each`` pages of every kind that is not among the ``seen``."""
    addresses = app.url_map.bind("127.0.0.1")
    waiting = deque(["/"])
    opened = set()
    mine: Counter[str] = Counter()
    while waiting:
        address = waiting.popleft()
        kind = kind_of(addresses, address)
        if not kind:
            person.found.faults.append(f"{person.username}: a link leads to {address}, no page")
        full = mine[kind] >= each or (kind != "IndexView.index" and seen[kind] >= each)
        if not kind or kind in NO_PAGE or full or address in opened:
            continue
        opened.add(address)
        mine[kind] += 1
        waiting.extend(person.look(address, kind))
    seen += mine


def _write(people: Iterable[Onlooker], browser: str) -> None:
    lines = [
        "# The crawl in Chromium",
        "",
        "Written by `python -m tests.scenarios.browsing`. Every kind of page that a person reaches",
        "by links, in four guises (1400 and 390 px, light and dark): no report of the policy, no",
        "complaint of the console, no failed request, nothing sideways, no control covered or cut",
        "off, one title, one first heading, and nothing that axe-core calls serious or critical.",
        "",
        f"{clock.now():%Y-%m-%d}, Chromium {browser}, axe-core 4.14.1.",
        "",
        "| who | kinds of pages | pages | guises | faults |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for one in people:
        found = one.found
        figures = (len(found.kinds), found.pages, found.guises, len(found.faults))
        lines.append(f"| {one.username} | {' | '.join(str(figure) for figure in figures)} |")
    REPORT.write_text("\n".join(lines) + "\n")


def main() -> int:
    """Crawl, print the faults, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1, help="pages of one kind that each opens")
    parser.add_argument("people", nargs="*", default=PEOPLE)
    given = parser.parse_args()
    server = database.Server()
    people = []
    try:
        database.make_template(server.cluster.url)
        with database.cloned("xk_browsing") as url, tempfile.TemporaryDirectory() as folder:
            office = Office(Path(folder), url, *free_ports(2))
            app = create_app({"DATABASE_URL": url, **database.KEYS})
            try:
                office.start()
                with sync_playwright() as playwright:
                    browser = launch(playwright)
                    version = browser.version
                    for username in given.people:
                        people.append(Onlooker(browser, office.url, username, guises=GUISES))
                        people[-1].sign_in()
                        follow(app, people[-1], seen=Counter(), each=given.each)
                        people[-1].context.close()
            finally:
                office.stop()
    finally:
        server.stop()
    _write(people, version)
    faults = [fault for one in people for fault in one.found.faults]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

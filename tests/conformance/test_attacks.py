"""What somebody tries by hand on every address: markup, verbs, other sites, more fields."""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO

import openpyxl
import pytest
from sqlalchemy import inspect, select

from app.core.db import db
from app.web.crud_api import CrudApi
from tests.conformance.faults import expect_none
from tests.conformance.office import undone
from tests.conformance.pages import crud_views, routes
from tests.conformance.planting import ESCAPED, MARK, RAW, plant
from tests.conformance.walk import NOT_WALKED, calls

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]

EVIL = "evil.example"
#: what a browser may keep, each time asking whether it still holds, with the reason
KEPT = {
    # Ten thousand rooms, nothing personal among them, asked for again every few seconds.
    "ProjectGridApi.grid": "private, no-cache",
}
#: columns that an operation writes by itself with every change
OF_ITS_OWN = {"updated_at", "changed_at", "changed_by_id", "version", "settings", "counts"}


@pytest.fixture(scope="module")
def walked(office):
    found, _unknown = calls(office)
    return found


@pytest.fixture(scope="module")
def asking(walked):
    """One call of every address that is only asked."""
    found = {}
    for call in walked:
        if call.method == "GET":
            found.setdefault((call.route.name, call.path), call)
    assert len(found) > 150
    return list(found.values())


@pytest.fixture(autouse=True)
def _fresh(office):
    """A sign-in that was undone with everything else is none any more."""
    office.browsers.clear()
    yield
    office.browsers.clear()


# ---- markup ----


def test_markup_in_every_text_stays_text_on_every_page(office, asking):
    faults, shown = [], set()
    with undone(office):
        planted = plant()
        assert len(planted) > 60, planted
        assert {"customers_customer.name", "notices_notice.words"} <= set(planted), planted
        for call in asking:
            answer = call.send(office.person("insider"))
            page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
            answer.close()
            if answer.status_code >= 500:
                faults.append(f"{call.label}: {answer.status_code}")
            if RAW in page:
                place = page.index(RAW)
                faults.append(f"{call.label}: {page[max(0, place - 80) : place + 30]!r}")
            if any(sign in page for sign in ESCAPED):
                shown.add(call.route.name)
    expect_none(faults)
    assert len(shown) > 60, "the marks are on too few pages for this to prove anything"


def test_markup_in_an_address_stays_text(office, asking):
    """Whatever a page repeats of its address: searches, filters, orders, chips, ways back."""
    names = ("q", "order", "cursor", "next", "everywhere", "project_id", "page", "size", "id",
             "tab", "name", "state", "kind", "from", "until", "since", "reason", "title",
             "view")  # fmt: skip
    faults = []
    for path in sorted({call.path.partition("?")[0] for call in asking}):
        view = next(call.route.view for call in asking if call.path.partition("?")[0] == path)
        filters = [one.path for one in getattr(view, "filter_columns", ())]
        asked = {**dict.fromkeys(names, MARK), **dict.fromkeys(filters, MARK)}
        asked |= {f"{one}.min": MARK for one in filters}
        answer = office.person("insider").get(path, query_string=asked)
        if answer.mimetype == "text/html" and RAW in answer.get_data(as_text=True):
            faults.append(f"{path}: {answer.text[answer.text.index(RAW) - 80 :][:120]!r}")
        if answer.status_code >= 500:
            faults.append(f"{path}: {answer.status_code}")
        answer.close()
    expect_none(faults)


def test_a_page_of_what_is_refused_repeats_no_markup(office, walked):
    """Forms that come back with what was typed, and errors that name it."""
    faults = []
    for call in walked:
        if call.method == "GET" or call.route.is_rest:
            continue
        form = dict.fromkeys(call.body, MARK)
        with undone(office):
            office.browsers.pop("insider", None)
            answer = office.person("insider").post(call.path, data=form)
            if answer.mimetype == "text/html" and RAW in answer.get_data(as_text=True):
                faults.append(f"{call.label}: {answer.text[answer.text.index(RAW) - 80 :][:120]!r}")
            answer.close()
    expect_none(faults)


def test_no_cell_of_any_sheet_is_a_formula_or_a_link(office, asking):
    """A name that begins like a formula is text in every Excel file that leaves the product."""
    faults, seen = [], 0
    with undone(office):
        assert plant('=HYPERLINK("http://x","') != []
        for call in asking:
            answer = call.send(office.person("insider"))
            content = answer.get_data() if "sheet" in answer.mimetype else b""
            answer.close()
            if content[:2] != b"PK":
                continue
            for sheet in openpyxl.load_workbook(BytesIO(content)):
                for row in sheet.iter_rows():
                    for cell in row:
                        seen += str(cell.value or "").startswith("=HYPERLINK")
                        if cell.data_type == "f" or cell.hyperlink:
                            faults.append(f"{call.label}: {cell.coordinate} {cell.value!r}")
    expect_none(faults)
    assert seen > 20, "too few such names in sheets for this to prove anything"


# ---- what an address takes ----


def test_a_verb_that_is_not_declared_does_nothing(office, asking):
    """Neither another verb nor words about one make a call into another call."""
    faults = []
    before = office.state()
    del before["core_audit_entry"]  # who took a file is written down, and rightly so
    person = office.person("insider")
    override = dict.fromkeys(
        ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "DELETE"
    )
    for call in {call.route.name: call for call in asking}.values():
        path = call.path.partition("?")[0]
        answer = person.get(path, headers=override, query_string={"_method": "DELETE"})
        plain = person.get(path)
        if answer.status_code != plain.status_code:
            faults.append(f"GET {path} as another verb: {answer.status_code}")
        answer.close()
        plain.close()
        for verb in ("TRACE", "PROPFIND"):
            answer = person.open(path, method=verb)
            if answer.status_code not in (404, 405):
                faults.append(f"{verb} {path}: {answer.status_code}")
            answer.close()
    expect_none(faults)
    assert {name: digest for name, digest in office.state().items() if name in before} == before


def test_what_other_sites_post_changes_nothing(office, walked, monkeypatch):
    """Every unsafe address with the cookie and without the token, with that of somebody else, and
    as another site can send it: as a form, as plain text, with a strange Origin.
    """
    monkeypatch.setitem(office.app.config, "WTF_CSRF_ENABLED", True)
    person, other = office.person("insider"), office.person("consultant1")
    page = other.get("/password/").text
    stolen = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    faults, tried = [], 0
    before = office.state()
    for call in walked:
        if call.method == "GET":
            continue
        for sent in (
            {"data": dict.fromkeys(call.body, "1")},
            {"data": json.dumps(dict(call.body), default=str), "content_type": "text/plain"},
            {"data": {**dict.fromkeys(call.body, "1"), "csrf_token": stolen}},
            {"json": {}, "headers": {"X-CSRFToken": stolen, "Idempotency-Key": "k"}},
        ):
            tried += 1
            headers = {"Origin": f"https://{EVIL}", **sent.pop("headers", {})}
            answer = person.open(call.path, method=call.method, headers=headers, **sent)
            refused = answer.status_code == 422 and (
                not call.route.is_rest or answer.json["error"] == "csrf"
            )
            if not refused:
                faults.append(f"{call.label} {sent}: {answer.status_code}")
            answer.close()
    expect_none(faults)
    assert tried > 400
    assert office.state() == before


def test_every_answer_says_that_nobody_keeps_frames_or_reads_it(office, asking):
    """No cache, no frame, no other site, no guess of the type; files of ours may be kept."""
    faults = []
    for call in asking:
        headers = {"Origin": f"https://{EVIL}", "Access-Control-Request-Method": "POST"}
        answer = office.person("insider").get(call.path, headers=headers)
        given = answer.headers
        wanted = {
            "no-store": given.get("Cache-Control") == KEPT.get(call.route.name, "no-store"),
            "nosniff": given.get("X-Content-Type-Options") == "nosniff",
            "DENY": given.get("X-Frame-Options") == "DENY",
            "frame-ancestors": "frame-ancestors 'none'" in given.get("Content-Security-Policy", ""),
            "CORS": not [name for name, _value in given if name.startswith("Access-Control-")],
            "a version": "Server" not in given and "X-Powered-By" not in given,
        }
        faults += [f"{call.label}: {name}" for name, good in wanted.items() if not good]
        answer.close()
    expect_none(faults)


def test_the_host_of_a_request_stands_in_no_page(office, asking):
    """What a cache or a mail could carry to others is never made of the caller's Host."""
    faults = []
    for call in asking:
        if call.route.name.endswith(".stream"):
            continue  # leads back to the host that was asked, for this caller and never kept
        headers = {"Host": EVIL, "X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}"}
        answer = office.person("insider").get(call.path, headers=headers)
        if answer.mimetype in ("text/html", "application/json") and EVIL in answer.text:
            faults.append(call.label)
        if EVIL in str(answer.location):
            faults.append(f"{call.label} leads to {answer.location}")
        answer.close()
    expect_none(faults)


# ---- fields that nobody declared ----


def crud_apis(office):
    return [one for one in office.app.appbuilder.baseviews if isinstance(one, CrudApi)]


def odd_value(column):
    """Return a value of the column's kind that no row has."""
    python = column.type.python_type
    return {bool: True, int: 987654, str: "untold"}.get(python, "2031-01-01")


def test_fields_that_are_not_declared_change_nothing(office):
    """Every column of the table beside those of the form, in forms and in REST alike."""
    faults, tried = [], 0
    for api in crud_apis(office):
        view = api.view
        table = inspect(view.model).local_table
        row_id = office.ids.get(table.name)
        if view.edit_operation is None or row_id is None:
            continue
        declared = set(view.field_names("edit"))
        declared |= {f"{name}_id" for name in declared}
        hidden = {c.name: odd_value(c) for c in table.c if c.name not in declared}
        for send in ("json", "data"):
            with undone(office):
                before = (
                    db.session.execute(select(table).where(table.c.id == row_id)).mappings().one()
                )
                db.session.rollback()
                office.browsers.pop("insider", None)
                person = office.person("insider")
                if send == "json":
                    answer = person.put(f"/api/v1/{api.resource_name}/{row_id}", json=hidden)
                else:
                    path = f"{view.route_base}/edit/{row_id}"
                    form = {name: before.get(name, "") or "" for name in view.field_names("edit")}
                    answer = person.post(path, data={**form, **hidden})
                after = (
                    db.session.execute(select(table).where(table.c.id == row_id)).mappings().one()
                )
                db.session.rollback()
            tried += answer.status_code in (200, 302)
            moved = [name for name in hidden if before[name] != after[name]]
            faults += [
                f"{table.name}.{name} by {send} ({answer.status_code})"
                for name in moved
                if name not in OF_ITS_OWN
            ]
    expect_none(faults)
    assert tried > 8


def test_no_list_is_ordered_or_filtered_by_what_it_does_not_show(office):
    """Rows that move tell what stands in a hidden column, letter by letter."""
    faults, tried = [], 0
    person = office.person("insider")
    for view in crud_views(office.app):
        table = inspect(view.model).local_table
        offered = {one.path.partition(".")[0] for one in (*view.offered, *view.filter_columns)}
        # "after" is also where a page of a list begins.
        offered |= {f"{one}_id" for one in offered} | {"id", "project_id", "after"}
        path = f"{view.route_base}/list/"
        base = person.get(path, query_string={"everywhere": "1", "order": "nothing"})
        if base.status_code != 200:
            continue
        for column in table.c:
            if column.name in offered:
                continue
            tried += 1
            for query in ({"order": f"-{column.name}"}, {"order": f"{column.name}; --"},
                          {column.name: "no such value"}, {f"{column.name}.min": "1"},
                          {f"{column.name}__contains": "x"}):  # fmt: skip
                answer = person.get(
                    path, query_string={"everywhere": "1", "order": "nothing", **query}
                )
                if rows_of(answer.text) != rows_of(base.text):
                    faults.append(f"{path}?{query}")
    expect_none(faults)
    assert tried > 40


def rows_of(page):
    return re.findall(r'data-id="(\d+)"|/show/(\d+)"', page)


@pytest.mark.parametrize(
    "inside",
    [[None], [[]], [{"a": 1}], [1e400], [10**30], ["\0"], ["' OR 1=1 --"], [True] * 9, {}, 7],
)
def test_a_cursor_of_ones_own_making_is_refused(office, inside):
    """Whatever stands in it: an error of ours, or rows that the list shows anyway."""
    token = base64.urlsafe_b64encode(json.dumps(inside).encode()).decode().rstrip("=")
    faults = []
    person = office.person("insider")
    for api in crud_apis(office):
        for order in ("", "&order=-id"):
            path = f"/api/v1/{api.resource_name}/?cursor={token}{order}"
            answer = person.get(path)
            if answer.status_code not in (200, 422):
                faults.append(f"{path}: {answer.status_code}")
    expect_none(faults)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1", "1" * 5000])
def test_figures_that_are_none_are_no_fault(office, walked, value):
    """Python's JSON reads NaN, and digits without end; in every field of every call."""
    faults = []
    for call in walked:
        if call.method in ("GET", "DELETE") or not call.route.is_rest:
            continue
        members = ", ".join(f"{json.dumps(name)}: {value}" for name in call.body or {"name": 1})
        nested = f'{{{members}, "values": {{"x": {value}}}, "result": {{"x": {value}}}}}'
        with undone(office):
            office.browsers.pop("insider", None)
            answer = office.person("insider").open(
                call.path,
                method=call.method,
                data=nested,
                content_type="application/json",
                headers={"Idempotency-Key": "figures"},
            )
        if answer.status_code >= 500:
            faults.append(f"{call.label}: {answer.status_code}")
    expect_none(faults)


def test_every_route_that_changes_something_is_in_the_walk(office, walked):
    """The attacks above are on every address, also on one that comes tomorrow."""
    known = {call.route.name for call in walked}
    missing = {one.name for one in routes(office.app) if one.changes} - known - set(NOT_WALKED)
    expect_none(missing)

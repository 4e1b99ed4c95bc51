"""Every call and form with rubbish in it: refused in Chinese, and never a fault of ours."""

from __future__ import annotations

import pytest

from tests.conformance.faults import expect_none
from tests.conformance.office import undone
from tests.conformance.reading import english_in, read
from tests.conformance.walk import Call, calls

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]

LONG = "长" * 5000
#: what somebody may send in place of a plausible value
RUBBISH = (None, "", "abc", LONG, "-1", "99999999999999999999", "0.001", "NaN", "\x00", -1, 10**30,
           1.5, True, [], {}, [None], {"a": 1})  # fmt: skip
CODES = {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503}


@pytest.fixture(scope="module")
def changing(office) -> list[Call]:
    found, _unknown = calls(office)
    unsafe = [call for call in found if call.method != "GET"]
    assert len(unsafe) > 100
    return unsafe


def with_rubbish(body, place):
    """Return the body with every value wrong, another kind of wrong for each place."""
    names = list(body) or ["name"]
    return {name: RUBBISH[(place + at) % len(RUBBISH)] for at, name in enumerate(names)}


def faults_of_rest(label, answer, english):
    if answer.status_code < 400:
        return
    if answer.status_code not in CODES:
        yield f"{label}: {answer.status_code}"
        return
    told = answer.get_json(silent=True)
    if not isinstance(told, dict) or {"error", "message", "fields"} - set(told):
        yield f"{label}: {answer.text[:200]!r} is no error of ours"
        return
    if answer.status_code != 401:
        words = [told["message"], *map(str, told["fields"].values())]
        for text in english_in(words, english):
            yield f"{label}: says {text!r}"


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("kind", ["empty", "list", "no JSON", *range(0, len(RUBBISH), 2)])
def test_rest_refuses_rubbish_in_chinese(office, changing, english, kind):
    person = office.person("insider")
    faults = []
    for call in changing:
        if not call.route.is_rest:
            continue
        sent = {"empty": {"json": {}}, "list": {"json": [1]}, "no JSON": {"data": "{"}}.get(
            kind, {"json": with_rubbish(call.body, kind) if isinstance(kind, int) else None}
        )
        with undone(office):
            answer = person.open(
                call.path, method=call.method, headers={"Idempotency-Key": "rubbish"}, **sent
            )
            faults += faults_of_rest(f"{call.label} {str(sent)[:80]}", answer, english)
    expect_none(faults)


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("kind", ["empty", 0, 3, 6, 9])
def test_forms_refuse_rubbish_in_chinese(office, changing, english, kind):
    person = office.person("insider")
    faults = []
    for call in changing:
        if call.route.is_rest:
            continue
        rubbish = {} if kind == "empty" else with_rubbish(call.body, kind)
        form = {name: str(value) for name, value in rubbish.items() if value is not None}
        with undone(office):
            answer = person.open(call.path, method=call.method, data=form)
            label = f"{call.label} {str(form)[:80]}"
            if answer.status_code >= 500:
                faults.append(f"{label}: {answer.status_code}")
            elif answer.mimetype == "text/html" and answer.status_code not in (301, 302):
                page = read(answer.text)
                faults += [f"{label}: says {one!r}" for one in english_in(page.words, english)]
            answer.close()
    expect_none(faults)


@pytest.mark.usefixtures("speaking")
def test_lists_refuse_rubbish_in_their_address(office, english):
    """Figures, days and cursors that are none: a list shows something or says what is wrong."""
    person = office.person("insider")
    found, _unknown = calls(office)
    lists = {call.path.partition("?")[0] for call in found if call.method == "GET" and not call.row}
    faults = []
    for path in sorted(lists):
        for query in (
            "page=-1&size=x&order=nothing&cursor=%00",
            "cursor=eyJhIjoxfQ&limit=-5&project_id=abc&since=abc",
            "page=99999999999999999999&project_id=99999999999999999999&q=%25%27%22",
            "created_at.min=yesterday&gross_area.min=abc&status=nonsense&id=abc&building=x",
        ):
            answer = person.get(f"{path}?{query}")
            label = f"GET {path}?{query}"
            if answer.status_code >= 500:
                faults.append(f"{label}: {answer.status_code}")
            elif path.startswith("/api/"):
                faults += faults_of_rest(label, answer, english)
            answer.close()
    expect_none(faults)

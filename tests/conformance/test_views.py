"""Structure: every page and REST call is permitted, in the menu, translated and described."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re

import gunicorn
import pytest
from flask_appbuilder.api import BaseApi
from sqlalchemy import text

from app.core.permissions import PRESET_ROLES, all_permissions
from app.views import AREAS, load, menu_items
from app.web.gunicorn import threads
from app.web.menu import GROUPS
from tests.conformance.faults import expect_none
from tests.conformance.pages import crud_views, routes
from tests.conformance.rights import asked_for
from tests.conformance.roles import BESIDE_THE_TABLE, TABLE, expected_grants

#: addresses that nobody has to be signed in for, each with the reason
OPEN = {
    "SecurityApi.login": "is where one signs in",
    "door.enter": "is where one signs in",
    "door.sign_in": "is where one signs in",
    "door.sign_out": "ends a session, if there is one",
    "door.code": "is where one signs in: the password was right a moment ago",
    "outside.leave": "is where one signs in with the company's account",
    "outside.arrive_from": "is where one comes back from the company's provider",
    "PublicPricesView.of_project": "what is posted is for everybody, once the project says so",
    "healthz": "asked by balancers; says nothing of the business",
    "metrics": "asks for METRICS_TOKEN, and is not there without one",
    "work.language": "the sign-in page is read in a language too",
    "IndexView.index": "sends everybody to where he begins",
    "UtilView.back": "Flask-AppBuilder's; only leads to an address of the same site",
    "DescriptionApi.get": "describes the interface, not the data",
    "LocaleView.index": "Flask-AppBuilder's; work.language stands before it at the same address",
    "AgentApi.lease": "a station's agent shows the station's own token",
    "AgentApi.renew": "a station's agent shows the station's own token",
    "AgentApi.started": "a station's agent shows the station's own token",
    "AgentApi.result": "a station's agent shows the station's own token",
    "AgentApi.heartbeat": "a station's agent shows the station's own token",
    "choices.choices": "asks for the right of the page whose field it fills",
    "work.counts": "answers only what waits at places that the caller may open",
    "work.projects_found": "answers only projects within the caller's scope",
    "work.keys_help": "answers only whoever is signed in",
    "work.keys_switch": "one's own choice",
    "work.switch": "404 for a project outside the caller's scope",
}

#: addresses for whoever is signed in, whatever he may do
FOR_EVERYBODY = {
    "ViewAsView.end": "only leads back to oneself",
    "NoticeApi.list": "one's own notices",
    "NoticeApi.read": "one's own notices; 404 for another's",
    "NoticeApi.read_all": "one's own notices",
    "NoticeApi.stream": "a ticket for one's own notices",
    "NoticeView.page": "one's own notices",
    "WorkbenchView.page": "every tile asks for its own right",
    "WorkbenchView.tile": "every tile asks for its own right; 404 for another's",
    "WorkbenchView.arrange": "one's own arrangement, of the tiles that one may see",
    "NoticeView.panel": "one's own notices",
    "NoticeView.read_all": "one's own notices",
    "NoticeView.kinds": "one's own choice",
    "exports.cancel": "one's own exports only",
    "exports.fetch": "one's own exports only, and the right to the list is asked again",
    "exports.mine": "one's own exports only",
    "exports.progress": "one's own exports only",
    "exports.repeat": "one's own exports only",
    "lists.delete": "one's own views only",
    "lists.layout": "how one's own lists look; the right to the list is asked",
    "lists.opens": "how one's own lists look; the right to the list is asked",
    "lists.save": "one's own views; sharing asks for lists.view:share",
    "DeviceJobApi.list_jobs": "without the right one sees the jobs that one has set going",
    "DeviceJobApi.get_job": "without the right one sees the jobs that one has set going",
    "DeviceJobApi.paper": "without the right one sees the jobs that one has set going",
    "search.suggest": "finds only what the caller may open",
    "search.search": "finds only what the caller may open",
    "SwaggerView.show": "describes the interface, not the data",
    "door.change_password": "one's own password",
    "door.switch": "ends the session of who calls",
    "account.mine": "one's own account",
    "account.end_sign_in": "one's own sign-ins; 404 for others'",
    "account.end_other_sign_ins": "one's own sign-ins",
    "account.second_factor": "one's own second factor",
    "account.second_factor_picture": "one's own second factor, before it is confirmed",
    "account.second_factor_codes": "one's own second factor, by password",
    "account.second_factor_off": "one's own second factor, by password",
}

#: views without a place in the menu, each with the reason
NOT_IN_MENU = {
    "IndexView": "is the entrance",
    "UtilView": "Flask-AppBuilder's way back",
    "LocaleView": "Flask-AppBuilder's language switch",
    "SwaggerView": "for programmers; linked from the description",
    "DeskView": "opened from a room",
    "PriceRuleView": "opened from the price plans",
    "NoticeView": "opened from the bell",
    "OrganizationView": "opened from the organization tree",
    "RoomImportLineView": "opened from an import",
    "PublicPricesView": "opened from the published price lists, where it is switched on",
    "BaseDataChangeLineView": "a tab of changes of base data",
    "MemberView": "a tab of organizations and users",
    "HandoverView": "opened from a user",
    "PostView": "a tab of teams",
    "RoomLineageView": "a tab of rooms",
    "TeamMemberView": "a tab of teams",
    "ViewAsView": "begun from a role or a user",
}

#: permissions that no page, call or operation asks for yet
NOT_ASKED_FOR = {
    "workflows.flow:edit": "flows are seeded and shown; their editor is a later issue",
}

#: labels that are the same in every language
SAME_IN_CHINESE = {"IP", "ID", "Excel"}

CHINESE = re.compile(r"[一-鿿]")
for area in AREAS:
    load(area, "policies")
DECLARED = {permission.name for permission in all_permissions()}


@pytest.fixture(scope="module")
def every_route(app):
    found = routes(app)
    assert len(found) > 100
    return found


@pytest.fixture
def _in_chinese(app, speaking):  # noqa: ARG001 - the catalogue comes first
    """A request in Chinese, under which labels are read."""
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        yield


def test_every_address_is_guarded_or_open_for_a_reason(every_route):
    bare = {route.name for route in every_route if not route.guard}
    expect_none(bare - set(OPEN), "guard it with endpoint, needs or guarded")
    expect_none(set(OPEN) - bare, "listed as open, though it is guarded or gone")


def test_what_everybody_may_do_is_said(every_route):
    free = {route.name for route in every_route if route.guard and not route.rights}
    expect_none(free - set(FOR_EVERYBODY), "name the permission, or say why none is needed")
    expect_none(set(FOR_EVERYBODY) - free, "listed, though it asks for a permission or is gone")


def test_every_rest_call_that_changes_something_runs_in_one_unit_of_work(every_route):
    expect_none(
        f"{route.name} {route.rule.rule}"
        for route in every_route
        if route.is_rest and route.changes and route.guard != "endpoint" and route.name not in OPEN
    )


def test_every_page_asks_only_for_declared_permissions(app, every_route):
    asked = {right for route in every_route for right in route.rights}
    asked |= {
        action.right(view.permission) for view in crud_views(app) for action in view.row_actions
    }
    asked |= {right for item in menu_items() for right in item.permissions}
    asked |= set(asked_for())
    expect_none(asked - DECLARED, "asked for, but declared nowhere")


def test_every_declared_permission_opens_something(app, every_route):
    asked = {right for route in every_route for right in route.rights}
    asked |= {
        action.right(view.permission) for view in crud_views(app) for action in view.row_actions
    }
    asked |= set(asked_for())
    idle = DECLARED - asked
    expect_none(idle - set(NOT_ASKED_FOR), "declared, but nothing asks for it")
    expect_none(set(NOT_ASKED_FOR) - idle, "listed as idle, though it is used or gone")


def test_generated_pages_keep_their_permission_when_the_class_is_renamed(app):
    views = crud_views(app)
    assert len(views) > 10
    for view in views:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", view.permission), view
        assert view.class_permission_name == view.permission
        assert f"{view.permission}:see" in DECLARED, view


def test_every_page_has_a_place_in_the_menu_or_a_reason(app):
    items = menu_items()
    placed = {item.view.__name__ for item in items if item.view is not None}
    addresses = [item.url.partition("?")[0] for item in items if item.url]
    homeless = set()
    for view in app.appbuilder.baseviews:
        name = type(view).__name__
        base = str(getattr(view, "route_base", None) or "/")
        linked = any(one.rstrip("/").startswith(base.rstrip("/") or "/") for one in addresses)
        if not isinstance(view, BaseApi) and name not in placed and not linked:
            homeless.add(name)
    expect_none(homeless - set(NOT_IN_MENU), "give it a MenuItem, or say why not")
    expect_none(set(NOT_IN_MENU) - homeless, "listed as homeless, though it has a place or is gone")


def test_whoever_sees_a_place_in_the_menu_may_open_it(app, every_route):
    by_name = {route.name: route for route in every_route}
    grants = {permission.name: set(permission.grants) for permission in all_permissions()}
    with app.test_request_context():
        for item in menu_items():
            address = item.address().partition("?")[0]
            endpoint, _values = app.url_map.bind("localhost").match(address, method="GET")
            seeing = set().union(*(grants[one] for one in item.permissions))
            opening = set().union(*(grants[one] for one in by_name[endpoint].rights))
            assert seeing <= opening, (item.key, address)


def untranslated(labels):
    return [
        f"{place}: {label}"
        for place, label in labels
        if str(label).strip()
        and not CHINESE.search(str(label))
        and str(label) not in SAME_IN_CHINESE
    ]


def labels_of(view):
    """Yield every word that a generated page shows of its own, with its place."""
    name = type(view).__name__
    for word in (view.list_title, view.add_title, view.empty_sentence):
        yield name, word or ""
    for related in view.related:
        yield name, related.title
    for kind in view.states.values():
        for value, title in kind.titles().items():
            yield f"{name}.{value}", title
    yield from labels_of_columns(view, name)
    for purpose in ("add", "edit"):
        if getattr(view, f"{purpose}_operation") is not None:
            yield from labels_of_form(view, name, purpose)
    for action in view.row_actions:
        yield from labels_of_step(action, name)


def labels_of_columns(view, name):
    shown = [path for _title, paths in view.sections() for path in paths]
    for column in (*view.columns, *view.filter_columns, *map(view.column, shown)):
        yield f"{name}.{column.path}", column.label
    for title, _paths in view.sections():
        yield name, title


def labels_of_form(view, name, purpose):
    for title, _names in view.fieldsets(purpose):
        yield name, title
    for field in view.form_class(purpose)():
        yield f"{name}.{field.short_name}", field.label.text
        yield f"{name}.{field.short_name}", field.description


def labels_of_step(action, name):
    for word in (action.title, action.confirm, action.done):
        yield f"{name}.{action.name}", word or ""
    for key, field in action.fields.items():
        label = field.args[0] if field.args else field.kwargs.get("label", "")
        yield f"{name}.{action.name}.{key}", label


@pytest.mark.usefixtures("_in_chinese")
def test_every_label_of_a_generated_page_is_chinese(app):
    expect_none(untranslated(pair for view in crud_views(app) for pair in labels_of(view)))


@pytest.mark.usefixtures("_in_chinese")
def test_every_title_in_menu_and_roles_is_chinese():
    titles = [(f"menu {item.key}", item.title) for item in menu_items()]
    titles += [(f"menu {name}", title) for name, title in GROUPS.items()]
    titles += [(permission.name, permission.title) for permission in all_permissions()]
    titles += list(PRESET_ROLES.values())
    expect_none(untranslated(titles))


def test_preset_roles_hold_what_the_specification_says():
    expected = expected_grants()
    declared = {p.name: set(p.grants) for p in all_permissions()}
    expect_none(
        f"{name}: declared {''.join(sorted(declared[name]))}, "
        f"expected {''.join(sorted(letters))} ({why})"
        for name, (letters, why) in expected.items()
        if name in declared and declared[name] != set(letters)
    )
    expect_none(set(expected) - set(declared), "in the table, but declared nowhere")
    expect_none(set(declared) - set(expected), "declared, but not in the table of this test")


def test_no_permission_stands_in_the_table_twice():
    names = [name for _letters, rights in TABLE.values() for name in rights]
    names += [name for _letters, rights, _why in BESIDE_THE_TABLE for name in rights]
    assert len(names) == len(set(names))


def test_the_database_holds_just_the_declared_grants(session):
    rows = session.execute(
        text(
            "SELECT r.name, v.name || ':' || substr(p.name, 5) FROM ab_role r"
            " JOIN ab_permission_view_role x ON x.role_id = r.id"
            " JOIN ab_permission_view pv ON pv.id = x.permission_view_id"
            " JOIN ab_permission p ON p.id = pv.permission_id"
            " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
        )
    ).all()
    written: dict[str, set[str]] = {code: set() for code, _title in PRESET_ROLES.values()}
    for role, right in rows:
        written[role].add(right)
    for code, rights in written.items():
        assert rights == {p.name for p in all_permissions() if code in p.role_codes}, code


def test_who_administers_neither_sells_nor_takes_money_nor_approves():
    held = {p.name for p in all_permissions() if "U" in p.grants}
    assert "admin.user:edit" in held
    assert not {
        right
        for right in held
        if re.match(r"(sales|pricing|customers|finance)\.", right)
        and not right.endswith((":see", ":see_all"))
    }
    assert "workflows.request:decide" not in held


# ---- REST as it is described ----


@pytest.fixture
def described(client, sign_in, user_for):
    sign_in(client, user_for("consultant"))
    answer = client.get("/api/v1/_openapi")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return json.loads(answer.get_data(as_text=True))


def as_described(rule):
    """Return a rule's address as OpenAPI writes it."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)


def test_every_rest_call_is_described(described, every_route):
    assert described["openapi"].startswith("3.")
    paths = {path.rstrip("/"): calls for path, calls in described["paths"].items()}
    missing = []
    for route in every_route:
        address = as_described(route.rule).rstrip("/")
        if not address.startswith("/api/v1/"):
            continue
        there = paths.get(address, {})
        missing += [f"{one} {address}" for one in route.methods if one.lower() not in there]
    expect_none(missing)


def faults_of_call(path, method, call, shared):
    parameters = [*call.get("parameters", []), *shared]
    named = {one["name"] for one in parameters if one.get("in") == "path"}
    if named != set(re.findall(r"{(\w+)}", path)):
        yield f"{method} {path}: describes the parameters {sorted(named)}"
    if not any(str(status).startswith(("2", "3")) for status in call["responses"]):
        yield f"{method} {path}: does not say what it answers"
    if not call.get("summary") and not call.get("description"):
        yield f"{method} {path}: does not say what it does"


def test_every_description_says_parameters_and_answers(described, every_route):
    routed = {as_described(route.rule).rstrip("/") for route in every_route}
    faults = [
        f"{path}: not served" for path in described["paths"] if path.rstrip("/") not in routed
    ]
    for path, calls in described["paths"].items():
        shared = calls.get("parameters", [])
        for method, call in calls.items():
            if method != "parameters":
                faults += faults_of_call(path, method, call, shared)
    expect_none(faults)


def test_every_reference_in_the_description_leads_somewhere(described):
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(described)))
    assert references
    for reference in references:
        found = described
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


# ---- what answers tell of the machinery ----

MACHINERY = (
    "flask", "werkzeug", "flask-appbuilder", "gunicorn", "sqlalchemy", "jinja2", "psycopg2-binary",
)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["/login/", "/", "/healthz", "/nothing", "/api/v1/rooms/1", "/api/v1/nothing", "/swagger/v1",
     "/rooms/list/", "/static/js/xiaokong.js", "/api/v1/_openapi"],
)  # fmt: skip
def test_no_version_of_a_component_is_told(client, sign_in, user_for, address):
    sign_in(client, user_for("steward"))
    answer = client.get(address, follow_redirects=True)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    body = answer.get_data(as_text=True).lower()
    answer.close()
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers
    for name in MACHINERY:
        version = importlib.metadata.version(name)
        for text_ in (headers.lower(), body):
            assert f"{name.removesuffix('-binary')}/{version}" not in text_
            assert f"{name.removesuffix('-binary')} {version}" not in text_
    assert not re.search(r"(python|postgresql)[/ ]\d", headers.lower() + body)
    assert platform.python_version() not in headers


def test_gunicorn_does_not_tell_its_name():
    assert threads >= 1, "the settings have been read"
    assert gunicorn.SERVER == "xiaokong"

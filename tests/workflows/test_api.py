"""REST: asking, the to-do list, deciding, and what strangers find."""

from __future__ import annotations

import itertools

import pytest

from app.workflows import engine
from app.workflows.models import ApprovalRequest
from tests.factories.people import make_project
from tests.factories.workflows import make_request

_keys = itertools.count(1)


@pytest.fixture
def people(user_for):
    roles = ("consultant", "manager", "director", "gm", "cashier", "admin")
    return {role: user_for(role) for role in roles}


@pytest.fixture
def call(client, bearer, people):
    """``call("manager", "post", "/7/approve", {...})`` → (status, JSON)."""

    def run(who, verb, path, body=None, *, key=False, user=None):
        headers = bearer(user or people[who])
        if key:
            headers["Idempotency-Key"] = f"key-{next(_keys)}"
        answer = getattr(client, verb)(f"/api/v1/approvals{path}", json=body, headers=headers)
        return answer.status_code, answer.get_json()

    return run


@pytest.fixture
def ask(call, project, flow):  # noqa: ARG001 - the flow must be in force
    def run(who="consultant", percent="2.50", **more):
        body = {
            "kind": "toy_rename",
            "subject": {"type": "project", "id": project.id},
            "values": {"address": "新街 1 号", "percent": percent},
            "reason": "老客户",
            **more,
        }
        return call(who, "post", "/", body)

    return run


def test_story_from_asking_to_the_result(ask, call, project):
    status, made = ask()
    assert status == 201
    assert made["state"] == "running"
    assert [(one["step"], one["name"], one["state"]) for one in made["steps"]] == [
        (1, "销售经理", "waiting"),
        (2, "营销总监", "ahead"),
    ]
    assert made["steps"][1]["condition"]
    assert made["figures"]["percent"] == "2.50"
    assert made["actions"] == ["withdraw"]
    path = f"/{made['id']}"
    _status, todo = call("manager", "get", "/todo")
    assert [(one["id"], one["step_name"]) for one in todo["result"]] == [(made["id"], "销售经理")]
    assert (todo["next"], todo["count"]) == (None, 1)
    status, after = call("manager", "post", f"{path}/approve", {"comment": "同意"}, key=True)
    assert (status, after["state"]) == (200, "running")
    assert after["steps"][0]["who"]
    assert after["steps"][0]["comment"] == "同意"
    assert after["steps"][0]["seconds"] >= 0
    assert call("manager", "get", "/todo")[1]["result"] == []
    status, done = call("director", "post", f"{path}/approve", {"comment": ""}, key=True)
    assert (done["state"], done["result"]) == ("approved", {"project_id": project.id})
    assert [one["state"] for one in done["steps"]] == ["approved", "approved"]
    assert call("consultant", "get", path)[1]["actions"] == []


def test_approve_needs_a_key_and_repeats_its_answer(ask, call, client, bearer, people):
    request_id = ask()[1]["id"]
    assert call("manager", "post", f"/{request_id}/approve", {})[0] == 400
    headers = {**bearer(people["manager"]), "Idempotency-Key": "once"}
    address = f"/api/v1/approvals/{request_id}/approve"
    first = client.post(address, json={"comment": "好"}, headers=headers)
    again = client.post(address, json={"comment": "好"}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert client.post(address, json={"comment": "另"}, headers=headers).status_code == 409


def test_second_approver_gets_409_with_a_name(ask, call, user_for, people):
    request_id = ask()[1]["id"]
    call("manager", "post", f"/{request_id}/approve", {}, key=True)
    status, answer = call(
        None, "post", f"/{request_id}/approve", {}, key=True, user=user_for("manager")
    )
    assert (status, answer["error"]) == (409, "already_decided")
    assert answer["decided_by"] == people["manager"].full_name
    assert people["manager"].full_name in answer["message"]


def test_reject_and_withdraw(ask, call):
    request_id = ask()[1]["id"]
    status, answer = call("manager", "post", f"/{request_id}/reject", {"comment": "太低"})
    assert (status, answer["state"]) == (200, "rejected")
    assert answer["steps"][0]["state"] == "rejected"
    assert answer["steps"][1]["state"] == "ahead"
    request_id = ask()[1]["id"]
    status, answer = call("consultant", "post", f"/{request_id}/withdraw", {"comment": "不要了"})
    assert (status, answer["state"], answer["closing_note"]) == (200, "withdrawn", "不要了")
    assert answer["steps"][0]["state"] == "dropped"
    assert call("manager", "post", f"/{request_id}/approve", {}, key=True)[0] == 409


def test_return_edit_send(ask, call):
    request_id = ask()[1]["id"]
    call("manager", "post", f"/{request_id}/approve", None, key=True)
    status, answer = call(
        "director", "post", f"/{request_id}/return", {"to_step": 1, "comment": "再看"}
    )
    assert (status, answer["state"], answer["step"]) == (200, "running", 1)
    remarks = answer["steps"][0]["remarks"]
    assert [one["decision"] for one in remarks] == ["approve"]
    assert call("manager", "post", f"/{request_id}/return", {"to_step": 1})[0] == 422
    status, answer = call("manager", "post", f"/{request_id}/return", {"comment": "写清楚"})
    assert (answer["state"], answer["steps"][0]["state"]) == ("returned", "returned")
    assert call("manager", "patch", f"/{request_id}", {"reason": "x"})[0] == 403
    status, answer = call(
        "consultant", "patch", f"/{request_id}", {"values": {"percent": "1.00"}, "reason": "降了"}
    )
    assert (status, answer["values"]["percent"], answer["state"]) == (200, "1.00", "returned")
    assert answer["actions"] == ["edit", "send", "withdraw"]
    status, answer = call("consultant", "post", f"/{request_id}/send")
    assert (status, answer["state"], len(answer["steps"])) == (200, "running", 1)


def test_delegate_consult_opinion(ask, call, people, user_for):
    request_id = ask()[1]["id"]
    cashier, helper = people["cashier"], user_for("supervisor")
    found = call("manager", "get", f"/{request_id}/colleagues?for=consult")[1]["result"]
    names = {one["id"] for one in found}
    assert cashier.id in names
    assert people["consultant"].id not in names
    assert cashier.id not in {
        one["id"] for one in call("manager", "get", f"/{request_id}/colleagues")[1]["result"]
    }
    status, answer = call(
        "manager", "post", f"/{request_id}/consult", {"user_id": cashier.id, "comment": "钱到了？"}
    )
    assert status == 200
    asked = answer["steps"][0]["remarks"]
    assert [(one["decision"], one["question"]) for one in asked] == [("asked", "钱到了？")]
    todo = call("cashier", "get", "/todo")[1]["result"]
    assert [(one["purpose"], one["question"]) for one in todo] == [("consult", "钱到了？")]
    assert call("cashier", "get", f"/{request_id}")[1]["actions"] == ["opinion"]
    assert call("cashier", "post", f"/{request_id}/opinion", {"comment": ""})[0] == 422
    status, answer = call("cashier", "post", f"/{request_id}/opinion", {"comment": "到了"})
    assert answer["steps"][0]["remarks"][0]["comment"] == "到了"
    assert call("manager", "post", f"/{request_id}/delegate", {})[0] == 422
    status, answer = call("manager", "post", f"/{request_id}/delegate", {"user_id": helper.id})
    assert (status, answer["steps"][0]["candidates"]) == (200, [helper.full_name])
    others = {one["decision"]: one["other"] for one in answer["steps"][0]["remarks"]}
    assert others["delegate"] == helper.full_name
    status, answer = call(None, "post", f"/{request_id}/approve", {}, key=True, user=helper)
    assert (status, answer["step"]) == (200, 2)


def test_draft_and_preview(ask, call, session):
    status, answer = call("manager", "post", "/preview", None)
    assert status == 400
    status, draft = ask(draft=True)
    assert (status, draft["state"], draft["steps"]) == (201, "draft", [])
    assert call("manager", "get", f"/{draft['id']}")[0] == 404
    assert call("gm", "get", f"/{draft['id']}")[0] == 404
    before = session.query(ApprovalRequest).count()
    body = {
        "kind": "toy_rename",
        "subject": draft["subject"],
        "values": {"address": "b", "percent": "3.00"},
    }
    status, answer = call("consultant", "post", "/preview", body)
    assert status == 200
    assert [one["state"] for one in answer["steps"]] == ["ahead", "ahead"]
    assert answer["summary"][1]["after"] == "b"
    assert session.query(ApprovalRequest).count() == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "nothing"}, 404, "unknown_kind"),
        ({"subject": {"type": "room", "id": 1}}, 422, "invalid"),
        ({"subject": {"type": "project", "id": 0}}, 404, "not_found"),
        ({"subject": None}, 422, "invalid"),
        ({"values": {}}, 422, "invalid"),
        ({"values": "x"}, 422, "invalid"),
        ({"reason": ""}, 422, "invalid"),
    ],
)
def test_what_is_wrong_is_named(ask, change, status, code):
    found, answer = ask(**change)
    assert (found, answer["error"]) == (status, code)


def test_second_request_is_refused_with_the_first_ones_number(ask):
    first = ask()[1]
    status, answer = ask()
    assert (status, answer["error"], answer["number"]) == (409, "approval_running", first["number"])
    assert answer["request_id"] == first["id"]


@pytest.mark.usefixtures("flow")
def test_missing_approver_is_said(project, client, bearer, user_for):
    manager = user_for("manager")
    answer = client.post(
        "/api/v1/approvals/",
        json={
            "kind": "toy_rename",
            "subject": {"type": "project", "id": project.id},
            "values": {"address": "b"},
            "reason": "r",
        },
        headers=bearer(manager),
    )
    assert (answer.status_code, answer.get_json()["error"]) == (422, "no_approver")
    assert answer.get_json()["role"] == "manager"


def test_other_projects_and_other_people_find_nothing(ask, call, user_for):
    request_id = ask()[1]["id"]
    elsewhere = make_project()
    for role in ("consultant", "manager", "director", "agency"):
        stranger = user_for(role, project=elsewhere)
        assert call(None, "get", f"/{request_id}", user=stranger)[0] == 404
        assert call(None, "get", "/todo", user=stranger)[1]["result"] == []
        assert call(None, "get", "/?which=all", user=stranger)[1]["result"] == []
        for verb in ("approve", "reject", "return", "withdraw", "opinion"):
            answer = call(None, "post", f"/{request_id}/{verb}", {}, key=True, user=stranger)
            assert answer[0] == 404, verb
        body = {"user_id": stranger.id}
        for verb in ("delegate", "consult"):
            assert call(None, "post", f"/{request_id}/{verb}", body, user=stranger)[0] == 404
    colleague = user_for("consultant")
    assert call(None, "get", f"/{request_id}", user=colleague)[0] == 404


def test_permissions(ask, call, user_for, client):
    request_id = ask()[1]["id"]
    assert client.get("/api/v1/approvals/todo").status_code == 401
    assert call(None, "get", "/todo", user=user_for("seal"))[0] == 403
    assert ask("admin")[0] == 403
    status, answer = call("consultant", "post", f"/{request_id}/approve", {}, key=True)
    assert (status, answer["error"]) == (403, "own_request")
    # The administrator may look at everything and decides nothing.
    status, answer = call("admin", "get", f"/{request_id}")
    assert (status, answer["actions"]) == (200, [])
    assert call("admin", "post", f"/{request_id}/approve", {}, key=True)[0] == 403


@pytest.mark.usefixtures("flow")
def test_lists_and_their_cursors(project, actor_for, call, user_for):
    consultant = user_for("consultant")
    from app.admin.principal import read_actor

    applicant = read_actor(consultant.id)
    manager = actor_for("manager")
    made = []
    for number in range(5):
        request = make_request(project, applicant, address=f"{number} 号")
        made.append(request.id)
        if number < 4:
            engine.reject(request.id, actor=manager)
    status, page = call(None, "get", "/?limit=2", user=consultant)
    assert status == 200
    assert [one["id"] for one in page["result"]] == made[:2:-1]
    assert (page["next"], page["count"]) == (str(made[3]), 5)
    rest = call(None, "get", f"/?limit=3&cursor={page['next']}", user=consultant)[1]
    assert [one["id"] for one in rest["result"]] == made[2::-1]
    assert rest["next"] is None
    running = call(None, "get", "/?state=running", user=consultant)[1]
    assert [one["id"] for one in running["result"]] == made[4:]
    assert call(None, "get", "/?state=nothing", user=consultant)[0] == 422
    assert call(None, "get", "/?which=other", user=consultant)[0] == 422
    assert call(None, "get", "/?cursor=x", user=consultant)[0] == 422
    assert call(None, "get", "/?which=decided", user=consultant)[1]["result"] == []
    assert call(None, "get", "/?kind=toy_rename", user=consultant)[1]["count"] == 5
    assert call("gm", "get", "/?which=all")[1]["count"] == 5
    assert call("manager", "get", "/todo?limit=1")[1]["count"] == 1


def test_kinds_document_their_values(call, toy):
    status, answer = call("consultant", "get", "/kinds")
    found = next(one for one in answer["result"] if one["kind"] == toy.key)
    assert status == 200
    assert [one["name"] for one in found["values"]] == ["address", "percent"]
    assert found["figures"] == {"percent": "折扣", "below_floor": "低于底价"}


def test_every_call_describes_itself(app):
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin
    from flask_appbuilder.api.manager import resolver

    spec = APISpec(
        title="x",
        version="v1",
        openapi_version="3.0.2",
        plugins=[MarshmallowPlugin(schema_name_resolver=resolver)],
    )
    with app.test_request_context():
        for resource in app.appbuilder.baseviews:
            if getattr(resource, "resource_name", "") == "approvals":
                resource.add_api_spec(spec)
    paths = {
        path: {verb for verb, what in verbs.items() if what.get("responses")}
        for path, verbs in spec.to_dict()["paths"].items()
    }
    for verb in ("approve", "reject", "withdraw", "return", "delegate", "consult", "opinion"):
        assert any(path.endswith(f"/{verb}") and "post" in paths[path] for path in paths), verb
    assert {"get", "patch"} <= next(
        verbs for path, verbs in paths.items() if path.endswith("{request_id}")
    )

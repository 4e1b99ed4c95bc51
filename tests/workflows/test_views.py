"""Pages: the to-do list, a request and its buttons, asking, one's own requests, the flows."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from app.admin.principal import read_actor
from app.core.db import db
from app.workflows import engine
from app.workflows.models import ApprovalRequest
from tests.factories.people import make_project, make_user
from tests.factories.workflows import make_request

ROLES = ("consultant", "manager", "director", "gm", "cashier", "admin", "steward", "seal")

pytestmark = pytest.mark.usefixtures("flow")


@pytest.fixture
def people(user_for):
    return {role: user_for(role) for role in ROLES}


@pytest.fixture
def actors(people):
    return {role: read_actor(user.id) for role, user in people.items()}


@pytest.fixture
def as_(client, sign_in, people):
    """``as_("manager")``: a client signed in as that person."""

    def enter(role, user=None):
        return sign_in(client, user or people[role])

    return enter


@pytest.fixture
def sent(flow, project, actors):  # noqa: ARG001 - the flow must be in force
    return make_request(project, actors["consultant"], percent="2.50")


def page(answer, status=200):
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def test_todo_shows_what_waits_and_says_so_when_nothing_does(sent, as_):
    text = page(as_("manager").get("/approvals/"))
    assert sent.subject_title in text
    assert f"/approvals/{sent.id}" in text
    assert "销售经理 1/2" in text
    empty = page(as_("director").get("/approvals/"))
    assert sent.subject_title not in empty
    assert 'class="empty"' in empty


@pytest.mark.usefixtures("sent")
def test_menu_counts_what_waits(as_):
    assert as_("manager").get("/work/counts").get_json()["ApprovalView"] == 1
    assert as_("director").get("/work/counts").get_json()["ApprovalView"] == 0


def test_request_page_of_the_approver(sent, as_):
    text = page(as_("manager").get(f"/approvals/{sent.id}"))
    for dialog in ("approve", "reject", "return", "delegate", "consult"):
        assert f'id="{dialog}"' in text
    assert "新街 1 号" in text
    assert "低于底价" in text
    assert 'class="chip bad"' in text
    assert "地址变了" in text
    assert 'style="' not in text


def test_request_page_of_the_applicant_and_of_an_onlooker(sent, as_):
    own = page(as_("consultant").get(f"/approvals/{sent.id}"))
    assert 'id="withdraw"' in own
    assert 'id="approve"' not in own
    onlooker = page(as_("gm").get(f"/approvals/{sent.id}"))
    assert 'id="approve"' not in onlooker
    assert 'id="withdraw"' not in onlooker
    assert "员工" in onlooker


def test_rows_that_need_a_permission_are_hidden(sent, as_, session):
    sent.summary = [
        *sent.summary,
        {"label": "底价", "before": None, "after": "6,280,000.00", "needs": "workflows.flow:see"},
    ]
    session.flush()
    assert "6,280,000.00" not in page(as_("manager").get(f"/approvals/{sent.id}"))
    assert "6,280,000.00" in page(as_("admin").get(f"/approvals/{sent.id}"))


def press(browser, pk, verb, **form):
    return browser.post(f"/approvals/{pk}/{verb}", data=form, follow_redirects=True)


def test_agreeing_twice_carries_it_out(sent, as_, project):
    text = page(press(as_("manager"), sent.id, "approve", comment="客户诚意足"))
    assert "客户诚意足" in text
    assert "营销总监" in text
    page(press(as_("director"), sent.id, "approve"))
    assert (sent.state, project.address) == ("approved", "新街 1 号")
    assert "地址变了" in page(as_("consultant").get(f"/approvals/{sent.id}"))


def test_other_buttons(sent, as_, people, actors):
    page(press(as_("manager"), sent.id, "consult", user_id=people["cashier"].id, comment="钱呢"))
    text = page(as_("cashier").get(f"/approvals/{sent.id}"))
    assert "钱呢" in text
    assert 'id="opinion"' in text
    assert "钱呢" in page(as_("cashier").get("/approvals/"))
    page(press(as_("cashier"), sent.id, "opinion", comment="到了"))
    page(press(as_("manager"), sent.id, "delegate", user_id=people["gm"].id))
    assert 'id="approve"' in page(as_("gm").get(f"/approvals/{sent.id}"))
    page(press(as_("gm"), sent.id, "approve"))
    page(press(as_("director"), sent.id, "return", to_step="1", comment="再看"))
    assert (sent.state, sent.step) == ("running", 0)
    page(press(as_("manager"), sent.id, "return", to_step="0", comment="写清楚"))
    assert sent.state == "returned"
    text = page(as_("consultant").get(f"/approvals/{sent.id}"))
    assert f"/approvals/{sent.id}/edit" in text
    page(press(as_("consultant"), sent.id, "send"))
    page(press(as_("manager"), sent.id, "reject", comment="不行"))
    assert sent.state == "rejected"
    assert engine.submit(
        sent.kind, sent.subject_id, values=sent.values, reason="r", actor=actors["consultant"]
    )


def test_withdrawing_and_failing_are_said(sent, as_, project, session):
    text = page(press(as_("consultant"), sent.id, "withdraw", comment="客户不买了"))
    assert "客户不买了" in text
    project.company = "关闭"
    session.flush()
    again = make_request(project, read_actor(sent.applicant_id), percent="1.00")
    text = page(press(as_("manager"), again.id, "approve"))
    assert "公司已关闭，不能改名。" in text
    assert again.state == "failed"


def test_second_press_says_who_was_first(sent, as_, people, user_for):
    task = sent.tasks[0].id
    page(press(as_("manager"), sent.id, "approve", task_id=task))
    text = page(press(as_(None, user_for("manager")), sent.id, "approve", task_id=task))
    assert people["manager"].full_name in text
    assert sent.step == 1


def test_wrong_colleague_is_said_and_nothing_is_done(sent, as_, people):
    page(press(as_("manager"), sent.id, "delegate", user_id=people["consultant"].id))
    page(press(as_("manager"), sent.id, "delegate", user_id=""))
    assert [task.state for task in sent.tasks] == ["waiting"]


def test_strangers_find_nothing(sent, as_, user_for):
    elsewhere = make_project()
    for user in (user_for("consultant"), user_for("manager", project=elsewhere)):
        browser = as_(None, user)
        assert browser.get(f"/approvals/{sent.id}").status_code == 404
        assert browser.get(f"/approvals/{sent.id}/edit").status_code == 404
        for verb in ("approve", "reject", "return", "delegate", "consult", "withdraw", "send"):
            answer = browser.post(f"/approvals/{sent.id}/{verb}", data={"user_id": "1"})
            assert answer.status_code == 404, verb
        assert browser.get(f"/approvals/new/toy_rename/{sent.subject_id}").status_code in (200, 404)
    assert sent.state == "running"
    stranger = as_(None, user_for("consultant", project=elsewhere))
    assert stranger.get(f"/approvals/new/toy_rename/{sent.subject_id}").status_code == 404


def test_pages_ask_for_permissions(sent, as_, client):
    assert as_("seal").get("/approvals/").status_code == 403
    assert as_("consultant").get("/approvals/all").status_code == 403
    assert as_("manager").get("/approval-flows/").status_code == 403
    assert as_("admin").get("/approvals/new/toy_rename/1").status_code == 403
    with client.session_transaction() as cookie:
        cookie.clear()
    assert client.get("/approvals/").status_code == 302
    assert sent.state == "running"


def test_asking_looks_ahead_before_it_sends(project, as_, session):
    browser = as_("consultant")
    address = f"/approvals/new/toy_rename/{project.id}"
    before = session.query(ApprovalRequest).count()
    assert 'name="address"' in page(browser.get(address))
    ahead = page(browser.get(f"{address}?address=b&percent=2.50"))
    assert "营销总监" in ahead
    ahead = page(browser.post(address, data={"do": "preview", "address": "b", "percent": "1.00"}))
    assert "销售经理" in ahead
    assert "营销总监" not in ahead
    refused = page(browser.post(address, data={"do": "send", "address": "", "reason": "r"}), 422)
    assert "写上新地址。" in refused
    refused = page(browser.post(address, data={"do": "send", "address": "b", "reason": ""}), 422)
    assert 'value="b"' in refused
    assert session.query(ApprovalRequest).count() == before
    sent = page(
        browser.post(
            address,
            data={"do": "send", "address": "b", "percent": "1.00", "reason": "r"},
            follow_redirects=True,
        )
    )
    assert 'id="withdraw"' in sent
    second = page(browser.post(address, data={"do": "send", "address": "c", "reason": "r"}), 422)
    assert "SP" in second


def test_draft_is_kept_changed_and_sent(project, as_, session):
    browser = as_("consultant")
    address = f"/approvals/new/toy_rename/{project.id}"
    answer = browser.post(address, data={"do": "draft", "address": "b", "reason": "r"})
    draft = session.query(ApprovalRequest).order_by(ApprovalRequest.id.desc()).first()
    assert (answer.status_code, draft.state) == (302, "draft")
    edit = f"/approvals/{draft.id}/edit"
    assert 'value="b"' in page(browser.get(edit))
    page(browser.post(edit, data={"do": "send", "address": "", "reason": "r"}), 422)
    answer = browser.post(edit, data={"do": "send", "address": "c", "reason": "s"})
    assert (answer.status_code, draft.state, draft.reason) == (302, "running", "s")
    assert browser.get(edit).status_code == 302


def test_own_requests_and_their_tabs(sent, as_):
    assert sent.number in page(as_("consultant").get("/my-requests/"))
    assert sent.number in page(as_("consultant").get("/my-requests/?tab=running"))
    assert sent.number not in page(as_("consultant").get("/my-requests/?tab=ended"))
    assert sent.number not in page(as_("manager").get("/my-requests/"))
    page(press(as_("manager"), sent.id, "approve"))
    assert sent.number in page(as_("manager").get("/approvals/decided"))
    assert sent.number in page(as_("gm").get("/approvals/all"))


def test_long_lists_are_paged(project, as_, actors):
    for number in range(33):
        request = make_request(project, actors["consultant"], address=f"{number} 号")
        engine.withdraw(request.id, actor=actors["consultant"])
    first = page(as_("consultant").get("/my-requests/"))
    assert first.count("data-href") == 30
    further = re.search(r'href="([^"]*after=\d+[^"]*)"', first).group(1).replace("&amp;", "&")
    assert page(as_("consultant").get(further)).count("data-href") == 3


def test_flows_are_drawn(as_):
    text = page(as_("admin").get("/approval-flows/"))
    assert "改名" in text
    assert "营销总监" in text
    assert "低于底价" in text
    assert 'class="route"' in text


@pytest.fixture
def queries():
    """Count the statements of a block: ``with queries() as seen: …; len(seen)``."""
    from contextlib import contextmanager

    @contextmanager
    def count():
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return count


def test_pages_cost_the_same_with_more_rows(as_, actors, people, queries):
    """No query per row: ten requests cost what two cost."""

    def cost(path, role):
        browser = as_(role)
        browser.get(path)
        with queries() as seen:
            page(browser.get(path))
        return len(seen)

    paths = (("/approvals/", "manager"), ("/my-requests/", "consultant"), ("/approvals/all", "gm"))
    requests = []

    def more(count):
        for _number in range(count):
            applicant = actors["consultant"]
            place = make_project()
            from app.estate.models import ProjectMember

            for user in people.values():
                db.session.add(ProjectMember(user_id=user.id, project_id=place.id))
            db.session.flush()
            applicant = read_actor(people["consultant"].id)
            requests.append(make_request(place, applicant))

    more(2)
    before = [cost(path, role) for path, role in paths]
    more(8)
    from app.admin.principal import forget_principals

    forget_principals()
    after = [cost(path, role) for path, role in paths]
    assert after == before
    assert max(after) <= 6

    path = f"/approvals/{requests[0].id}"
    assert cost(path, "manager") <= 9


def test_who_has_decided_is_led_to_what_waits_next(sent, sign_in, client, project):
    second = make_project()
    manager = make_user("manager", projects=[project, second])
    applicant = make_user("consultant", projects=[second])
    other = make_request(second, read_actor(applicant.id))
    sign_in(client, manager)
    link = f'/approvals/{other.id}">下一件待审批'
    assert "下一件待审批" not in page(client.get(f"/approvals/{sent.id}"))
    client.post(f"/approvals/{sent.id}/reject", data={"comment": "不合适"})
    assert link in page(client.get(f"/approvals/{sent.id}"))
    client.post(f"/approvals/{other.id}/reject", data={"comment": "不合适"})
    assert "下一件待审批" not in page(client.get(f"/approvals/{sent.id}"))

"""The search box finds approvals by number, subject, customer, applicant; none of others."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.admin.principal import read_actor
from app.core.actor import acting
from app.core.db import db
from app.workflows import search
from app.workflows.models import ApprovalRequest
from tests.factories.customers import make_customer, rename_user
from tests.factories.people import make_project
from tests.factories.workflows import make_request

ZH = {"Accept-Language": "zh"}

pytestmark = pytest.mark.usefixtures("flow")


@pytest.fixture
def applicant(user_for):
    user = user_for("consultant")
    rename_user(user.id, "欧阳顾问")
    return read_actor(user.id)


@pytest.fixture
def sent(project, applicant, user_for):
    user_for("manager")  # somebody must be able to decide
    request = make_request(project, applicant)
    request.subject_title = "3栋-1单元-2602 · 王**"
    db.session.flush()
    return request


def found_by(actor, typed, project_id=None):
    with acting(actor):
        return search.find_requests(typed, actor=actor, project_id=project_id)


@pytest.mark.parametrize(
    "typed", ["2602", "3栋 2602", "3栋-1单元-2602", "单元", "欧阳", "2602 欧阳顾问", "顾问"]
)
def test_a_request_is_found_by_what_people_know_of_it(actor_for, sent, typed):
    assert found_by(actor_for("manager"), typed) == [sent]


def test_a_request_is_found_by_its_number_whole_or_begun(actor_for, sent):
    for typed in (sent.number, sent.number.lower(), sent.number[:9], sent.number.split("-")[1]):
        assert found_by(actor_for("manager"), typed) == [sent], typed


@pytest.mark.parametrize("typed", ["", "   ", "602", "2603", "2602 李", "%", "_", "\\", "·", "'"])
def test_what_does_not_fit_finds_nothing(actor_for, sent, typed):
    assert sent not in found_by(actor_for("manager"), typed)


def test_a_request_is_found_by_the_whole_name_of_its_customer(actor_for, sent, project, applicant):
    customer = make_customer(project, applicant, name="王小明")
    sent.values = {**sent.values, "customer_id": customer.id}
    db.session.flush()
    assert found_by(applicant, "王小明") == [sent]
    assert found_by(applicant, "wangxiaoming") == [sent]
    assert found_by(actor_for("manager"), customer.mobile) == [sent]
    # Who may not see customers does not learn of them here either.
    assert found_by(actor_for("accountant"), "王小明") == []


def test_only_those_are_found_that_the_reader_may_see(actor_for, sent, applicant):
    assert found_by(applicant, "2602") == [sent]
    assert found_by(actor_for("consultant"), "2602") == []
    assert found_by(actor_for("cashier"), "2602") == []
    outsider = actor_for("manager", project=make_project())
    assert found_by(outsider, "2602") == []


def test_a_draft_is_found_by_its_applicant_alone(actor_for, sent, applicant):
    db.session.execute(
        text("UPDATE workflows_approval_request SET state = 'draft' WHERE id = :id"),
        {"id": sent.id},
    )
    db.session.expire_all()
    assert found_by(applicant, "2602") == [sent]
    assert found_by(actor_for("manager"), "2602") == []


def test_old_requests_are_found_beyond_the_newest(actor_for, sent, project, applicant, monkeypatch):
    monkeypatch.setattr(search, "WINDOW", 1)
    newer = ApprovalRequest(
        project_id=project.id,
        number="SP2099-00001",
        kind=sent.kind,
        subject_type="project",
        subject_id=sent.subject_id + 1,
        subject_title="3栋-1单元-101 · 李**",
        state="approved",
        applicant_id=applicant.id,
        reason="…",
        values={},
        figures={},
        summary=[],
        route=[],
    )
    db.session.add(newer)
    db.session.flush()
    assert found_by(actor_for("manager"), "2602") == [sent]
    assert found_by(actor_for("manager"), "3栋") == [newer, sent]


def test_the_search_box_suggests_and_the_page_lists(client, sign_in, user_for, sent):
    manager = sign_in(client, user_for("manager"))
    groups = manager.get("/search/suggest?q=2602", headers=ZH).json["groups"]
    group = next(one for one in groups if one["title"] == "审批")
    assert group["rows"] == [
        {
            "title": f"{sent.number} {sent.subject_title}",
            "url": f"/approvals/{sent.id}",
            "detail": "改名 · 欧阳顾问 · 审批中",
        }
    ]
    page = manager.get("/search/?q=2602&stay=1", headers=ZH).text
    assert sent.number in page
    assert "/approvals/all?q=2602" in page


def test_the_lists_of_requests_are_searched(client, sign_in, user_for, sent):
    manager = sign_in(client, user_for("manager"))
    assert sent.subject_title in manager.get("/approvals/all?q=2602", headers=ZH).text
    nothing = manager.get("/approvals/all?q=9999", headers=ZH).text
    assert sent.subject_title not in nothing
    assert "没有符合“9999”的审批单" in nothing

"""The engine's verbs: asking, deciding, executing, undoing."""

from __future__ import annotations

import pytest

from app.core.actor import system_actor
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.estate.models import Project
from app.workflows import engine
from app.workflows.models import ApprovalRequest
from app.workflows.queries import find_requests_about
from app.workflows.tasks import list_tasks, list_waiting
from tests.factories.people import make_project
from tests.factories.workflows import make_request

pytestmark = pytest.mark.usefixtures("flow")


@pytest.fixture
def consultant(actor_for):
    return actor_for("consultant")


@pytest.fixture
def manager(actor_for):
    return actor_for("manager")


@pytest.fixture
def director(actor_for):
    return actor_for("director")


@pytest.fixture
def request_(project, consultant, manager, director):  # noqa: ARG001 - they must be there
    """A request with two steps, sent."""
    return make_request(project, consultant, percent="2.50")


def test_sending_freezes_figures_and_lets_the_first_step_wait(request_, project):
    assert request_.state == "running"
    assert request_.number.startswith("SP")
    assert request_.figures == {"percent": "2.50", "below_floor": False}
    assert [row["label"] for row in request_.summary] == ["名称", "地址", "注意"]
    assert len(request_.digest) == 64
    assert request_.subject_title == f"{project.name} · 新街 1 号"
    assert project.city == "冻结"
    waiting = list_waiting(request_)
    assert [(task.step, task.name, task.role) for task in waiting] == [(0, "销售经理", "manager")]


def test_two_steps_then_executed_in_the_same_transaction(request_, project, manager, director):
    engine.approve(request_.id, comment=" 客户诚意足 ", actor=manager)
    assert (request_.state, request_.step, project.address) == ("running", 1, None)
    engine.approve(request_.id, actor=director)
    assert request_.state == "approved"
    assert request_.result == {"project_id": project.id}
    assert request_.ended_at is not None
    assert (project.address, project.city) == ("新街 1 号", None)
    first, second = list_tasks(request_)
    assert (first.decision, first.comment, first.decided_by_id) == (
        "approve",
        "客户诚意足",
        manager.id,
    )
    assert second.decided_at >= second.created_at


def test_nobody_decides_his_own_request(project, actor_for):
    both = actor_for(["consultant", "manager"])
    actor_for("manager")
    request = make_request(project, both)
    for verb in (engine.approve, engine.reject, engine.return_to):
        with pytest.raises(NotAllowed) as caught:
            verb(request.id, actor=both)
        assert caught.value.code == "own_request"


def test_second_approver_hears_who_was_first(request_, manager, actor_for):
    second = actor_for("manager")
    engine.approve(request_.id, actor=manager)
    with pytest.raises(WrongState) as caught:
        engine.approve(request_.id, actor=second)
    assert caught.value.code == "already_decided"
    assert caught.value.details["decided_by"] == manager.name
    with pytest.raises(WrongState):
        engine.approve(request_.id, actor=manager)


def test_step_that_was_seen_is_the_step_that_is_decided(project, consultant, actor_for):
    """A double press of somebody with both roles must not decide two steps."""
    both = actor_for(["manager", "director"])
    request = make_request(project, consultant, percent="2.50")
    seen = list_waiting(request)[0].id
    engine.approve(request.id, task_id=seen, actor=both)
    with pytest.raises(WrongState):
        engine.approve(request.id, task_id=seen, actor=both)
    assert request.step == 1
    assert engine.approve(request.id, actor=both).state == "approved"


def test_step_of_somebody_else_is_refused(request_, director, actor_for):
    with pytest.raises(NotAllowed, match="销售经理"):
        engine.approve(request_.id, actor=director)
    with pytest.raises(NotFound):
        engine.approve(request_.id, actor=actor_for("consultant"))


def test_other_project_finds_nothing(request_, actor_for):
    stranger = actor_for("manager", project=make_project())
    from app.core.actor import acting

    with acting(stranger), pytest.raises(NotFound):
        engine.approve(request_.id, actor=stranger)


def test_reject_ends_it_and_undoes_the_freeze(request_, project, manager):
    engine.reject(request_.id, comment="太低", actor=manager)
    assert (request_.state, project.city, project.address) == ("rejected", None, None)
    assert list_waiting(request_) == []
    with pytest.raises(WrongState, match=manager.name):
        engine.approve(request_.id, actor=manager)


def test_withdraw_leaves_no_trace(request_, project, consultant, manager):
    with pytest.raises(NotAllowed):
        engine.withdraw(request_.id, actor=manager)
    engine.withdraw(request_.id, comment="客户不买了", actor=consultant)
    assert (request_.state, project.city) == ("withdrawn", None)
    assert request_.closing_note == "客户不买了"
    with pytest.raises(WrongState) as caught:
        engine.approve(request_.id, actor=manager)
    assert caught.value.details["decided_by"] == consultant.name
    with pytest.raises(WrongState):
        engine.withdraw(request_.id, actor=consultant)


def test_return_edit_and_send_again(request_, project, consultant, manager, director):
    engine.return_to(request_.id, comment="写清楚", actor=manager)
    assert (request_.state, project.city) == ("returned", None)
    engine.edit_draft(request_.id, values={"percent": "1.50"}, reason="老客户", actor=consultant)
    assert request_.values == {"address": "新街 1 号", "percent": "1.50"}
    engine.send(request_.id, actor=consultant)
    assert (request_.state, request_.step, project.city) == ("running", 0, "冻结")
    assert len(request_.route) == 1
    assert engine.approve(request_.id, actor=manager).state == "approved"
    assert director.id not in {task.decided_by_id for task in list_tasks(request_)}


def test_withdrawing_what_came_back_calls_no_second_undo(request_, project, consultant, manager):
    engine.return_to(request_.id, actor=manager)
    project.city = "别人的"
    engine.withdraw(request_.id, actor=consultant)
    assert (request_.state, project.city) == ("withdrawn", "别人的")


def test_return_to_an_earlier_step(request_, project, manager, director):
    engine.approve(request_.id, actor=manager)
    with pytest.raises(Invalid):
        engine.return_to(request_.id, to_step=1, actor=director)
    engine.return_to(request_.id, to_step=0, comment="再看看", actor=director)
    assert (request_.state, request_.step, project.city) == ("running", 0, "冻结")
    engine.approve(request_.id, actor=manager)
    assert engine.approve(request_.id, actor=director).state == "approved"


def test_handing_over(request_, manager, consultant, actor_for):
    colleague = actor_for("supervisor")
    with pytest.raises(Invalid):
        engine.delegate(request_.id, user_id=consultant.id, actor=manager)
    with pytest.raises(Invalid):
        engine.delegate(request_.id, user_id=manager.id, actor=manager)
    cashier = actor_for("cashier")
    with pytest.raises(Invalid):
        engine.delegate(request_.id, user_id=cashier.id, actor=manager)
    stranger = actor_for("supervisor", project=make_project())
    with pytest.raises(Invalid):
        engine.delegate(request_.id, user_id=stranger.id, actor=manager)
    engine.delegate(request_.id, user_id=colleague.id, comment="请代批", actor=manager)
    with pytest.raises(WrongState):
        engine.approve(request_.id, actor=manager)
    assert engine.approve(request_.id, actor=colleague).step == 1


def test_one_more_opinion(request_, manager, consultant, actor_for):
    cashier = actor_for("cashier")
    with pytest.raises(Invalid):
        engine.consult(request_.id, user_id=consultant.id, actor=manager)
    engine.consult(request_.id, user_id=cashier.id, comment="钱到了吗？", actor=manager)
    with pytest.raises(Invalid):
        engine.consult(request_.id, user_id=cashier.id, actor=manager)
    with pytest.raises(NotAllowed):
        engine.approve(request_.id, actor=cashier)
    with pytest.raises(Invalid):
        engine.give_opinion(request_.id, comment=" ", actor=cashier)
    engine.give_opinion(request_.id, comment="到了", actor=cashier)
    assert (request_.state, request_.step) == ("running", 0)
    with pytest.raises(WrongState):
        engine.give_opinion(request_.id, comment="再说", actor=cashier)
    assert engine.approve(request_.id, actor=manager).step == 1


def test_decision_does_not_wait_for_an_opinion(request_, manager, actor_for):
    cashier = actor_for("cashier")
    engine.consult(request_.id, user_id=cashier.id, actor=manager)
    engine.approve(request_.id, actor=manager)
    with pytest.raises(NotAllowed):
        engine.give_opinion(request_.id, comment="晚了", actor=cashier)
    assert [task.state for task in list_tasks(request_)] == ["done", "dropped", "waiting"]


def test_failed_execution_changes_nothing_and_says_why(
    request_, session, project, consultant, manager, director
):
    project.company = "关闭"
    session.flush()
    engine.approve(request_.id, actor=manager)
    engine.approve(request_.id, actor=director)
    assert request_.state == "failed"
    assert request_.failure == "公司已关闭，不能改名。"
    assert request_.result is None
    assert (project.address, project.city) == (None, None)
    with pytest.raises(WrongState):
        engine.approve(request_.id, actor=director)
    project.company = None
    session.flush()
    engine.send(request_.id, actor=consultant)
    assert request_.failure is None
    engine.approve(request_.id, actor=manager)
    engine.approve(request_.id, actor=director)
    assert (request_.state, project.address) == ("approved", "新街 1 号")


def test_figures_that_moved_void_the_approval(request_, session, project, manager, director):
    engine.approve(request_.id, actor=manager)
    session.query(Project).filter_by(id=project.id).update({"name": "改了名的项目"})
    engine.approve(request_.id, actor=director)
    assert request_.state == "voided"
    assert "改了名的项目" in request_.failure
    assert project.address is None
    assert project.city is None


def test_subject_that_is_gone_fails(request_, manager, director, toy, monkeypatch):
    engine.approve(request_.id, actor=manager)
    monkeypatch.setattr(type(toy), "load_subject", lambda *_: None)
    engine.approve(request_.id, actor=director)
    assert request_.state == "failed"
    assert request_.subject_title in request_.failure


def test_edit_elsewhere_voids_what_is_on_its_way(request_, project, manager):
    voided = engine.void_requests_for(
        "project", project.id, reason="项目被修改。", actor=system_actor("test")
    )
    assert voided == [request_]
    assert (request_.state, request_.failure, project.city) == ("voided", "项目被修改。", None)
    assert list_waiting(request_) == []
    with pytest.raises(WrongState):
        engine.approve(request_.id, actor=manager)
    assert (
        engine.void_requests_for(
            "project", [project.id, 0], reason="又改", actor=system_actor("test")
        )
        == []
    )


def test_execution_may_void_its_subjects_other_requests_but_not_itself(
    request_, toy, project, manager, director, monkeypatch
):
    def execute(_kind, _request, actor):
        assert engine.void_requests_for("project", project.id, reason="x", actor=actor) == []
        return {"done": True}

    monkeypatch.setattr(type(toy), "on_approved", execute)
    engine.approve(request_.id, actor=manager)
    engine.approve(request_.id, actor=director)
    assert (request_.state, request_.result) == ("approved", {"done": True})


def test_one_live_request_per_kind_and_subject(request_, project, actor_for, consultant, manager):
    colleague = actor_for("consultant")
    with pytest.raises(Conflict) as caught:
        make_request(project, colleague)
    assert caught.value.details["number"] == request_.number
    assert consultant.name in str(caught.value)
    draft = engine.create_draft(
        "toy_rename", project.id, values={"address": "b"}, reason="r", actor=colleague
    )
    with pytest.raises(Conflict):
        engine.send(draft.id, actor=colleague)
    engine.reject(request_.id, actor=manager)
    assert engine.send(draft.id, actor=colleague).state == "running"


def test_draft_freezes_nothing_and_is_edited_by_its_applicant_only(project, consultant, manager):
    draft = engine.create_draft(
        "toy_rename", project.id, values={"address": "b"}, reason="r", actor=consultant
    )
    assert (draft.state, project.city, list_tasks(draft)) == ("draft", None, [])
    with pytest.raises(NotFound):
        engine.edit_draft(draft.id, reason="x", actor=manager)
    with pytest.raises(Invalid):
        engine.edit_draft(draft.id, values={"address": ""}, actor=consultant)
    engine.edit_draft(draft.id, values={"address": "c"}, actor=consultant)
    assert draft.subject_title.endswith("c")
    engine.send(draft.id, actor=consultant)
    with pytest.raises(WrongState):
        engine.edit_draft(draft.id, reason="x", actor=consultant)
    with pytest.raises(WrongState):
        engine.send(draft.id, actor=consultant)


@pytest.mark.usefixtures("manager")
def test_preview_writes_nothing(session, project, consultant):
    before = session.query(ApprovalRequest).count()
    preview = engine.preview_route(
        "toy_rename", project.id, values={"address": "b"}, actor=consultant
    )
    assert preview.summary[1]["after"] == "b"
    assert session.query(ApprovalRequest).count() == before
    assert project.city is None


def test_step_that_lost_its_people_goes_to_the_next(flow, session, project, consultant, actor_for):
    manager, director, gm = actor_for("manager"), actor_for("director"), actor_for("gm")
    flow.steps = [*flow.steps, {"name": "总经理", "role": "gm"}]
    session.flush()
    request = make_request(project, consultant, percent="2.50")
    from app.admin.models import AppUser

    session.get(AppUser, director.id).active = False
    session.flush()
    engine.approve(request.id, actor=manager)
    assert request.route[1]["name"] == "总经理"
    assert request.route[1]["covers"] == ["营销总监"]
    assert engine.approve(request.id, actor=gm).state == "approved"


def test_last_step_that_lost_its_people_waits_for_an_appointment(
    request_, session, manager, director, actor_for
):
    from app.admin.models import AppUser

    session.get(AppUser, director.id).active = False
    session.flush()
    engine.approve(request_.id, actor=manager)
    assert (request_.state, request_.step) == ("running", 1)
    assert engine.approve(request_.id, actor=actor_for("director")).state == "approved"


def test_system_asks_for_nothing(project):
    with pytest.raises(NotAllowed):
        make_request(project, system_actor("worker"))


def test_requests_about_a_subject_are_those_that_one_may_see(
    request_, project, consultant, manager, actor_for
):
    engine.reject(request_.id, actor=manager)
    again = make_request(project, consultant)
    for actor in (consultant, manager):
        assert find_requests_about("project", project.id, actor=actor) == [again, request_]
    assert find_requests_about("project", project.id, actor=manager, limit=1) == [again]
    assert find_requests_about("project", project.id, actor=actor_for("consultant")) == []
    assert find_requests_about("room", project.id, actor=manager) == []

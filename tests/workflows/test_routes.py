"""The way of a request: conditions, missing people, agencies, and who reaches a project."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.admin.models import Organization
from app.core.errors import Invalid, NotAllowed, NotFound
from app.workflows import engine, routes
from app.workflows.models import ApprovalFlow
from app.workflows.sync import install_flows
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.teams import make_post, make_team, put_into
from tests.factories.workflows import make_flow, make_request

VALUES = {"address": "新街 1 号"}


def names(steps):
    return [step["name"] for step in steps]


@pytest.mark.usefixtures("flow")
def test_route_is_the_steps_whose_conditions_hold(project, actor_for):
    consultant = actor_for("consultant")
    actor_for("manager"), actor_for("director")
    short = engine.preview_route("toy_rename", project.id, values=VALUES, actor=consultant)
    assert names(short.steps) == ["销售经理"]
    long = engine.preview_route(
        "toy_rename", project.id, values={**VALUES, "percent": "2.50"}, actor=consultant
    )
    assert names(long.steps) == ["销售经理", "营销总监"]
    assert long.figures == {"percent": "2.50", "below_floor": False}


def test_step_of_the_applicant_alone_goes_to_the_next_approvers(flow, project, actor_for):
    manager = actor_for("manager")
    director = actor_for("director")
    request = make_request(project, manager, percent="2.50")
    assert request.route == [
        {
            "name": "营销总监",
            "role": "director",
            "condition": flow.steps[1]["condition"],
            "covers": ["销售经理"],
        }
    ]
    assert engine.approve(request.id, actor=director).state == "approved"


@pytest.mark.usefixtures("flow")
def test_step_of_a_second_manager_stays(project, actor_for):
    first = actor_for("manager")
    second = actor_for("manager")
    actor_for("director")
    request = make_request(project, first, percent="2.50")
    assert names(request.route) == ["销售经理", "营销总监"]
    assert engine.approve(request.id, actor=second).state == "running"


@pytest.mark.usefixtures("flow")
def test_last_step_with_nobody_cannot_be_sent_and_names_the_role(project, actor_for, app):
    manager = actor_for("manager")
    with pytest.raises(Invalid) as caught:
        make_request(project, manager)
    assert caught.value.code == "no_approver"
    assert caught.value.details == {"role": "manager"}
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert "销售经理" in str(caught.value.message)


@pytest.mark.usefixtures("flow")
def test_people_of_other_projects_and_people_who_left_do_not_count(project, actor_for):
    consultant = actor_for("consultant")
    actor_for("manager", project=make_project())
    actor_for("manager", active=True, project=None)
    gone = make_user("manager", projects=[project], active=False)
    assert gone.active is False
    with pytest.raises(Invalid):
        make_request(project, consultant)
    whole = make_user("manager", whole_group=True)
    request = make_request(project, consultant)
    found = routes.find_candidates(["manager"], project_id=project.id, applicant_id=consultant.id)
    assert [one.id for one in found["manager"]] == [whole.id]
    assert names(request.route) == ["销售经理"]


@pytest.mark.usefixtures("flow")
def test_the_agencys_manager_gives_the_first_opinion(project, actor_for):
    staff, colleague, head = (actor_for("agency") for _ in range(3))
    manager = actor_for("manager")
    team = make_team(project)
    top = make_post(team)
    below = make_post(team, superior=top)
    put_into(top, head), put_into(below, staff), put_into(below, colleague)
    request = make_request(project, staff)
    assert [step["role"] for step in request.route] == ["agency", "manager"]
    for other in (manager, colleague):
        with pytest.raises((NotAllowed, NotFound)):
            engine.approve(request.id, actor=other)
    engine.approve(request.id, actor=head)
    assert engine.approve(request.id, actor=manager).state == "approved"
    own = make_request(project, head)
    assert [step["role"] for step in own.route] == ["manager"]


@pytest.mark.usefixtures("flow")
def test_without_a_manager_the_agencys_staff_go_straight_to_the_developers(project, actor_for):
    staff = actor_for("agency")
    actor_for("agency"), actor_for("manager")
    assert [step["role"] for step in make_request(project, staff).route] == ["manager"]


@pytest.mark.usefixtures("flow")
def test_developers_request_never_passes_the_agency(project, actor_for):
    actor_for("agency"), actor_for("manager")
    request = make_request(project, actor_for("consultant"))
    assert [step["role"] for step in request.route] == ["manager"]


@pytest.mark.usefixtures("session")
def test_kind_without_a_flow_in_force_cannot_be_asked_for(toy, project, actor_for):
    consultant = actor_for("consultant")
    with pytest.raises(Invalid):
        make_request(project, consultant)
    make_flow(toy, is_active=False)
    with pytest.raises(Invalid):
        make_request(project, consultant)


@pytest.mark.usefixtures("session")
def test_flow_whose_conditions_all_fail_is_refused(toy, project, actor_for):
    make_flow(
        toy,
        steps=[{"name": "总监", "role": "director", "condition": {"all": [["percent", ">", "9"]]}}],
    )
    actor_for("director")
    with pytest.raises(Invalid):
        make_request(project, actor_for("consultant"))


@pytest.mark.usefixtures("flow")
def test_subject_out_of_scope_is_not_found(project, actor_for):
    stranger = actor_for("consultant", project=make_project())
    with pytest.raises(NotFound):
        make_request(project, stranger)


@pytest.mark.usefixtures("flow")
def test_asking_needs_the_permissions(project, actor_for):
    actor_for("manager")
    with pytest.raises(NotAllowed):
        make_request(project, actor_for("admin"))


@pytest.mark.usefixtures("flow")
def test_missing_reason_and_values_are_named(project, actor_for):
    consultant = actor_for("consultant")
    actor_for("manager")
    with pytest.raises(Invalid) as caught:
        make_request(project, consultant, reason="  ")
    assert set(caught.value.fields) == {"reason"}
    with pytest.raises(Invalid) as caught:
        make_request(project, consultant, address="")
    assert set(caught.value.fields) == {"address"}


def test_install_writes_missing_flows_and_leaves_changed_ones(toy, session):
    from app.workflows.kinds import all_kinds

    session.query(ApprovalFlow).delete()
    assert install_flows() == len(all_kinds())
    assert install_flows() == 0
    flow = session.query(ApprovalFlow).filter_by(kind=toy.key).one()
    assert (flow.version, flow.is_active) == (1, True)
    assert flow.steps[0] == {"name": "销售经理", "role": "manager"}
    flow.is_active = False
    session.flush()
    assert install_flows() == 0


def test_running_request_keeps_its_route_when_the_flow_changes(flow, session, project, actor_for):
    consultant, manager = actor_for("consultant"), actor_for("manager")
    director = actor_for("director")
    request = make_request(project, consultant, percent="2.50")
    flow.is_active = False
    session.flush()
    session.add(
        ApprovalFlow(
            kind=flow.kind,
            version=2,
            name="新",
            is_active=True,
            steps=[{"name": "总经理", "role": "gm"}],
        )
    )
    session.flush()
    engine.approve(request.id, actor=manager)
    assert engine.approve(request.id, actor=director).state == "approved"
    assert request.flow_id == flow.id


def test_who_reaches_a_project_is_the_inverse_of_what_a_user_reaches(session, group):
    """``access_users`` and ``access_projects`` say the same over a tree with phases."""
    region = make_organization(group)
    company = make_organization(region)
    other = make_organization(group)
    parent = make_project(company)
    phase = make_project(other, parent_id=parent.id)
    lone = make_project(other)
    users = [make_user("manager", organization=place) for place in (group, region, company, other)]
    users += [make_user("manager", projects=[place]) for place in (parent, phase, lone)]
    users.append(make_user("manager"))
    for project in (parent, phase, lone):
        upward = set(session.scalars(text("SELECT access_users(:p)"), {"p": project.id}))
        downward = {
            user.id
            for user in users
            if project.id
            in set(session.scalars(text("SELECT access_projects(:u)"), {"u": user.id}))
        }
        assert upward == downward
        assert downward
    assert session.get(Organization, group.id) is not None

"""Leaving staff: everything moves at once to who may have it, or nothing does."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.admin import handover, operations
from app.admin.principal import read_actor
from app.core.audit import AuditEntry
from app.core.errors import Conflict, Invalid, NotAllowed
from app.customers.models import Customer
from app.sales.models import Hold
from tests.factories.customers import make_customer
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project, make_user
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_subscription
from tests.factories.teams import make_post, make_team, put_into


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


@pytest.fixture
def leaver(project, user_for):
    user = user_for("consultant")
    make_customer(project, user, name="客户甲"), make_customer(project, user, name="客户乙")
    put_into(make_post(make_team(project)), user)
    return user


@pytest.fixture
def held(session, project, leaver):
    room = make_room(make_building(project), status="reserved")
    hold = Hold(
        project_id=project.id, room_id=room.id, holder_id=leaver.id, kind="reserved",
        reason="看中", state="live",
    )  # fmt: skip
    session.add(hold)
    session.flush()
    return hold


def owners(session, project):
    found = select(Customer.owner_id).where(Customer.project_id == project.id)
    return set(session.scalars(found.execution_options(whole_group=True)))


def successors(user, to, admin):
    return {one.key: to.id for one in handover.list_portions(user, actor=admin)}


@pytest.mark.usefixtures("held")
def test_what_would_move_is_shown_by_project_and_kind(leaver, admin, user_for):
    colleague, cashier = user_for("consultant"), user_for("cashier")
    found = {one.work.key: one for one in handover.list_portions(leaver, actor=admin)}
    assert {key: len(one.items) for key, one in found.items()} == {"holds": 1, "customers": 2}
    names = {one.id for one in found["customers"].candidates}
    assert colleague.id in names
    assert not names & {leaver.id, cashier.id}
    assert "客户甲" not in str(found["customers"].items)


def test_deals_go_to_those_who_may_carry_them_on(project, leaver, admin, user_for):
    make_subscription(make_room_for_sale(project=project), read_actor(leaver.id))
    colleague, manager, cashier = (user_for(x) for x in ("consultant", "manager", "cashier"))
    found = {one.work.key: one for one in handover.list_portions(leaver, actor=admin)}
    names = {one.id for one in found["deals"].candidates}
    assert {colleague.id, manager.id} <= names
    assert cashier.id not in names


def test_everything_moves_and_the_person_is_out(session, project, leaver, held, admin, user_for):
    colleague, before = user_for("consultant"), leaver.access_version
    plan = successors(leaver, colleague, admin)
    handover.hand_over(leaver, successors=plan, actor=admin)
    session.expire_all()
    assert owners(session, project) == {colleague.id}
    assert held.holder_id == colleague.id
    assert not leaver.active
    assert leaver.access_version > before
    assert not handover.has_work(leaver.id)
    reached = session.scalars(text("SELECT access_projects(:u)"), {"u": leaver.id})
    assert set(reached) == set()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "hand_over")).one()
    assert entry.after[f"customers.{project.id}"] == {"count": 2, "to": colleague.id}
    with pytest.raises(Conflict):
        handover.hand_over(leaver, successors=plan, actor=admin)


def test_what_ended_or_changed_hands_meanwhile_does_not_move(
    session, project, leaver, held, admin, user_for
):
    colleague, third = user_for("consultant"), user_for("consultant")
    portions = {one.work.key: one for one in handover.list_portions(leaver, actor=admin)}
    held.state = "lapsed"
    taken = session.get(Customer, portions["customers"].items[0].id)
    taken.owner_id = third.id
    session.flush()
    for one in portions.values():
        ids = [item.id for item in one.items]
        one.work.move(ids, leaver.id, colleague.id, admin)
    session.expire_all()
    assert held.holder_id == leaver.id
    assert owners(session, project) == {third.id, colleague.id}


@pytest.mark.usefixtures("held")
def test_several_colleagues_may_share_it(session, project, leaver, admin, user_for):
    one, two = user_for("consultant"), user_for("consultant")
    plan = {f"customers.{project.id}": one.id, f"holds.{project.id}": two.id}
    handover.hand_over(leaver, successors=plan, actor=admin)
    assert owners(session, project) == {one.id}
    assert session.scalars(select(Hold.holder_id)).one() == two.id


@pytest.mark.usefixtures("held")
def test_nothing_moves_to_who_may_not_have_it(session, project, leaver, admin, user_for):
    colleague, cashier = user_for("consultant"), user_for("cashier")
    elsewhere = make_user("consultant", projects=[make_project()])
    gone = user_for("consultant", active=False)
    key = f"customers.{project.id}"
    plan = {key: colleague.id, f"holds.{project.id}": colleague.id}
    for wrong in ({key: cashier.id}, {key: elsewhere.id}, {key: gone.id}, {key: leaver.id}):
        with pytest.raises(Invalid) as caught, session.begin_nested():
            handover.hand_over(leaver, successors=plan | wrong, actor=admin)
        assert key in caught.value.fields
    with pytest.raises(Invalid), session.begin_nested():
        handover.hand_over(leaver, successors={key: colleague.id}, actor=admin)
    session.expire_all()
    assert leaver.active
    assert owners(session, project) == {leaver.id}


def test_deactivating_alone_is_refused_while_there_is_work(leaver, admin, user_for):
    with pytest.raises(Invalid):
        operations.edit_user(leaver, full_name="某", active=False, role_ids=[], actor=admin)
    idle = user_for("consultant")
    operations.edit_user(idle, full_name="某", active=False, role_ids=[], actor=admin)
    assert not idle.active


def test_only_within_ones_own_scope(leaver, actor_for):
    with pytest.raises(NotAllowed):
        handover.list_portions(leaver, actor=actor_for("admin", project=make_project()))
    with pytest.raises(NotAllowed):
        handover.list_portions(leaver, actor=actor_for("manager"))


def test_the_page(client, sign_in, session, project, leaver, user_for):
    colleague = user_for("consultant")
    session.commit()
    browser = sign_in(client, user_for("admin", project=None, whole_group=True))
    page = browser.get(f"/hand-over/{leaver.id}").text
    assert colleague.full_name in page
    assert "客户甲" not in page
    empty = browser.post(f"/hand-over/{leaver.id}", data={})
    assert empty.status_code == 422
    key = f"to.customers.{project.id}"
    browser.post(f"/hand-over/{leaver.id}", data={key: str(colleague.id)})
    assert owners(session, project) == {colleague.id}
    assert read_actor(leaver.id) is None
    regional = sign_in(client, make_user("admin", projects=[make_project()]))
    assert regional.get(f"/hand-over/{colleague.id}").status_code == 404
    assert regional.get(f"/users/show/{colleague.id}").status_code == 404
    assert regional.post(f"/hand-over/{colleague.id}", data={}).status_code == 404
    assert regional.get("/users/list/").text.count(colleague.username) == 0

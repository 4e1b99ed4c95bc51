"""结项: a closed project is read, and nothing in it changed, whoever tries and however."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.admin import handover, memberships
from app.admin.models import AppUser
from app.core import clock
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, WrongState
from app.core.uow import unit_of_work
from app.estate.models import ProjectMember, Room
from app.upkeep import operations, upgrading
from app.upkeep.models import ProjectClosing
from app.web.closing import STILL_CHANGED, closed_row
from app.web.projects import forget_projects
from app.workflows import engine
from config import sqlalchemy_url
from tests.factories.customers import make_customer
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_subscription
from tests.factories.teams import make_post, make_team, put_into

SYSTEM = system_actor("test")


@pytest.fixture
def closed(project):
    make_room(make_building(project))
    operations.close_project(project, reason="全部交付", actor=SYSTEM)
    db.session.commit()
    return project


def test_nothing_in_a_closed_project_can_be_changed(session, closed):
    other = make_room(make_building(make_project()))
    session.commit()
    for statement in (
        "UPDATE estate_room SET orientation = '南' WHERE project_id = :p",
        "DELETE FROM estate_room WHERE project_id = :p",
        "INSERT INTO estate_building (project_id, name, position) VALUES (:p, '9栋', 9)",
        "UPDATE estate_project SET name = 'x' WHERE id = :p",
        "UPDATE estate_room SET project_id = :p WHERE id = :other",
    ):
        with pytest.raises(DBAPIError) as refused, session.begin_nested():
            session.execute(text(statement), {"p": closed.id, "other": other.id})
        assert refused.value.orig.pgcode == "XK001", statement


@pytest.mark.commit
def test_migrations_change_rows_of_closed_projects(committed):
    """The way back from rooms by hand frees rooms that were merged away."""
    from flask_migrate import downgrade, upgrade

    project = make_project()
    building = make_building(project)
    make_room(building, number="0101")
    room_id = make_room(building, number="0102", status="merged").id
    operations.close_project(project, reason="全部交付", actor=SYSTEM)
    db.session.commit()
    db.session.remove()
    committed.app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    try:
        downgrade(revision="b7e05c9a41d8")
        found = text("SELECT status FROM estate_room WHERE id = :room")
        assert db.session.scalar(found, {"room": room_id}) == "unreleased"
        db.session.remove()
    finally:
        upgrade()
    with pytest.raises(DBAPIError) as refused:
        db.session.execute(text("UPDATE estate_room SET orientation = '南'"))
    assert refused.value.orig.pgcode == "XK001"


def test_the_switch_of_migrations_is_worth_nothing_to_who_does_not_own_the_tables(session, closed):
    session.execute(text("CREATE ROLE xk_lesser_than_the_owner"))
    session.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO xk_lesser_than_the_owner"))
    session.execute(text("SELECT set_config('xiaokong.migrating', 'on', true)"))
    turn = text("UPDATE estate_room SET orientation = '南' WHERE project_id = :p")
    session.execute(turn, {"p": closed.id})
    session.execute(text("SET LOCAL ROLE xk_lesser_than_the_owner"))
    with pytest.raises(DBAPIError) as refused, session.begin_nested():
        session.execute(turn, {"p": closed.id})
    assert refused.value.orig.pgcode == "XK001"
    session.execute(text("RESET ROLE"))


def test_others_go_on_and_it_can_be_read(session, closed):
    other = make_room(make_building(make_project()))
    other.number = "0909"
    session.commit()
    assert session.scalar(
        text("SELECT count(*) FROM estate_room WHERE project_id = :p"), {"p": closed.id}
    )


def test_rest_says_it_in_a_sentence(client, bearer, user_for, closed):
    body = {"project_id": closed.id, "name": "9栋", "position": 9}
    answer = client.post("/api/v1/buildings/", json=body, headers=bearer(user_for("steward")))
    assert (answer.status_code, answer.get_json()["error"]) == (409, "project_closed")


def test_a_page_says_it_in_a_sentence(client, sign_in, user_for, closed):
    browser = sign_in(client, user_for("steward"))
    form = {"_form": "1", "project": closed.id, "name": "9栋", "position": "9"}
    answer = browser.post("/buildings/add", data=form)
    assert answer.status_code == 409
    assert "结项" in answer.text or "closed" in answer.text


def test_people_leave_a_closed_project_and_their_days_go_on(session, project, actor_for, user_for):
    leaver, other = user_for("consultant"), user_for("consultant")
    post = make_post(make_team(project))
    staying = put_into(post, leaver)
    ending = put_into(post, other, until_on=clock.today() - timedelta(days=1))
    operations.close_project(project, reason="全部交付", actor=SYSTEM)
    session.commit()
    memberships.apply_days(actor=SYSTEM)
    handover.hand_over(leaver, successors={}, actor=actor_for("admin", whole_group=True))
    session.refresh(staying), session.refresh(ending)
    assert (staying.until_on, ending.counts) == (clock.today() - timedelta(days=1), False)


@pytest.fixture
def ended(project, actor_for):
    """A project closed over an open deal, a free room, and a request that is not sent yet."""
    actor, building = actor_for("consultant"), make_building(project)
    sold, free = (make_room_for_sale(building, number=number) for number in ("0101", "0102"))
    deal = make_subscription(sold, actor)
    wish = {
        "percent": Decimal(99),
        "customer_id": make_customer(project, actor).id,
        "valid_until": clock.today().isoformat(),
    }
    request = engine.create_draft("special_discount", free.id, values=wish, reason="x", actor=actor)
    # Such business is brought to its end before; what was left open otherwise is offered no more.
    db.session.add(ProjectClosing(closed_project_id=project.id, closed_at=clock.now(),
                                  closed_by="test", reason="全部交付"))  # fmt: skip
    db.session.commit()
    forget_projects()
    return actor, deal, free, request


def test_deals_rooms_and_requests_offer_nothing_that_would_be_refused(
    client, sign_in, bearer, user_for, project, ended
):
    actor, deal, free, request = ended
    own, director = db.session.get_one(AppUser, actor.id), user_for("director")
    told = {
        f"/sales/subscriptions/show/{deal.id}": (own, f"/approvals/new/extension/{deal.id}"),
        f"/approvals/{request.id}": (own, f"/approvals/{request.id}/edit"),
        f"/sales/quotation/{free.id}": (own, f"/sales/special-discount/{free.id}"),
        "/grid/": (director, 'id="bulk"'),
    }
    offered = {}
    for state in ("closed", "open"):
        for address, (user, offer) in told.items():
            browser = sign_in(client, user)
            with browser.session_transaction() as cookie:
                cookie["project_id"] = project.id
            page = browser.get(address).text
            assert ("全部交付" in page) is (state == "closed"), address
            assert (offer in page) is (state == "open"), address
        offered[state] = [
            client.get(f"/api/v1/{path}", headers=bearer(own)).get_json()["actions"]
            for path in (f"rooms/{free.id}", f"approvals/{request.id}")
        ]
        if state == "closed":
            operations.reopen_project(project, actor=SYSTEM)
            db.session.commit()
            forget_projects()
    assert offered["closed"] == [["quote"], []]
    assert "subscribe" in offered["open"][0]
    assert "edit" in offered["open"][1]


def test_it_can_be_opened_again(session, closed):
    operations.reopen_project(closed, actor=SYSTEM)
    session.commit()
    session.execute(text("UPDATE estate_project SET name = '又开' WHERE id = :p"), {"p": closed.id})
    with pytest.raises(WrongState):
        operations.reopen_project(closed, actor=SYSTEM)


def test_closing_asks_for_a_reason_and_closes_once(closed):
    with pytest.raises(Conflict):
        operations.close_project(closed, reason="again", actor=SYSTEM)
    with pytest.raises(Invalid):
        operations.close_project(make_project(), reason=" ", actor=SYSTEM)


def test_what_is_under_way_must_end_first(session, project, user_for):
    room = make_room(make_building(project))
    session.execute(
        text(
            "INSERT INTO sales_hold (project_id, room_id, holder_id, kind, reason, state)"
            " VALUES (:p, :r, :u, 'held', 'x', 'live')"
        ),
        {"p": project.id, "r": room.id, "u": user_for("manager").id},
    )
    with pytest.raises(WrongState):
        operations.close_project(project, reason="x", actor=SYSTEM)


def test_every_table_of_projects_is_guarded(session):
    bare = session.scalars(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " AND a.attname = 'project_id' AND NOT a.attisdropped WHERE c.relkind = 'r'"
            " AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid"
            " AND t.tgname = 'closed_update')"
        )
    ).all()
    own = ("core_audit", "lists_", "notices_")
    assert {name for name in bare if not name.startswith(own)} == STILL_CHANGED


def test_the_command_waits_for_what_began_before(committed):
    with unit_of_work(SYSTEM):
        made = make_project()
        code, number = made.code, made.id
    assert upgrading.freeze(code, "结项")
    with pytest.raises(DBAPIError), unit_of_work(SYSTEM):
        db.session.execute(
            text("INSERT INTO estate_building (project_id, name, position) VALUES (:p, 'x', 1)"),
            {"p": number},
        )
    assert upgrading.thaw(code)
    assert committed.url


def test_pages_say_that_it_is_closed_and_offer_nothing_to_change(
    client, sign_in, user_for, closed, session
):
    browser = sign_in(client, user_for("steward"))
    with browser.session_transaction() as cookie:
        cookie["project_id"] = closed.id
    forget_projects()
    building = session.scalar(
        text("SELECT id FROM estate_building WHERE project_id = :p"), {"p": closed.id}
    )
    for address in ("/buildings/list/", f"/buildings/show/{building}"):
        page = browser.get(address).text
        assert "全部交付" in page, address
        assert "/buildings/add" not in page
        assert f"/buildings/edit/{building}" not in page
        assert "/buildings/delete" not in page
    operations.reopen_project(closed, actor=SYSTEM)
    session.commit()
    forget_projects()
    page = browser.get(f"/buildings/show/{building}").text
    assert "全部交付" not in page
    assert f"/buildings/edit/{building}" in page


def test_people_can_be_taken_from_a_closed_project(session, user_for, closed, actor_for):
    user_for("consultant")
    member = session.scalars(
        select(ProjectMember).where(ProjectMember.project_id == closed.id)
    ).first()
    room = session.scalars(select(Room).where(Room.project_id == closed.id)).first()
    admin = actor_for("admin", project=None, whole_group=True)
    forget_projects()
    assert closed_row(member, admin) is None
    assert closed_row(room, admin) is not None
    assert closed_row(closed, admin) is not None
    assert closed_row(make_project(), admin) is None

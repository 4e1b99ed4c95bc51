"""Sign-in sessions: listed, ended from the list, and dead wherever their cookie was copied to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.admin import operations, sessions
from app.admin.models import SignInSession
from app.admin.settings import IDLE_MINUTES
from app.admin.sync import sync_access
from app.core import clock
from app.core.audit import AuditEntry
from app.core.settings import set_setting
from tests.factories.people import PASSWORD, make_project, open_sign_in

HOME = "/account/"


@pytest.fixture
def user(user_for):
    return user_for("consultant")


def enter(client, user, **more):
    answer = client.post("/login/", data={"username": user.username, "password": PASSWORD, **more})
    assert answer.status_code == 302, answer.text
    return client


def cookie_of(client):
    return client.get_cookie("xiaokong").value


def copied(app, client):
    thief = app.test_client()
    thief.set_cookie("xiaokong", cookie_of(client))
    return thief


def is_in(client):
    return client.get(HOME).status_code == 200


def actions_of(session, user):
    found = select(AuditEntry.action).where(
        AuditEntry.table_name == "ab_user",
        AuditEntry.row_id == user.id,
        AuditEntry.action.not_in(("insert", "update")),
    )
    return list(session.scalars(found.order_by(AuditEntry.id)))


def test_a_copied_cookie_is_dead_after_signing_out(app, client, user, session):
    enter(client, user)
    thief = copied(app, client)
    assert is_in(thief)
    answer = client.post("/logout/")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert not is_in(thief)
    assert actions_of(session, user) == ["sign_in", "sign_out"]


def test_the_list_shows_this_one_and_ends_the_others(app, client, user):
    enter(client, user)
    other = enter(app.test_client(), user)
    page = client.get(HOME).text
    assert page.count('class="chip') >= 1
    assert page.count("/account/sign-ins/") == 2  # one to be ended, and all others
    assert client.post("/account/sign-ins/end-others").status_code == 302
    assert is_in(client)
    assert not is_in(other)


def test_one_is_ended_by_its_number(app, client, user, session):
    enter(client, user)
    other = enter(app.test_client(), user)
    newest = session.scalar(select(SignInSession.id).order_by(SignInSession.id.desc()))
    assert client.post(f"/account/sign-ins/{newest}/end").status_code == 302
    assert not is_in(other)
    assert is_in(client)


def test_another_persons_session_is_not_there(app, client, user, user_for, sign_in, session):
    colleague = sign_in(app.test_client(), user_for("manager"))
    theirs = session.scalar(select(SignInSession.id).order_by(SignInSession.id.desc()))
    enter(client, user)
    assert client.post(f"/account/sign-ins/{theirs}/end").status_code == 404
    assert client.post(f"/sign-ins/act/end?id={theirs}").status_code in (403, 404)
    assert client.get(f"/sign-ins/show/{theirs}").status_code == 403
    assert is_in(colleague)


def test_ending_the_present_one_is_signing_out(client, user, session):
    enter(client, user)
    here = session.scalar(select(SignInSession.id).order_by(SignInSession.id.desc()))
    assert client.post(f"/account/sign-ins/{here}/end").location == "/login/"
    assert not is_in(client)


def test_a_change_of_roles_ends_every_session_and_says_so(client, user, session, actor_for):
    from flask_appbuilder.security.sqla.models import Role

    admin = actor_for("admin", project=None, whole_group=True)
    enter(client, user)
    manager = session.scalar(select(Role.id).where(Role.name == "manager"))
    operations.edit_user(user, full_name="x", active=True, role_ids=[manager], actor=admin)
    refused = client.get(HOME, headers={"Accept-Language": "en"})
    assert refused.location.startswith("/login/")
    client.get("/lang/en")
    assert "Your rights have been changed." in client.get(refused.location).text


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ab_user SET access_version = access_version + 1 WHERE id = :id",
        "UPDATE ab_user SET active = false WHERE id = :id",
    ],
    ids=["rights", "leaving"],
)
def test_a_change_by_hand_ends_them_too(client, user, session, change):
    enter(client, user)
    session.execute(text(change), {"id": user.id})
    assert not is_in(client)


def test_a_release_that_gives_more_throws_nobody_out(client, user, session):
    enter(client, user)
    role = user.roles[0]
    held = text("SELECT count(*) FROM ab_permission_view_role WHERE role_id = :role")
    before = session.scalar(held, {"role": role.id})
    # As if the release before had not known one of the rights yet.
    session.execute(
        text(
            "WITH one AS (DELETE FROM ab_permission_view_role WHERE id ="
            " (SELECT min(id) FROM ab_permission_view_role WHERE role_id = :role)"
            " RETURNING permission_view_id)"
            " UPDATE admin_role_profile SET granted = granted - ("
            "   SELECT v.name || ':' || substr(p.name, 5) FROM one"
            "     JOIN ab_permission_view pv ON pv.id = one.permission_view_id"
            "     JOIN ab_permission p ON p.id = pv.permission_id"
            "     JOIN ab_view_menu v ON v.id = pv.view_menu_id)"
            " WHERE role_id = :role"
        ),
        {"role": role.id},
    )
    version = user.access_version
    assert sync_access().granted == 1
    assert session.scalar(held, {"role": role.id}) == before
    session.refresh(user)
    assert user.access_version == version + 1
    assert is_in(client)


def test_a_token_ends_with_its_session(client, user, session):
    answer = client.post(
        "/api/v1/security/login", json={"username": user.username, "password": PASSWORD}
    )
    header = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/api/v1/projects", headers=header).status_code == 200
    row = session.scalar(select(SignInSession).order_by(SignInSession.id.desc()))
    assert row.kind == "program"
    row.ended_at = clock.now()
    assert client.get("/api/v1/projects", headers=header).status_code == 401


def test_a_sign_in_ends_without_use_and_at_the_latest(client, user, session, clock_at):
    clock_at(2026, 11, 22, 0, 0)
    enter(client, user)
    clock_at(2026, 11, 22, 0, 50)
    assert is_in(client)  # used within the hour: the next hour begins
    clock_at(2026, 11, 22, 1, 45)
    assert is_in(client)
    clock_at(2026, 11, 22, 2, 50)
    assert not is_in(client)
    enter(client, user)
    row = session.scalar(select(SignInSession).order_by(SignInSession.id.desc()))
    row.idle_until = row.ends_at + timedelta(days=1)
    clock_at(2026, 11, 22, 14, 51)
    assert not is_in(client)


def test_what_pages_ask_by_themselves_is_no_use(client, user, clock_at):
    clock_at(2026, 11, 22, 0, 0)
    enter(client, user)
    for minute in (20, 40, 59):
        clock_at(2026, 11, 22, 0, minute)
        assert client.get("/work/counts").status_code == 200
    clock_at(2026, 11, 22, 1, 1)
    assert not is_in(client)


def test_shorter_limits_hold_for_those_who_are_signed_in(client, user, clock_at):
    clock_at(2026, 11, 22, 0, 0)
    enter(client, user)
    set_setting(IDLE_MINUTES.name, 5)
    clock_at(2026, 11, 22, 0, 2)
    assert is_in(client)
    clock_at(2026, 11, 22, 0, 8)
    assert not is_in(client)


def test_use_is_written_down_once_a_minute_and_costs_nothing_else(client, user, app):
    from sqlalchemy import event

    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    enter(client, user)
    client.get("/lang/zh")
    engine = app.extensions["sqlalchemy"].engines[None]
    event.listen(engine, "before_cursor_execute", note)
    try:
        client.get("/lang/zh")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    reads = [one for one in statements if "SAVEPOINT" not in one]
    assert len(reads) == 1
    assert "set_config" in reads[0]


def test_housekeeping_closes_and_forgets(user, session):
    now = clock.now()
    over = open_sign_in(user, idle_until=now - timedelta(minutes=1))
    old = open_sign_in(user, ended_at=now - timedelta(days=200))
    live = open_sign_in(user)
    assert sessions.prune_sessions() >= 2
    session.expire_all()
    assert session.get(SignInSession, over.id).end_reason == "idle"
    assert session.get(SignInSession, old.id) is None
    assert session.get(SignInSession, live.id).ended_at is None


def test_an_administrator_ends_a_session_of_his_people(client, user, user_for, sign_in, app):
    worker = enter(app.test_client(), user)
    admin = sign_in(client, user_for("admin", project=None, whole_group=True))
    assert user.full_name in admin.get("/sign-ins/list/").text
    answer = admin.post("/users/act/end_sessions", data={"id": user.id})
    assert answer.status_code == 302
    assert not is_in(worker)


def test_a_regional_administrator_ends_no_session_beyond_his_reach(user_for, actor_for):
    from app.core.errors import NotAllowed

    stranger = user_for("consultant", project=make_project())
    opened = open_sign_in(stranger)
    regional = actor_for("admin")
    row = sessions.live_sessions().where(SignInSession.id == opened.id)
    with pytest.raises(NotAllowed):
        sessions.end_by_administrator(sessions.db.session.scalar(row), actor=regional)
    with pytest.raises(NotAllowed):
        sessions.end_all_of(stranger, actor=regional)


def test_the_next_operator_lands_where_the_first_one_was(client, user, user_for, session):
    manager = user_for("manager")
    enter(client, user)
    answer = client.post("/switch/", data={"next": "/customers/list/"})
    assert not is_in(client)
    assert user.full_name in client.get(answer.location).text
    landed = enter(client, manager, next="/customers/list/").get("/customers/list/")
    assert landed.status_code == 200
    assert actions_of(session, user) == ["sign_in", "switch_operator"]


def test_a_page_that_is_not_the_next_operators_to_see_gives_way(client, user_for):
    manager = user_for("manager")
    admin = user_for("admin")
    enter(client, admin)
    client.post("/switch/", data={"next": "/users/list/"})
    answer = client.post(
        "/login/",
        data={"username": manager.username, "password": PASSWORD, "next": "/users/list/"},
    )
    assert answer.location == "/users/list/"
    assert client.get("/users/list/").location == "/"
    assert client.get("/users/list/").status_code == 403


def test_a_form_of_the_first_operator_is_worth_nothing_to_the_second(app, client, user, user_for):
    import re

    def token(page):
        return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]

    manager = user_for("manager")
    enter(client, user)
    drafted = token(client.get(HOME).text)
    client.post("/switch/")
    enter(client, manager)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post(
            "/password/", data={"csrf_token": drafted}, headers={"Accept-Language": "en"}
        )
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 422
    assert answer.location is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU) AppleWebKit Safari MicroMessenger/8", "微信 · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120", "Chrome · Android"),
        ("python-requests/2.3", "Python"),
        ("", ""),
    ],
)
def test_devices_are_named_as_people_name_them(agent, words):
    assert sessions.device_words(agent) == words

"""What stands around every page: headers, compression, menu, project, language, search, errors."""

# ruff: noqa: ARG001 - fixtures are arguments
from __future__ import annotations

import gzip
import re

import brotli
import pytest

from app.core.db import db
from app.estate.models import ProjectMember
from app.web.addresses import safe_next
from tests.factories.people import make_project
from tests.web.conftest import make_building, make_rooms

PAGE = "/sample/rooms/list/"


def test_every_answer_carries_the_policy(client):
    answer = client.get("/login/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.search(r"connect-src 'self' http://localhost:\d+;", policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_names_the_live_server_behind_a_proxy(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "LIVE_URL", "https://live.example.com/stream")
    policy = client.get("/login/").headers["Content-Security-Policy"]
    assert "connect-src 'self' https://live.example.com;" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        PAGE,
        "/sample/rooms/show/1",
        "/users/list/",
        "/settings/",
        "/roles/list/",
        "/users/add",
        "/audit/list/",
        "/swagger/v1",
        "/password/",
        "/search/?q=1",
        "/nothing",
    ],
)
def test_no_page_breaks_its_own_policy(client, user_for, sign_in, rooms, path):
    if path != "/login/":
        sign_in(client, user_for(["admin", "steward"]))
    page = client.get(path.replace("show/1", f"show/{rooms[0].id}")).text
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert not re.search(r"<[^>]+\son[a-z]+=", page)
    assert "<style" not in page
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"(src|href)=\"https?://", page)


@pytest.mark.parametrize(
    ("encoding", "read"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_pages_and_files_are_compressed_as_the_browser_likes(consultant, rooms, encoding, read):
    plain = consultant.get(PAGE).data
    small = consultant.get(PAGE, headers={"Accept-Encoding": encoding})
    assert small.headers["Content-Encoding"] == encoding
    assert len(small.data) < len(plain) / 3
    assert b"</html>" in read(small.data)
    style = re.search(r'href="(/static/css/[^"]+)"', plain.decode()).group(1)
    sheet = consultant.get(style, headers={"Accept-Encoding": encoding})
    assert b"--brand" in read(sheet.data)
    assert "immutable" in sheet.headers["Cache-Control"]


def test_small_answers_and_programs_that_ask_for_nothing_get_plain_bytes(client):
    assert (
        "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "br"}).headers
    )
    assert "Content-Encoding" not in client.get("/login/").headers


def test_the_menu_shows_what_one_may_open(consultant, rooms):
    page = consultant.get(PAGE).text
    nav = page[page.index("<nav") : page.index("</nav>")]
    assert "/sample/rooms/list/" in nav
    assert "/users/list/" not in nav
    assert 'href="/sample/rooms/list/" aria-current="page"' in nav


def test_counts_are_asked_apart_and_by_right(consultant, client):
    counts = consultant.get("/work/counts").json
    assert counts["SampleRoomView"] == 3
    stranger = client.application.test_client().get("/work/counts")
    assert stranger.status_code == 401


def test_the_project_is_chosen_within_the_scope_only(client, user_for, sign_in, project):
    second, foreign = make_project(), make_project()
    user = user_for("consultant")
    db.session.add(ProjectMember(user_id=user.id, project_id=second.id))
    db.session.flush()
    signed = sign_in(client, user)
    assert signed.post(f"/project/{second.id}", data={"next": PAGE}).location == PAGE
    assert f"<span>{second.name}</span>" in signed.get(PAGE).text
    assert signed.post(f"/project/{foreign.id}").status_code == 404
    assert f"<span>{second.name}</span>" in signed.get(PAGE).text
    offered = {one["name"] for one in signed.get("/work/projects").json["result"]}
    assert offered == {project.name, second.name}
    assert signed.get("/work/projects?q=%25").json["result"] == []


def test_a_project_left_behind_is_not_shown_any_more(client, user_for, sign_in, project):
    signed = sign_in(client, user_for("consultant"))
    with signed.session_transaction() as cookie:
        cookie["project_id"] = make_project().id
    assert f"<span>{project.name}</span>" in signed.get(PAGE).text


def test_the_language_is_switched_and_stays(client):
    assert 'lang="zh-CN"' in client.get("/login/").text
    assert client.get("/lang/en?next=/login/").location == "/login/"
    assert '<html lang="en"' in client.get("/login/").text
    assert client.get("/lang/fr").status_code == 404


def test_the_theme_comes_with_the_first_byte(client):
    client.set_cookie("xiaokong-theme", "dark")
    assert 'data-theme="dark"' in client.get("/login/").text
    client.set_cookie("xiaokong-theme", '"><script>')
    assert 'data-theme="auto"' in client.get("/login/").text


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        None,
        "/\n//evil",
        "/ok\r\nSet-Cookie: x",
    ],
)
def test_addresses_from_outside_lead_nowhere(address):
    assert safe_next(address) == "/"


def test_addresses_of_ours_are_kept():
    assert safe_next("/rooms/list/?q=1&page=2") == "/rooms/list/?q=1&page=2"


def test_the_search_box_opens_a_single_hit_and_lists_several(consultant, rooms, project):
    hit = consultant.get("/search/?q=3-3001")
    assert hit.status_code == 302
    assert hit.location.endswith(f"/show/{rooms[29].id}")
    several = consultant.get("/search/?q=30")
    assert "3栋-1单元-3001" in several.text
    nothing = consultant.get("/search/?q=zzz")
    assert 'class="empty"' in nothing.text
    make_rooms(make_building(make_project(), "99栋"), 1)
    assert "99栋" not in consultant.get("/search/?q=99&everywhere=1").text


def test_errors_are_pages_for_people(consultant):
    page = consultant.get("/sample/rooms/show/999999999")
    assert page.status_code == 404
    assert "<nav" in page.text
    assert "Traceback" not in page.text


def test_a_stranger_arrives_at_the_door_and_a_powerless_one_is_told(client, user_for, sign_in):
    assert client.get("/").location == "/login/"
    seal = sign_in(client, user_for([]))
    welcome = seal.get("/")
    assert welcome.status_code == 200
    assert 'class="empty"' in welcome.text


def test_who_must_change_his_password_does_that_first(client, user_for, sign_in, session):
    from tests.factories.people import PASSWORD

    user = user_for("consultant", must_change_password=True)
    signed = sign_in(client, user)
    assert signed.get(PAGE).location == "/password/"
    typed = {"current": PASSWORD, "password": "another Horse 2", "again": "another Horse 3"}
    assert signed.post("/password/", data=typed).status_code == 422
    typed["again"] = typed["password"]
    wrong = signed.post("/password/", data={**typed, "current": "no"})
    assert 'id="current-error"' in wrong.text
    assert signed.post("/password/", data=typed).location == PAGE
    session.refresh(user)
    assert not user.must_change_password
    assert signed.get(PAGE).status_code == 200


def test_signing_in_and_out_through_the_door(client, user_for):
    from tests.factories.people import PASSWORD

    user = user_for("consultant")
    refused = client.post("/login/", data={"username": user.username, "password": "x"})
    assert refused.status_code == 401
    assert f'value="{user.username}"' in refused.text
    assert 'role="alert"' in refused.text
    entered = client.post(
        "/login/", data={"username": user.username, "password": PASSWORD, "next": "//evil"}
    )
    assert entered.location == "/"
    assert client.get(PAGE).status_code == 200
    assert client.post("/logout/").location == "/login/"
    assert client.get(PAGE).status_code == 302

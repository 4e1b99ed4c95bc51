"""The workbench as every role sees it: its tiles, their cost, their faults, their arrangement."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.core import clock
from app.core.actor import acting
from app.core.errors import Invalid, NotAllowed
from app.core.permissions import PRESET_ROLES, all_permissions
from app.web import tiles as web_tiles
from app.web.tiles import Figure, Figures, Tile, tiles_for
from app.workbench import operations, queries
from tests.factories.customers import make_customer
from tests.factories.estate import make_room
from tests.factories.people import make_organization, make_project
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_hold, make_subscription

ROLES = [code for code, _title in PRESET_ROLES.values()]
#: statements of the whole page, whoever opens it
MOST_STATEMENTS = 25
FAILED = re.compile(r'class="pad mute">[^<]*\b([0-9a-f]{12})\b')


def offered_to(app, actor):
    with app.app_context():
        return tiles_for(actor)


def keys_on(page):
    return re.findall(r'data-tile="(\w+)"', page.text)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_begins_with_a_page_of_bounded_cost(client, sign_in, user_for, counted, role):
    sign_in(client, user_for(role))
    client.get("/work/")
    with counted() as statements:
        page = client.get("/work/")
    assert page.status_code == 200
    assert len(statements) <= MOST_STATEMENTS, statements
    assert keys_on(page), role
    assert FAILED.search(page.text) is None


@pytest.mark.parametrize("role", ROLES)
def test_no_tile_of_any_role_fails(app, actor_for, session, role):  # noqa: ARG001
    actor = actor_for(role)
    with app.test_request_context(), acting(actor):
        from flask import g

        g.actor = actor
        for tile in tiles_for(actor).values():
            tile.query(actor)


def test_everybody_arrives_at_the_workbench(client, sign_in, user_for):
    for role in ROLES:
        assert sign_in(client, user_for(role)).get("/").location == "/work/", role


def test_a_stranger_goes_to_the_door(client):
    assert "/login/" in client.get("/work/").location


def test_every_tile_asks_for_declared_rights_and_known_roles(app):
    declared = {permission.name: permission for permission in all_permissions()}
    with app.app_context():
        kept = app.extensions[web_tiles.EXTENSION]
    assert len(kept) >= 15
    for tile in kept.values():
        assert set(tile.permissions) <= set(declared), tile.key
        assert set(tile.roles) <= set(PRESET_ROLES), tile.key
        if tile.permissions:
            holders = set().union(*(declared[name].grants for name in tile.permissions))
            assert set(tile.roles) <= holders, f"{tile.key} is shown by default to who may not"


def test_my_holds_and_deals_are_mine(client, sign_in, project, actor_for):
    me, other = actor_for("consultant"), actor_for("consultant")
    mine = make_room(project=project, status="available", number="A1101")
    theirs = make_room(project=project, status="available", number="B2202")
    make_hold(mine, me)
    make_hold(theirs, other)
    sold = make_room_for_sale(project=project)
    deal = make_subscription(sold, other)

    class User:
        id, access_version, must_change_password = me.id, me.access_version, False

    page = sign_in(client, User).get("/work/")
    assert "A1101" in page.text
    assert "B2202" not in page.text
    assert deal.number not in page.text


def test_figures_count_the_day_within_scope(app, actor_for, project):
    manager, consultant = actor_for("manager"), actor_for("consultant")
    make_subscription(make_room_for_sale(project=project), consultant)
    elsewhere = make_project()
    stranger = actor_for("consultant", project=elsewhere)
    make_subscription(make_room_for_sale(project=elsewhere), stranger)
    with app.test_request_context(), acting(manager):
        found = tiles_for(manager)["sales_figures"].query(manager)
    assert [figure.value for figure in found.items[:2]] == [1, 1]


def test_a_tile_that_fails_takes_no_other_away(client, app, sign_in, user_for, monkeypatch, caplog):
    def broken(_actor):
        raise RuntimeError("no such thing")

    kept = app.extensions[web_tiles.EXTENSION]
    spoilt = {**kept, "my_holds": Tile("my_holds", "坏", (), broken, order=1, roles="C")}
    monkeypatch.setitem(app.extensions, web_tiles.EXTENSION, spoilt)
    page = sign_in(client, user_for("consultant")).get("/work/")
    assert page.status_code == 200
    number = FAILED.search(page.text)
    assert number is not None
    assert number[1] in caplog.text
    assert "deposits" in keys_on(page)
    assert "no such thing" not in page.text


def test_a_slow_tile_comes_later_and_only_to_who_may(client, sign_in, user_for):
    page = sign_in(client, user_for("manager")).get("/work/")
    assert 'data-from="/work/tiles/sales_ranking"' in page.text
    assert client.get("/work/tiles/sales_ranking").status_code == 200
    assert client.get("/work/tiles/accounts").status_code == 404
    assert client.get("/work/tiles/nonsense").status_code == 404


def test_an_arrangement_is_kept_and_forgotten(client, sign_in, user_for):
    sign_in(client, user_for("consultant"))
    usual = keys_on(client.get("/work/"))
    wanted = [usual[2], usual[0]]
    assert client.post("/work/layout", json={"shown": wanted}).status_code == 200
    page = client.get("/work/")
    assert keys_on(page) == wanted
    assert f'data-add="{usual[1]}"' in page.text
    client.post("/work/layout", json={"usual": True})
    assert keys_on(client.get("/work/")) == usual


@pytest.mark.parametrize(
    "body", [{"shown": ["accounts"]}, {"shown": ["notices", "notices"]}, {"shown": "x"}, {}, []]
)
def test_a_crooked_arrangement_is_refused(client, sign_in, user_for, body):
    sign_in(client, user_for("consultant"))
    assert client.post("/work/layout", json=body).status_code == 422


def test_anothers_arrangement_is_not_mine(client, sign_in, user_for):
    sign_in(client, user_for("consultant"))
    client.post("/work/layout", json={"shown": ["notices"]})
    sign_in(client, user_for("consultant"))
    assert len(keys_on(client.get("/work/"))) > 1


def test_a_tile_newer_than_the_arrangement_stands_at_its_end(app, actor_for):
    actor = actor_for("consultant")
    offered = offered_to(app, actor)
    with acting(actor):
        operations.arrange(["notices"], offered=offered, actor=actor)
        newer = Tile("newer", "新", (), lambda _actor: Figures([Figure("一", 1)]), roles="C")
        layout = queries.read_layout({**offered, "newer": newer}, actor)
    assert layout.shown == ["notices", "newer"]


def test_a_role_begins_with_what_an_administrator_set(app, actor_for, group):
    admin = actor_for("admin", whole_group=True)
    offered = offered_to(app, admin)
    operations.set_default("consultant", ["notices"], offered=offered, actor=admin)
    consultant = actor_for("consultant")
    mine = offered_to(app, consultant)
    assert queries.read_layout(mine, consultant).shown == ["notices"]
    operations.set_default("consultant", [], offered=offered, actor=admin)
    assert len(queries.read_layout(mine, consultant).shown) > 1
    regional = actor_for("admin", organization=group)
    for actor in (regional, consultant):
        with pytest.raises(NotAllowed):
            operations.set_default("consultant", ["notices"], offered=offered, actor=actor)
    with pytest.raises(Invalid):
        operations.set_default("nobody", ["notices"], offered=offered, actor=admin)


def test_a_regional_administrator_counts_his_own_people(app, actor_for, session):  # noqa: ARG001
    node = make_organization()
    make_project(node)
    actor_for("consultant")
    regional = actor_for("admin", project=None, organization=node)
    with app.test_request_context(), acting(regional):
        found = tiles_for(regional)["accounts"].query(regional)
    assert found.items[0].value == 1


def test_what_is_due_soon_is_red(client, sign_in, project, actor_for, clock_at):
    clock_at(2026, 11, 21, 2)
    me = actor_for("consultant")
    room = make_room(project=project, status="available", number="1101")
    make_hold(room, me, until=clock.now() + timedelta(hours=1))
    make_customer(project, me, name="孙悟空")

    class User:
        id, access_version, must_change_password = me.id, me.access_version, False

    page = sign_in(client, User).get("/work/").text
    assert 'class="num up"' in page
    assert "孙悟空" in page

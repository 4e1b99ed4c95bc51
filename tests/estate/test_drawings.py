"""Drawings: pictures taken in, buildings and rooms placed on them, and who may."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFile
from sqlalchemy import func, select

from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.estate.drawing_queries import (
    get_drawing,
    get_drawing_with_spots,
    list_drawings,
    list_unplaced,
    read_file,
)
from app.estate.drawings import LONGEST_SIDE, read_picture
from app.estate.models import Drawing, DrawingSpot, HouseType
from app.estate.operations.drawings import (
    add_drawing,
    delete_drawing,
    place_on_drawing,
    rename_drawing,
    take_off_drawing,
)
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project

OUTLINE = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.2], [0.1, 0.2]]


def picture(size=(300, 200), kind="PNG", **more):
    out = io.BytesIO()
    Image.new("RGB", size, "#ddeeff").save(out, kind, **more)
    return out.getvalue()


@pytest.fixture
def steward(actor_for):
    return actor_for("steward")


@pytest.fixture
def building(project):
    return make_building(project, name="车位楼")


@pytest.fixture
def site(project, steward):
    return add_drawing(project_id=project.id, kind="site", content=picture(), actor=steward)


@pytest.fixture
def floor(project, building, steward):
    return add_drawing(
        project_id=project.id, kind="floor", name="地下一层", content=picture(),
        building_id=building.id, actor=steward,
    )  # fmt: skip


# ---- pictures ----


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_as_webp(kind):
    kept = read_picture(picture(kind=kind))
    with Image.open(io.BytesIO(kept.content)) as found:
        assert (found.format, found.size) == ("WEBP", (300, 200))


def test_it_is_turned_upright_made_small_and_loses_what_the_camera_wrote():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "camera of somebody"
    kept = read_picture(picture((4000, 1000), "JPEG", exif=exif))
    assert (kept.width, kept.height) == (LONGEST_SIDE // 4, LONGEST_SIDE)
    assert b"camera of somebody" not in kept.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        picture()[:60],
        picture((20, 400)),
        b"GIF89a" + b"\0" * 400,
    ],
    ids=["nothing", "pdf", "svg", "cut off", "too small", "gif"],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(Invalid) as refused:
        read_picture(content)
    assert set(refused.value.fields) == {"file"}


def test_one_that_is_cut_off_is_refused_whatever_other_libraries_allow(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = picture((400, 400), kind)
        with pytest.raises(Invalid):
            read_picture(whole[: len(whole) // 2])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_a_bomb_is_refused():
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 1_000_000
    with pytest.raises(Invalid):
        read_picture(out.getvalue())


# ---- drawings and places ----


def test_a_new_site_plan_takes_the_old_ones_place_and_keeps_what_is_on_it(
    project, site, building, steward, session
):
    place_on_drawing(site, building_id=building.id, points=OUTLINE, actor=steward)
    before = site.sha256
    again = add_drawing(
        project_id=project.id, kind="site", content=picture((500, 400)), actor=steward
    )
    assert (again.id, again.width) == (site.id, 500)
    assert again.sha256 != before
    assert session.scalar(select(func.count(DrawingSpot.id))) == 1
    assert read_file(again)[:4] == b"RIFF"


def test_rooms_are_outlined_moved_and_taken_off(floor, building, steward, session):
    room, other = make_room(building, number="A01"), make_room(building, number="A02")
    place_on_drawing(floor, room_id=room.id, points=OUTLINE, actor=steward)
    assert [one.number for one in list_unplaced(floor)] == ["A02"]
    moved = place_on_drawing(floor, room_id=room.id, points=[[0.5, 0.5]], actor=steward)
    assert moved.points == [[0.5, 0.5]]
    assert session.scalar(select(func.count(DrawingSpot.id))) == 1
    take_off_drawing(floor, room_id=room.id, actor=steward)
    with pytest.raises(NotFound):
        take_off_drawing(floor, room_id=other.id, actor=steward)
    assert len(list_unplaced(floor)) == 2


@pytest.mark.parametrize(
    "points",
    [[], [[0.1, 0.1], [0.2, 0.2]], [[1.2, 0.5]], [[-0.1, 0.5]], [["x", 0]], [[0.5]], None,
     [[0.5, 0.5]] * 61, [[float("nan"), 0.2]]],
)  # fmt: skip
def test_what_is_no_place_is_refused(floor, building, steward, points):
    room = make_room(building)
    with pytest.raises(Invalid) as refused:
        place_on_drawing(floor, room_id=room.id, points=points, actor=steward)
    assert set(refused.value.fields) == {"points"}


def test_buildings_go_on_the_site_plan_rooms_on_the_floors_of_their_building(
    project, site, floor, building, steward
):
    room, elsewhere = make_room(building), make_room(project=project)
    for drawing, ids in (
        (site, {"room_id": room.id}),
        (floor, {"building_id": building.id}),
        (floor, {"room_id": elsewhere.id}),
        (site, {}),
        (floor, {"room_id": room.id, "building_id": building.id}),
    ):
        with pytest.raises(Conflict):
            place_on_drawing(drawing, points=OUTLINE, actor=steward, **ids)
    with pytest.raises(NotFound):
        place_on_drawing(floor, room_id=room.id + 10**6, points=OUTLINE, actor=steward)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "map"}, "kind"),
        ({"kind": "floor"}, "building_id"),
        ({"kind": "house_type"}, "house_type_id"),
        ({"kind": "floor", "building_id": 0}, "building_id"),
    ],
)
def test_a_picture_is_of_something(project, steward, values, field):
    with pytest.raises((Invalid, NotFound)) as refused:
        add_drawing(project_id=project.id, content=picture(), actor=steward, **values)
    if refused.type is Invalid:
        assert set(refused.value.fields) == {field}


def test_only_the_steward_of_the_project(project, site, actor_for):
    with pytest.raises(NotAllowed):
        rename_drawing(site, name="别名", actor=actor_for("consultant"))
    stranger = actor_for("steward", project=make_project())
    with pytest.raises(NotFound):
        delete_drawing(site, actor=stranger)
    with pytest.raises(NotFound):
        add_drawing(project_id=project.id, kind="site", content=picture(), actor=stranger)


def test_what_is_drawn_goes_with_its_drawing(floor, building, steward, session):
    place_on_drawing(floor, room_id=make_room(building).id, points=OUTLINE, actor=steward)
    delete_drawing(floor, actor=steward)
    session.expire_all()
    assert session.scalar(select(func.count(DrawingSpot.id))) == 0
    with pytest.raises(NotFound):
        get_drawing(floor.id)


def test_nobody_undoes_what_somebody_else_has_just_moved(floor, building, steward):
    room = make_room(building, number="A01")
    place_on_drawing(floor, room_id=room.id, points=OUTLINE, moved_from=[], actor=steward)
    place_on_drawing(floor, room_id=room.id, points=[[0.5, 0.5]], moved_from=OUTLINE, actor=steward)
    for seen in ([], OUTLINE):
        with pytest.raises(Conflict) as refused:
            place_on_drawing(floor, room_id=room.id, points=OUTLINE, moved_from=seen, actor=steward)
        assert "A01" in str(refused.value.message)


def test_a_full_drawing_costs_no_statement_for_each_room(
    floor, building, steward, session, counted
):
    needed = []
    for number in range(12):
        place_on_drawing(
            floor, room_id=make_room(building, number=f"A{number}").id, points=OUTLINE,
            actor=steward,
        )  # fmt: skip
        if number in (1, 11):
            session.expunge_all()
            with counted() as statements:
                shown = get_drawing_with_spots(floor.id)
                assert len({_name(spot) for spot in shown.spots}) == number + 1
            needed.append(len(statements))
    assert needed[0] == needed[1]


def _name(spot):
    return f"{spot.room.building.name}{spot.room.entrance}{spot.room.number}"


# ---- REST and pages ----


def test_rest_takes_places_and_answers(project, building, client, bearer, user_for, session):
    headers = bearer(user_for("steward"))
    room = make_room(building, number="B01")
    form = {"project_id": project.id, "kind": "floor", "building_id": building.id,
            "file": (io.BytesIO(picture()), "负一层.png")}  # fmt: skip
    answer = client.post("/api/v1/drawings/", data=form, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    base = f"/api/v1/drawings/{made['id']}"
    spot = {"room_id": room.id, "points": OUTLINE}
    assert client.put(f"{base}/spots", json=spot, headers=headers).get_json()["points"] == OUTLINE
    found = client.get(f"/api/v1/drawings/?project_id={project.id}", headers=headers).get_json()
    assert [one["spots"][0]["room_id"] for one in found["result"]] == [room.id]
    late = client.put(f"{base}/spots", json={**spot, "moved_from": []}, headers=headers)
    assert (late.status_code, "B01" in late.get_json()["message"]) == (409, True)
    file = client.get(f"{base}/file", headers=headers)
    assert (file.mimetype, file.data[:4]) == ("image/webp", b"RIFF")
    same = client.get(f"{base}/file", headers={**headers, "If-None-Match": file.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    off = client.post(f"{base}/take-off", json={"room_id": room.id}, headers=headers)
    assert off.status_code == 200
    assert client.delete(base, headers=headers).status_code == 200
    assert session.scalar(select(func.count(Drawing.id))) == 0
    assert client.get("/api/v1/drawings/", headers=headers).status_code == 422


def test_pages_show_them_and_the_grid_knows_them(
    project, site, floor, building, client, sign_in, user_for, session
):
    session.add(HouseType(project_id=project.id, name="B户型"))
    session.flush()
    browser = sign_in(client, user_for("steward"))
    page = browser.get("/drawings/").text
    assert "地下一层" in page
    assert "上传图纸" in page
    assert "待放置" in browser.get(f"/drawings/{floor.id}").text
    bad = {"kind": "site", "file": (io.BytesIO(b"no"), "x.png")}
    assert "请选择 PNG" in browser.post("/drawings/add", data=bad, follow_redirects=True).text
    consultant = sign_in(client, user_for("consultant"))
    assert "上传图纸" not in consultant.get("/drawings/").text
    assert f"/drawings/{site.id}/file" in consultant.get("/grid/").text
    assert {one.kind for one in list_drawings(project.id)} == {"site", "floor"}
    assert building.first_view == "grid"

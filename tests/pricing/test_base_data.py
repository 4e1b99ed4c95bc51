"""Base data: reviewed by two, locked, and changed by an approved change from then on."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.estate import operations as estate
from app.estate.base_data import find_lock, is_locked
from app.estate.models import BaseDataEntry, HouseType, Room
from app.estate.operations import RoomSetting
from app.pricing import operations
from app.pricing.models import BaseDataChange
from app.workflows import engine
from app.workflows.models import ApprovalRequest
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_discount, make_payment_method

PDF = b"%PDF-1.7 signed"
pytestmark = pytest.mark.usefixtures("room", "method")


@pytest.fixture
def room(project):
    return make_room(
        make_building(project, name="3栋"), number="101", floor=1, floor_name="1", column=1
    )


@pytest.fixture
def method(project):
    return make_payment_method(project)


@pytest.fixture
def approvers(actor_for):
    return {role: actor_for(role) for role in ("manager", "gm")}


@pytest.fixture
def locked(project, approvers, actor_for):
    """Base data that sales and finance have reviewed."""
    operations.review_base_data(project.id, "sales", actor=approvers["manager"])
    operations.review_base_data(project.id, "finance", actor=actor_for("finance_manager"))
    return project


def written(project, steward, *lines, **values):
    """A change with its lines and scan, ready to be sent."""
    values = {"name": "面积更正", "content": "实测面积更正", **values}
    change = operations.add_base_data_change(project_id=project.id, actor=steward, **values)
    for line in lines:
        operations.add_change_line(change_id=change.id, actor=steward, **line)
    operations.put_scan(
        change, name="签字.pdf", media_type="application/pdf", content=PDF, actor=steward
    )
    return change


def send(change, actor):
    return engine.submit("base_data_change", change.id, values={}, reason="测绘报告", actor=actor)


def approve(request, approvers):
    for role in ("manager", "gm"):
        request = engine.approve(request.id, comment="同意", actor=approvers[role])
    return request


def kinds_of(project, session):
    found = select(BaseDataEntry.kind).where(BaseDataEntry.project_id == project.id)
    return list(session.scalars(found.order_by(BaseDataEntry.id)))


# ---- reviews ----


def test_both_sides_review_and_they_are_locked(project, actor_for, session):
    sales = operations.review_base_data(project.id, "sales", actor=actor_for("manager"))
    assert sales.locked_at is None
    assert not is_locked(project.id)
    lock = operations.review_base_data(project.id, "finance", actor=actor_for("finance_manager"))
    assert lock.locked_at is not None
    assert is_locked(project.id)
    assert kinds_of(project, session) == ["reviewed_sales", "reviewed_finance", "locked"]


def test_one_person_is_not_both_sides(project, actor_for):
    both = actor_for(["manager", "finance_manager"])
    operations.review_base_data(project.id, "sales", actor=both)
    with pytest.raises(NotAllowed):
        operations.review_base_data(project.id, "finance", actor=both)
    with pytest.raises(NotAllowed):
        operations.review_base_data(project.id, "finance", actor=actor_for("manager"))


def test_data_that_changed_after_a_review_are_reviewed_again(project, room, actor_for, steward):
    manager, finance = actor_for("manager"), actor_for("finance_manager")
    operations.review_base_data(project.id, "sales", actor=manager)
    estate.edit_room(room, inside_area=Decimal("66.00"), actor=steward)
    with pytest.raises(Conflict):
        operations.review_base_data(project.id, "finance", actor=finance)
    operations.review_base_data(project.id, "sales", actor=manager)
    assert operations.review_base_data(project.id, "finance", actor=finance).locked_at


def test_what_the_page_showed_must_still_be_so(project, actor_for):
    with pytest.raises(Conflict):
        operations.review_base_data(project.id, "sales", seen="0" * 64, actor=actor_for("manager"))


def test_nothing_is_reviewed_without_rooms_or_methods(actor_for):
    empty = make_project()
    manager = actor_for("manager", project=empty)
    with pytest.raises(Invalid):
        operations.review_base_data(empty.id, "sales", actor=manager)


def test_a_review_is_taken_back_with_a_reason_until_they_are_locked(project, actor_for):
    manager = actor_for("manager")
    with pytest.raises(Invalid):
        operations.take_back_review(project.id, "sales", reason="还有车位", actor=manager)
    operations.review_base_data(project.id, "sales", actor=manager)
    with pytest.raises(Invalid):
        operations.take_back_review(project.id, "sales", reason=" ", actor=manager)
    lock = operations.take_back_review(project.id, "sales", reason="还有车位", actor=manager)
    assert lock.sales_reviewed_at is None
    operations.review_base_data(project.id, "sales", actor=manager)
    operations.review_base_data(project.id, "finance", actor=actor_for("finance_manager"))
    with pytest.raises(Conflict):
        operations.take_back_review(project.id, "sales", reason="还有车位", actor=manager)


# ---- locked ----


def refused(act):
    with pytest.raises(Conflict) as found:
        act()
    return found.value.code == "base_data_locked"


def test_locked_base_data_change_by_no_hand(locked, room, method, steward):
    house_type = HouseType(project_id=locked.id, name="A")
    discount = make_discount(locked)
    setting = [RoomSetting((room.id,), {"view": "江景"})]
    for act in (
        lambda: estate.edit_room(room, inside_area=Decimal("60.00"), actor=steward),
        lambda: estate.delete_room(room, actor=steward),
        lambda: estate.set_rooms(setting, project_id=locked.id, actor=steward),
        lambda: estate.add_room(
            building_id=room.building_id, number="0102", floor=1, column=2,
            gross_area=Decimal(80), actor=steward,
        ),
        lambda: estate.edit_building(room.building, name="改名", actor=steward),
        lambda: estate.edit_house_type(house_type, structure="三房", actor=steward),
        lambda: operations.add_discount(
            project_id=locked.id, name="新", kind="percent", value=Decimal(1), actor=steward
        ),
        lambda: operations.edit_discount(discount, value=Decimal(5), actor=steward),
        lambda: operations.delete_discount(discount, actor=steward),
        lambda: operations.edit_payment_method(method, name="改名", actor=steward),
        lambda: operations.delete_payment_method(method, actor=steward),
    ):  # fmt: skip
        assert refused(act)


def test_what_must_not_be_granted_any_more_is_switched_off_at_once(locked, method, steward):
    discount = make_discount(locked)
    operations.edit_discount(discount, is_active=False, actor=steward)
    operations.edit_payment_method(method, is_active=False, actor=steward)
    assert (discount.is_active, method.is_active) == (False, False)
    assert refused(lambda: operations.edit_discount(discount, is_active=True, actor=steward))


def test_prices_go_on_by_plans_and_a_list_of_prices_still_comes_in(locked, room, steward, sheet):
    row = ["3栋", "", 1, "01", float(room.gross_area), None, 50000]
    result = operations.import_price_list(
        sheet([row]), "价格.xlsx", project=locked, update=False, dry_run=False, actor=steward
    )
    assert result.plan is not None
    new = ["3栋", "", 2, "0201", 88.0, None, 50000]
    assert refused(
        lambda: operations.import_price_list(
            sheet([row, new]), "新房.xlsx", project=locked, update=False, dry_run=False,
            actor=steward,
        )
    )  # fmt: skip


# ---- changes ----


def test_an_approved_change_is_carried_out_line_by_line(
    locked, room, method, steward, approvers, session
):
    change = written(
        locked, steward,
        {"room_id": room.id, "field": "inside_area", "after": "61.5"},
        {"payment_method_id": method.id, "field": "discount_percent", "after": "3"},
    )  # fmt: skip
    request = send(change, steward)
    assert [step["role"] for step in request.route] == ["manager", "gm"]
    assert change.state == "in_approval"
    request = approve(request, approvers)
    assert request.result["execute_by"] == (clock.today() + timedelta(days=1)).isoformat()
    assert room.inside_area != Decimal("61.50")
    operations.execute_change(change, actor=steward)
    session.refresh(room)
    assert (room.inside_area, method.discount_percent) == (Decimal("61.50"), Decimal("3.00"))
    assert (change.state, change.executed_by_id) == ("executed", steward.id)
    assert kinds_of(locked, session)[-3:] == ["asked", "approved", "executed"]
    assert refused(lambda: estate.edit_room(room, view="江景", actor=steward))
    with pytest.raises(WrongState):
        operations.execute_change(change, actor=steward)


def test_only_the_steward_carries_it_out(locked, room, steward, approvers):
    change = written(locked, steward, {"room_id": room.id, "field": "view", "after": "江景"})
    approve(send(change, steward), approvers)
    with pytest.raises(NotAllowed):
        operations.execute_change(change, actor=approvers["manager"])


def test_all_of_it_or_nothing(locked, room, steward, approvers, session):
    other = make_room(room.building, number="0102")
    change = written(
        locked, steward,
        {"room_id": room.id, "field": "number", "after": "0199"},
        {"room_id": other.id, "field": "number", "after": "0199"},
    )  # fmt: skip
    approve(send(change, steward), approvers)
    with pytest.raises(Conflict), session.begin_nested():
        operations.execute_change(change, actor=steward)
    session.expire_all()
    assert (room.number, change.state) == ("101", "approved")


def test_a_record_that_moved_meanwhile_stops_it(locked, room, steward, approvers, session):
    change = written(locked, steward, {"room_id": room.id, "field": "view", "after": "江景"})
    approve(send(change, steward), approvers)
    room.view = "园景"
    session.flush()
    with pytest.raises(Conflict, match="园景"):
        operations.execute_change(change, actor=steward)


def test_a_change_by_hand_opens_the_data_and_locks_them_again(
    locked, room, steward, approvers, session
):
    change = written(locked, steward, name="新增车位", by_hand=True)
    approve(send(change, steward), approvers)
    with pytest.raises(WrongState):
        operations.execute_change(change, actor=steward)
    operations.open_for_change(change, actor=steward)
    assert not is_locked(locked.id)
    estate.edit_room(room, view="江景", actor=steward)
    second = BaseDataChange(project_id=locked.id, number="JC-2", name="又一张", content="x",
                            by_hand=True, state="approved")  # fmt: skip
    session.add(second)
    session.flush()
    with pytest.raises(Conflict, match=change.number):
        operations.open_for_change(second, actor=steward)
    assert written(locked, steward, name="趁开放再写一张", by_hand=True).state == "draft"
    with pytest.raises(Invalid):
        operations.finish_change(change, note=" ", actor=steward)
    operations.finish_change(change, note="新增 12 个车位", actor=steward)
    assert is_locked(locked.id)
    assert refused(lambda: estate.edit_room(room, view="园景", actor=steward))
    with pytest.raises(WrongState):
        operations.finish_change(change, note="再来", actor=steward)


def test_a_change_is_given_up_with_a_reason(locked, room, steward, approvers):
    change = written(locked, steward, {"room_id": room.id, "field": "view", "after": "江景"})
    with pytest.raises(WrongState):
        operations.cancel_base_data_change(change, reason="不需要了", actor=steward)
    approve(send(change, steward), approvers)
    with pytest.raises(Invalid):
        operations.cancel_base_data_change(change, reason="", actor=steward)
    operations.cancel_base_data_change(change, reason="不需要了", actor=steward)
    assert change.state == "cancelled"


def test_nothing_is_sent_without_the_signed_paper_or_without_anything_to_change(locked, steward):
    bare = operations.add_base_data_change(
        project_id=locked.id, name="更正", content="更正", actor=steward
    )
    with pytest.raises(Invalid):
        send(bare, steward)
    with pytest.raises(Invalid):
        send(written(locked, steward), steward)


def test_what_is_sent_does_not_change_and_comes_back_when_withdrawn(locked, room, steward):
    change = written(locked, steward, {"room_id": room.id, "field": "view", "after": "江景"})
    request = send(change, steward)
    for act in (
        lambda: operations.edit_base_data_change(change, name="别的", actor=steward),
        lambda: operations.delete_base_data_change(change, actor=steward),
        lambda: operations.delete_change_line(change.lines[0], actor=steward),
        lambda: operations.put_scan(
            change, name="x.pdf", media_type="application/pdf", content=PDF, actor=steward
        ),
    ):
        with pytest.raises(WrongState):
            act()
    engine.withdraw(request.id, comment="", actor=steward)
    assert change.state == "draft"
    operations.delete_base_data_change(change, actor=steward)


def test_a_rejected_change_may_be_mended_and_sent_again(locked, room, steward, approvers):
    change = written(locked, steward, {"room_id": room.id, "field": "view", "after": "江景"})
    request = send(change, steward)
    engine.reject(request.id, comment="请附测绘报告", actor=approvers["manager"])
    assert change.state == "rejected"
    operations.edit_base_data_change(change, content="附测绘报告", actor=steward)
    assert send(change, steward).state == "running"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"field": "gross_area", "after": "负十"}, "after"),
        ({"field": "gross_area", "after": "-3"}, "after"),
        ({"field": "usage", "after": "随便"}, "after"),
        ({"field": "house_type_id", "after": "没有的户型"}, "after"),
        ({"field": "list_total", "after": "1"}, "field"),
        ({"field": "number", "after": "101"}, "after"),
        ({"field": "view", "after": "景" * 121}, "after"),
    ],
)
def test_a_line_that_cannot_be_is_refused(locked, room, steward, line, field):
    change = operations.add_base_data_change(
        project_id=locked.id, name="更正", content="更正", actor=steward
    )
    with pytest.raises(Invalid) as found:
        operations.add_change_line(change_id=change.id, room_id=room.id, actor=steward, **line)
    assert set(found.value.fields) == {field}


def test_a_line_is_of_one_record_of_the_project_and_said_once(locked, room, method, steward):
    change = operations.add_base_data_change(
        project_id=locked.id, name="更正", content="更正", actor=steward
    )
    add = operations.add_change_line
    line = {"change_id": change.id, "field": "view", "after": "江景", "actor": steward}
    with pytest.raises(Invalid):
        add(**line)
    with pytest.raises(Invalid):
        add(**line, room_id=room.id, payment_method_id=method.id)
    with pytest.raises(Invalid):
        add(**line, room_id=room.id + 1_000_000)
    add(**line, room_id=room.id)
    with pytest.raises(Conflict):
        add(**line, room_id=room.id)


def test_open_base_data_need_no_change(project, steward):
    with pytest.raises(Conflict):
        operations.add_base_data_change(
            project_id=project.id, name="更正", content="更正", actor=steward
        )


def test_nobody_from_elsewhere_reviews_or_writes(locked, actor_for):
    stranger = actor_for(["manager", "steward"], project=make_project())
    with pytest.raises(NotFound):
        operations.review_base_data(locked.id, "sales", actor=stranger)
    with pytest.raises(NotFound):
        operations.add_base_data_change(
            project_id=locked.id, name="更正", content="更正", actor=stranger
        )


# ---- pages and REST ----


def test_pages_lead_from_the_review_to_the_change_carried_out(
    project, room, client, sign_in, user_for, session
):
    manager, finance = user_for("manager"), user_for("finance_manager")
    steward, gm = user_for("steward"), user_for("gm")
    page = sign_in(client, manager).get("/base-data/").text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    browser = sign_in(client, manager)
    assert "未复核" in page
    browser.post("/base-data/review/sales", data={"seen": seen})
    sign_in(client, finance).post("/base-data/review/finance", data={"seen": seen})
    assert is_locked(project.id)
    browser = sign_in(client, steward)
    values = {"project": project.id, "name": "更正", "content": "测绘更正"}
    answer = browser.post("/base-data-changes/add", data=values)
    assert answer.status_code == 302, answer.text
    change = session.scalars(select(BaseDataChange)).one()
    line = {"change": change.id, "room": room.id, "field": "room.inside_area", "after": "60"}
    assert browser.post("/base-data-change-lines/add", data=line).status_code == 302
    scan = {"file": (io.BytesIO(b"no paper"), "x.pdf")}
    browser.post(f"/base-data-changes/{change.id}/scan", data=scan)
    assert "还没有扫描件" in browser.get(f"/base-data-changes/show/{change.id}").text
    scan = {"file": (io.BytesIO(PDF), "签字.pdf")}
    browser.post(f"/base-data-changes/{change.id}/scan", data=scan)
    assert browser.get(f"/base-data-changes/{change.id}/scan").data == PDF
    sent = browser.post(f"/approvals/new/base_data_change/{change.id}",
                        data={"reason": "测绘报告", "do": "send"})  # fmt: skip
    assert sent.status_code == 302, sent.text
    request = session.scalars(select(ApprovalRequest)).one()
    for user in (manager, gm):
        sign_in(client, user).post(f"/approvals/{request.id}/approve", data={"comment": "同意"})
    browser = sign_in(client, steward)
    assert "待执行" in browser.get("/base-data/").text
    browser.post("/base-data-changes/act/execute", data={"id": change.id})
    session.expire_all()
    assert session.get(Room, room.id).inside_area == Decimal("60.00")
    log = sign_in(client, finance).get("/base-data/").text
    assert "变更已执行" in log


def test_rest_says_how_they_stand_and_reviews(project, room, client, bearer, user_for):
    base = f"/api/v1/base-data/{project.id}"
    manager = bearer(user_for("manager"))
    found = client.get(base, headers=manager).get_json()
    assert (found["is_locked"], found["figures"]["rooms"]) == (False, 1)
    body = {"side": "sales", "seen": found["digest"]}
    answer = client.post(f"{base}/review", json=body, headers=manager)
    assert answer.status_code == 200, answer.text
    wrong = client.post(f"{base}/review", json={"side": "finance"}, headers=manager)
    assert wrong.status_code == 403
    back = {"side": "sales", "reason": "还有车位"}
    assert client.post(f"{base}/take-back", json=back, headers=manager).status_code == 200
    client.post(f"{base}/review", json={"side": "sales"}, headers=manager)
    finance = bearer(user_for("finance_manager"))
    done = client.post(f"{base}/review", json={"side": "finance"}, headers=finance).get_json()
    assert (done["is_locked"], done["log"][0]["kind"]) == (True, "locked")
    assert find_lock(project.id).locked_at is not None
    steward = bearer(user_for("steward"))
    room_call = client.put(f"/api/v1/rooms/{room.id}", json={"view": "江景"}, headers=steward)
    assert (room_call.status_code, room_call.get_json()["error"]) == (409, "base_data_locked")

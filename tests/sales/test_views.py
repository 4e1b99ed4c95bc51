"""Pages of sales."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import event, select

from app.admin.principal import forget_principals, read_actor
from app.core import clock, settings
from app.core.db import db
from app.estate.models import Room
from app.sales.models import Hold, Subscription
from app.web.projects import forget_names
from tests.factories.customers import make_customer
from tests.factories.people import make_project
from tests.factories.pricing import (
    make_discount,
    make_mortgage_method,
    make_payment_method,
    make_room_for_sale,
)
from tests.factories.sales import make_hold, make_special, make_subscription


@pytest.fixture
def page(client, sign_in):
    def get(user, path, status=200, form=None):
        sign_in(client, user)
        answer = client.get(path) if form is None else client.post(path, data=form)
        assert answer.status_code == status, answer.text[:3000]
        return answer.text

    return get


@pytest.fixture
def room(project):
    return make_room_for_sale(project=project, floor_total="4750000.00")


@pytest.fixture
def method(project):
    return make_mortgage_method(project, name="按揭")


def actor_of(user):
    return read_actor(user.id)


# Lists and records


def test_the_list_shows_deals_masked_with_money_and_totals(page, user_for, project, room, method):
    user = user_for("consultant", first_name="陈顾问")
    buyer = make_customer(project, user, name="林秘密")
    made = make_subscription(room, actor_of(user), buyers=[(buyer, "100.00")], method=method)
    for who in (user, user_for("manager"), user_for("cashier")):
        text = page(who, "/sales/subscriptions/list/")
        assert made.number in text
        # One's own customer by name, everybody else's masked.
        assert ("林秘密" in text) is (who is user)
        assert ("林**" in text) is (who is not user)
        assert "陈顾问" in text
        assert text.count("5,000,000.00") == 2  # the row and the page's total
    assert made.number not in page(user_for("consultant"), "/sales/subscriptions/list/")
    far = user_for("manager", project=make_project())
    assert made.number not in page(far, "/sales/subscriptions/list/?everywhere=1")


def test_an_overdue_deal_says_by_how_many_days(page, user_for, room):
    user = user_for("consultant")
    made = make_subscription(room, actor_of(user))
    made.sign_by = clock.today() - timedelta(days=3)
    made.state = "active"
    db.session.flush()
    for path in ("list/", f"show/{made.id}"):
        text = page(user, f"/sales/subscriptions/{path}")
        (chip,) = re.findall(r'<span class="chip bad">(.*?)</span>', text)
        assert "3" in chip


def test_a_list_asks_no_more_for_more_rows(user_for, project, client, sign_in):
    user = user_for("consultant")

    def statements():
        found = []
        listener = lambda *args: found.append(args[2])  # noqa: E731
        sign_in(client, user)
        # What a process keeps for some seconds begins anew, or its end could fall in between.
        for forget in (forget_principals, forget_names, settings.forget):
            forget()
        client.get("/sales/subscriptions/list/")
        event.listen(db.engine, "before_cursor_execute", listener)
        try:
            assert client.get("/sales/subscriptions/list/").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", listener)
        return len(found)

    make_subscription(make_room_for_sale(project=project), actor_of(user))
    few = statements()
    for _turn in range(4):
        make_subscription(make_room_for_sale(project=project), actor_of(user))
    assert statements() == few


def test_a_deal_explains_its_price_and_what_is_owed(page, user_for, project, room):
    user = user_for("consultant")
    discount = make_discount(project, name="开盘优惠")
    buyers = [(make_customer(project, user, name="王小明"), "60.00"),
              (make_customer(project, user, name="李小红"), "40.00")]  # fmt: skip
    method = make_payment_method(project, name="一次性")
    made = make_subscription(
        room, actor_of(user), buyers=buyers, method=method, discount_ids=[discount.id]
    )
    text = page(user, f"/sales/subscriptions/show/{made.id}")
    for word in (made.number, "一次性", "开盘优惠", "−49,000.00", "4,851,000.00", "王小明",
                 "60.00", "李小红", "定金", "100,000.00"):  # fmt: skip
        assert word in text, word
    masked = page(user_for("cashier"), f"/sales/subscriptions/show/{made.id}")
    assert "王**" in masked
    assert "/cashier/account/" in masked
    assert "/cashier/account/" not in text


def test_a_deal_outside_scope_is_not_there(page, user_for, room):
    made = make_subscription(room, actor_of(user_for("consultant")))
    for who in (user_for("consultant"), user_for("manager", project=make_project())):
        page(who, f"/sales/subscriptions/show/{made.id}", 404)


def test_holds_are_listed_and_released_from_the_list(page, user_for, project, room):
    user, colleague = user_for("consultant"), user_for("consultant")
    customer = make_customer(project, user, name="王小明")
    hold = make_hold(room, actor_of(user), customer=customer)
    text = page(user, "/sales/holds/list/")
    assert room.title in text
    assert "王小明" in text
    assert "王小明" not in page(colleague, "/sales/holds/list/")
    page(colleague, "/sales/holds/act/release", 422, {"id": hold.id, "_form": "1", "reason": ""})
    assert db.session.scalar(select(Hold.state)) == "live"
    page(user, "/sales/holds/act/release", 302, {"id": hold.id, "_form": "1", "reason": "放弃"})
    assert db.session.scalar(select(Hold.state)) == "released"
    far = user_for("manager", project=make_project())
    page(far, f"/sales/holds/show/{hold.id}", 404)
    page(far, "/sales/holds/act/release", 404, {"id": hold.id, "_form": "1"})


def test_special_discounts_are_listed(page, user_for, project, room):
    user = user_for("consultant")
    special = make_special(room, make_customer(project, user), user)
    assert "2.50%" in page(user, "/sales/special-discounts/list/")
    assert "2.50%" in page(user_for("manager"), f"/sales/special-discounts/show/{special.id}")
    page(user_for("consultant"), f"/sales/special-discounts/show/{special.id}", 404)


# The desk


def test_the_quotation_sheet_explains_price_lines_and_loan(page, user_for, project, room, method):
    user = user_for("consultant")
    discount = make_discount(project)
    text = page(
        user,
        f"/sales/quotation/{room.id}?payment_method_id={method.id}"
        f"&discount_ids={discount.id}&rate=3.50&years=30",
    )
    for word in ("5,000,000.00", "−50,000.00", "4,950,000.00", "100,000.00", "3,460,000.00"):
        assert word in text, word
    assert "15,536.95" in text  # 3,460,000 over 30 years at 3.5 %
    assert "按揭" in text


def test_the_quotation_sheet_as_pdf(page, client, user_for, room, method):
    user = user_for("consultant", first_name="陈顾问")
    address = f"/sales/quotation/{room.id}/sheet.pdf"
    terms = f"?payment_method_id={method.id}&rate=3.075&years=30&plan=equal_principal"
    assert f"{address}{terms}" in page(user, f"/sales/quotation/{room.id}{terms}").replace(
        "&amp;", "&"
    )
    reader = PdfReader(BytesIO(client.get(f"{address}{terms}").data))
    said = "".join(one.extract_text() for one in reader.pages)
    for words in (room.title, "5,000,000.00", "伍佰万元整", "3.075", "陈顾问", "等额本金", "360"):
        assert words in said, words
    assert f"{len(reader.pages)} / {len(reader.pages)}" in said
    refused = client.get(f"{address}?payment_method_id={method.id}&rate=x")
    assert refused.status_code == 302, "back to the page, which says why"
    page(user_for("consultant", project=make_project()), f"{address}{terms}", 404)


def test_bank_and_fund_are_repaid_together_month_by_month(page, user_for, project, room):
    method = make_payment_method(
        project,
        discount_percent=Decimal(0),
        lines=[
            {"kind": "down_payment", "name": "首期", "basis": "rest", "due_rule": "contract"},
            *(
                {
                    "kind": kind,
                    "name": name,
                    "basis": "fixed",
                    "value": Decimal(value),
                    "due_rule": "contract",
                }
                for kind, name, value in (("loan", "按揭", 600000), ("fund", "公积金", 400000))
            ),
        ],
    )
    path = f"/sales/quotation/{room.id}?payment_method_id={method.id}"
    user = user_for("consultant")
    text = page(user, f"{path}&rate=3.50&fund_rate=2.85&plan=equal_principal")
    # 600,000 ÷ 360 = 1,666.67 and 1,750.00 interest; 400,000 ÷ 360 = 1,111.11 and 950.00.
    for figure in ("5,477.78", "2,777.78", "2,700.00", "997,222.22", ">360<"):
        assert figure in text, figure
    assert text.count('<td class="r num">0.00</td>') == 1
    assert "997,222.22" not in page(user, f"{path}&rate=3.50&fund_rate=2.85")
    alone = page(user, f"{path}&rate=3.50")
    assert "600,000.00" in alone
    assert "2,694.27" in alone  # the bank's loan only, until the fund's rate is entered
    assert 'class="note bad"' in page(user, f"{path}&rate=101")
    assert 'class="note bad"' in page(user, f"{path}&rate=3.5&years=51")


def test_the_quotation_takes_the_first_method_and_says_what_does_not_go(
    page, user_for, room, method
):
    user = user_for("consultant")
    assert f'value="{method.id}" checked' in page(user, f"/sales/quotation/{room.id}")
    assert "4,950,000.00" not in page(user, f"/sales/quotation/{room.id}")
    other = make_payment_method(make_project())
    text = page(user, f"/sales/quotation/{room.id}?payment_method_id={other.id}")
    assert 'class="note bad"' in text


@pytest.mark.parametrize("path", ["quotation", "subscribe", "hold", "special-discount"])
def test_pages_about_a_room_are_of_ones_own_projects(page, user_for, room, path):
    page(user_for("consultant", project=make_project()), f"/sales/{path}/{room.id}", 404)
    page(user_for("cashier"), f"/sales/{path}/{room.id}", 403)
    assert room.title in page(user_for("consultant"), f"/sales/{path}/{room.id}")


def order(method, buyers, **more):
    return {
        "payment_method_id": method.id,
        "customer_id": [customer.id for customer, _share in buyers],
        "share": [share for _customer, share in buyers],
        **more,
    }


def test_subscribing_by_the_form(page, user_for, project, room, method):
    user = user_for("consultant")
    one, two = make_customer(project, user), make_customer(project, user)
    form = order(method, [(one, "60.00"), (two, "40.00")])
    page(user, f"/sales/subscribe/{room.id}", 302, form)
    made = db.session.scalars(select(Subscription)).one()
    assert (made.room_id, made.consultant_id) == (room.id, user.id)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"share": ["60.00", "39.00"]}, "99.00"),
        ({"share": ["sixty", "40.00"]}, "sixty"),
        ({"payment_method_id": ""}, 'class="error"'),
        ({"customer_id": ["", ""]}, 'class="error"'),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    page, user_for, project, room, method, change, word
):
    user = user_for("consultant")
    discount = make_discount(project)
    one, two = (make_customer(project, user, name=name) for name in ("王小明", "李小红"))
    form = order(method, [(one, "60.00"), (two, "40.00")], discount_ids=[discount.id])
    text = page(user, f"/sales/subscribe/{room.id}", 422, form | change)
    assert word in text
    assert 'role="alert"' in text
    if "customer_id" not in change:
        assert "王小明" in text
        assert "李小红" in text
    assert f'name="discount_ids" value="{discount.id}" checked' in text
    assert db.session.scalar(select(Room.status).where(Room.id == room.id)) == "available"


def test_a_lost_race_names_the_winner_and_keeps_the_form(page, user_for, project, room, method):
    winner, user = user_for("consultant", first_name="陈顾问"), user_for("consultant")
    make_subscription(room, actor_of(winner), method=method)
    mine = make_customer(project, user, name="王小明")
    text = page(user, f"/sales/subscribe/{room.id}", 422, order(method, [(mine, "100.00")]))
    assert "陈顾问" in text
    assert "王小明" in text


def test_below_the_floor_the_form_leads_to_the_special_discount(page, user_for, project):
    user = user_for("consultant")
    room = make_room_for_sale(project=project, floor_total="4999999.00")
    method = make_payment_method(project)
    form = order(method, [(make_customer(project, user), "100.00")])
    text = page(user, f"/sales/subscribe/{room.id}", 422, form)
    assert f"/sales/special-discount/{room.id}" in text
    assert "4,999,999" not in text


def test_anothers_customer_cannot_be_a_buyer(page, user_for, project, room, method):
    theirs = make_customer(project, user_for("consultant"), name="李秘密")
    form = order(method, [(theirs, "100.00")])
    text = page(user_for("consultant"), f"/sales/subscribe/{room.id}", 422, form)
    assert "李秘密" not in text


@pytest.mark.usefixtures("method")
def test_the_form_begins_with_whom_the_room_is_held_for(page, user_for, project, room):
    user = user_for("consultant")
    customer = make_customer(project, user, name="王小明")
    make_hold(room, actor_of(user), customer=customer)
    text = page(user, f"/sales/subscribe/{room.id}")
    assert "王小明" in text
    assert '<small class="step-why">房间现行标准总价</small>' in text


def test_holding_and_naming_the_customer_by_the_forms(page, user_for, project, room):
    user = user_for("consultant")
    customer = make_customer(project, user)
    page(user, f"/sales/hold/{room.id}", 302, {"customer_id": "", "reason": "看中", "until": ""})
    hold = db.session.scalars(select(Hold)).one()
    assert (hold.kind, hold.customer_id) == ("reserved", None)
    page(user, f"/sales/hold/{room.id}/customer", 302, {"customer_id": customer.id})
    db.session.refresh(hold)
    assert hold.customer_id == customer.id
    page(user, f"/sales/release/{room.id}", 302, {"reason": ""})
    db.session.refresh(hold)
    assert hold.state == "released"


def test_a_room_kept_off_the_market_is_not_called_held(page, client, user_for, room):
    form = {"customer_id": "", "reason": "样板间", "until": ""}
    page(user_for("controller"), f"/sales/hold/{room.id}", 302, form)
    assert "已销控" in client.get("/grid/").text


def test_a_hold_that_is_too_long_is_refused_beside_its_field(page, user_for, room):
    end = clock.local(clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    form = {"customer_id": "", "reason": "看中看中", "until": end}
    text = page(user_for("consultant"), f"/sales/hold/{room.id}", 422, form)
    assert 'id="until-error"' in text
    assert "看中看中" in text


def test_somebody_elses_hold_is_not_released_by_the_page(page, user_for, room):
    make_hold(room, actor_of(user_for("manager")))
    page(user_for("consultant"), f"/sales/release/{room.id}", 302, {"reason": ""})
    assert db.session.scalar(select(Hold.state)) == "live"
    far = user_for("manager", project=make_project())
    page(far, f"/sales/release/{room.id}", 404, {"reason": ""})


def test_asking_for_a_special_discount_leads_to_the_way_ahead(page, user_for, project, room):
    user = user_for("consultant")
    user_for("manager"), user_for("director")
    customer = make_customer(project, user, name="王小明")
    text = page(user, f"/sales/special-discount/{room.id}?customer_id={customer.id}")
    assert f"/approvals/new/special_discount/{room.id}" in text
    ahead = page(
        user,
        f"/approvals/new/special_discount/{room.id}?customer_id={customer.id}"
        "&percent=2.50&valid_until=2099-12-31&reason=x",
    )
    assert "4,875,000.00" in ahead
    assert "王**" in ahead


def test_the_export_is_for_those_who_may_and_masked(client, sign_in, user_for, project, room):
    user = user_for("consultant")
    buyer = make_customer(project, user, name="林秘密")
    made = make_subscription(room, actor_of(user), buyers=[(buyer, "100.00")])
    made.sign_by = clock.today() - timedelta(days=3)
    db.session.flush()
    address = "/sales/subscriptions/export/"
    assert sign_in(client, user).get(address).status_code == 403
    answer = sign_in(client, user_for("manager")).get(address)
    assert answer.status_code == 200
    rows = list(load_workbook(BytesIO(answer.data)).active.values)
    words = [str(cell) for cell in rows[1]]
    assert made.number in words
    assert "林**" in words
    assert not any("林秘密" in word or "<" in word for word in words)


def test_the_discount_that_a_customer_was_granted_is_chosen_already(page, user_for, project):
    user = user_for("consultant")
    room = make_room_for_sale(project=project)
    make_payment_method(project)
    customer = make_customer(project, user)
    special = make_special(room, customer, user)
    chosen = f'<option value="{special.id}" selected>'
    assert chosen in page(user, f"/sales/subscribe/{room.id}?customer_id={customer.id}")
    other = make_customer(project, user)
    assert chosen not in page(user, f"/sales/subscribe/{room.id}?customer_id={other.id}")

"""Payment methods with lines, and discounts: entered, changed, refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core.actor import acting
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.pricing.models import PaymentMethodLine
from app.pricing.operations import (
    LineDraft,
    add_discount,
    add_payment_method,
    delete_discount,
    delete_payment_method,
    edit_discount,
    edit_payment_method,
)
from app.pricing.queries import get_payment_method, list_discounts, list_payment_methods
from app.pricing.quoting import method_terms, quote
from app.pricing.receivables import divide
from tests.factories.estate import make_building
from tests.factories.people import make_project
from tests.factories.pricing import make_discount, make_payment_method, make_room_for_sale

DEPOSIT = LineDraft("deposit", "定金", "fixed", Decimal(100000), "subscription", 0)
REST = LineDraft("instalment", "楼款", "rest", None, "contract", 30)


def percent(value, kind="instalment"):
    return LineDraft(kind, "款项", "percent", Decimal(value), "contract", 0)


def add(project, actor, lines=(DEPOSIT, REST), **details):
    values = {"name": "一次性", "discount_percent": Decimal(2), **details}
    return add_payment_method(project_id=project.id, lines=lines, actor=actor, **values)


def test_a_method_keeps_its_lines_in_order(project, steward):
    method = add(project, steward)
    assert [(line.position, line.kind) for line in method.lines] == [
        (1, "deposit"),
        (2, "instalment"),
    ]
    edit_payment_method(method, lines=[REST], discount_percent=Decimal(3), actor=steward)
    assert [line.kind for line in method.lines] == ["instalment"]
    assert method.discount_percent == Decimal(3)
    edit_payment_method(method, name="改名", actor=steward)
    assert len(method.lines) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [DEPOSIT],
        [percent(60), percent(30)],
        [percent(60), percent(50), REST],
        [REST, REST],
        [LineDraft("nonsense", "x", "rest")],
        [LineDraft("instalment", "x", "nonsense")],
        [LineDraft("instalment", "x", "rest", due_rule="nonsense")],
        [LineDraft("instalment", " ", "rest")],
        [LineDraft("instalment", "x", "percent", None)],
        [LineDraft("instalment", "x", "fixed", Decimal(0)), REST],
        [LineDraft("instalment", "x", "rest", due_rule="date")],
        [LineDraft("loan", "x", "rest", round_down_to=Decimal(0))],
        # Nothing takes what is cut off the loan.
        [LineDraft("loan", "x", "rest")],
        [DEPOSIT, percent(40, "fund"), LineDraft("loan", "x", "rest")],
        # A deposit is no rest, and a percent at most the whole.
        [LineDraft("deposit", "x", "rest")],
        [LineDraft("collected", "x", "rest"), REST],
        [LineDraft("collected", "x", "percent", Decimal(101)), REST],
        # An amount beside percents that are the whole already.
        [LineDraft("down_payment", "x", "fixed", Decimal(1)), percent(100)],
        [LineDraft("down_payment", "x", "fixed", Decimal(1)), percent(100), REST],
        # A deposit that counts into the next line adds nothing to the sum, nor exceeds that line.
        [percent(30, "deposit"), percent(70)],
        [percent(40, "deposit"), percent(30, "down_payment"), percent(70)],
        [DEPOSIT, LineDraft("down_payment", "x", "fixed", Decimal(99999)), REST],
    ],
)
def test_lines_that_never_come_to_a_total_are_refused(project, steward, lines):
    with pytest.raises(Invalid) as caught:
        add(project, steward, lines)
    assert "lines" in caught.value.fields


def test_percents_of_100_need_no_rest(project, steward):
    assert add(project, steward, [DEPOSIT, percent(30, "down_payment"), percent(70)]).id


@pytest.mark.parametrize(
    "lines",
    [
        [percent(5, "deposit"), percent(30, "down_payment"), percent(70)],
        [percent(30, "down_payment"), LineDraft("loan", "x", "rest")],
        [DEPOSIT, LineDraft("loan", "x", "rest", round_down_to=Decimal("0.01"))],
    ],
)
def test_what_is_saved_divides_a_price_to_the_fen(project, steward, lines):
    method = method_terms(add(project, steward, lines))
    total = Decimal("6490851.42")
    divided = divide(total, method.lines, subscribed_on=date(2026, 11, 21))
    assert sum(line.amount for line in divided) == total


def test_fees_for_others_stand_beside_the_total(project, steward):
    fee = LineDraft("collected", "维修基金", "fixed", Decimal(12000), "contract", 0)
    assert add(project, steward, [DEPOSIT, REST, fee]).id


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"discount_percent": Decimal(100)}, "discount_percent"),
        ({"discount_percent": Decimal(-1)}, "discount_percent"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 31)}, "valid_to"),
    ],
)
def test_details_out_of_range_are_refused(project, steward, details, field):
    with pytest.raises(Invalid) as caught:
        add(project, steward, **details)
    assert field in caught.value.fields


def test_names_are_taken_once_a_project(project, steward):
    add(project, steward)
    with pytest.raises(Conflict, match="一次性"):
        add(project, steward)
    add_discount(
        project_id=project.id, name="开盘", kind="percent", value=Decimal(1), actor=steward
    )
    with pytest.raises(Conflict, match="开盘"):
        add_discount(
            project_id=project.id, name="开盘", kind="amount", value=Decimal(1), actor=steward
        )


def test_a_method_goes_with_its_lines(project, steward, session):
    delete_payment_method(add(project, steward), actor=steward)
    assert session.scalar(select(func.count()).select_from(PaymentMethodLine)) == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("percent", "0"), ("percent", "100"), ("points", "-1"), ("amount", "0"), ("free", "1")],
)
def test_discounts_out_of_range_are_refused(project, steward, kind, value):
    with pytest.raises(Invalid):
        add_discount(
            project_id=project.id, name="x", kind=kind, value=Decimal(value), actor=steward
        )


def test_a_discount_changes_and_goes(project, steward):
    discount = make_discount(project)
    edit_discount(discount, value=Decimal(2), is_active=False, actor=steward)
    assert (discount.value, discount.is_active) == (Decimal(2), False)
    with pytest.raises(Invalid):
        edit_discount(discount, kind="percent", value=Decimal(120), actor=steward)
    delete_discount(discount, actor=steward)
    assert list_discounts(project.id) == []


def test_what_is_switched_off_or_out_of_time_is_not_offered(project):
    day = date(2026, 11, 21)
    good = make_payment_method(project)
    make_payment_method(project, is_active=False)
    make_payment_method(project, valid_to=date(2026, 11, 20))
    make_discount(project, valid_from=date(2026, 11, 22))
    assert [method.id for method in list_payment_methods(project.id, on=day)] == [good.id]
    assert list_discounts(project.id, on=day) == []
    assert len(list_payment_methods(project.id)) == 3


def test_only_the_steward_changes_terms(project, actor_for):
    method, discount = make_payment_method(project), make_discount(project)
    for role in ("consultant", "manager", "director", "finance_manager", "gm", "admin", "agency"):
        actor = actor_for(role)
        for step in (
            lambda actor=actor: add(project, actor, name="y"),
            lambda actor=actor: edit_payment_method(method, name="z", actor=actor),
            lambda actor=actor: delete_payment_method(method, actor=actor),
            lambda actor=actor: edit_discount(discount, name="z", actor=actor),
            lambda actor=actor: delete_discount(discount, actor=actor),
        ):
            with pytest.raises(NotAllowed):
                step()


def test_terms_outside_scope_are_not_there(project, actor_for):
    elsewhere = make_project()
    method = make_payment_method(project)
    stranger = actor_for("steward", project=elsewhere)
    with acting(stranger), pytest.raises(NotFound):
        get_payment_method(method.id)
    with pytest.raises(NotFound):
        add(project, stranger)
    with pytest.raises(NotFound):
        edit_payment_method(method, name="z", actor=stranger)


# ---- where they hold, and who grants them ----


@pytest.fixture
def two(project):
    """A room for sale in each of two buildings, and a method for all."""
    rooms = [make_room_for_sale(make_building(project, name=name)) for name in ("3栋", "6栋")]
    return rooms, make_payment_method(project)


def quoted(room, method, actor, *discounts):
    return quote(
        room_id=room.id, payment_method_id=method.id,
        discount_ids=[one.id for one in discounts], actor=actor,
    )  # fmt: skip


def test_a_method_and_a_discount_hold_for_their_buildings_only(project, two, steward, actor_for):
    (here, there), everywhere = two
    consultant = actor_for("consultant")
    special = add_payment_method(
        project_id=project.id, name="3栋专享", lines=[REST], building_ids=[here.building_id],
        actor=steward,
    )  # fmt: skip
    discount = add_discount(
        project_id=project.id, name="3栋折扣", kind="percent", value=Decimal(1),
        building_ids=[here.building_id], actor=steward,
    )  # fmt: skip
    assert quoted(here, special, consultant, discount).deal_total > 0
    for method, discounts, field in (
        (special, (), "payment_method_id"),
        (everywhere, (discount,), "discount_ids"),
    ):
        with pytest.raises(Invalid, match="3栋") as refused:
            quoted(there, method, consultant, *discounts)
        assert set(refused.value.fields) == {field}
    edit_discount(discount, building_ids=[], actor=steward)
    assert quoted(there, everywhere, consultant, discount).deal_total > 0
    elsewhere = make_building(make_project())
    with pytest.raises(Invalid):
        edit_payment_method(special, building_ids=[elsewhere.id], actor=steward)


@pytest.mark.parametrize(
    ("role", "may"),
    [("consultant", False), ("supervisor", False), ("manager", True), ("director", True),
     ("agency", False)],
)  # fmt: skip
def test_a_discount_is_granted_by_its_role_and_those_above(
    project, two, steward, actor_for, role, may
):
    (room, _other), method = two
    discount = add_discount(
        project_id=project.id, name="经理折扣", kind="percent", value=Decimal(1),
        grantor_role="manager", actor=steward,
    )  # fmt: skip
    actor = actor_for(role)
    if may:
        assert quoted(room, method, actor, discount).deal_total > 0
    else:
        with pytest.raises(Invalid, match="特殊折扣"):
            quoted(room, method, actor, discount)
    with pytest.raises(Invalid):
        edit_discount(discount, grantor_role="cashier", actor=steward)

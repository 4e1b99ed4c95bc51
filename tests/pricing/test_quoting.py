"""Quotes from what is kept: price in force, terms of the project and the day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core.actor import acting
from app.core.errors import Invalid, NotFound
from app.pricing import quoting
from app.pricing.explained import explained
from app.pricing.operations import quote
from app.pricing.quoting import quote_data, resolve_special
from app.pricing.terms import SpecialTerms
from tests.factories.estate import make_room
from tests.factories.people import make_project
from tests.factories.pricing import (
    make_discount,
    make_mortgage_method,
    make_payment_method,
    make_room_for_sale,
)

DAY = date(2026, 11, 21)


@pytest.fixture
def consultant(actor_for):
    return actor_for("consultant")


@pytest.fixture
def room(project):
    return make_room_for_sale(project=project, total="6556415.58")


def test_paid_at_once_with_a_discount(project, room, consultant):
    method, discount = make_payment_method(project), make_discount(project)
    found = quote(
        room_id=room.id,
        payment_method_id=method.id,
        discount_ids=[discount.id],
        on=DAY,
        actor=consultant,
    )
    # 2 % of the list total is 131,128.31; 1 % of the 6,425,287.27 left is 64,252.87.
    assert [step.amount for step in found.steps[1:]] == [
        Decimal("-131128.31"),
        Decimal("-64252.87"),
    ]
    assert found.deal_total == Decimal("6361034.40")
    assert found.deal_unit_price == Decimal("50673.42")
    assert [(line.kind.value, line.due_on, line.amount) for line in found.receivables] == [
        ("deposit", DAY, Decimal("100000.00")),
        ("instalment", None, Decimal("6261034.40")),
    ]


def test_mortgage_rounds_the_loan_down(project, room, consultant):
    method = make_mortgage_method(project)
    found = quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)
    amounts = {line.kind.value: line.amount for line in found.receivables}
    assert amounts["loan"] % 10000 == 0
    assert sum(amounts.values()) == found.deal_total == Decimal("6556415.58")


def test_the_projects_rounding_is_a_step_of_its_own(project, room, consultant, session):
    project.total_rounding = Decimal(100)
    session.flush()
    method = make_payment_method(project, discount_percent=Decimal(0))
    found = quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)
    assert found.deal_total == Decimal("6556400.00")
    assert found.steps[-1].code == "rounding"


def test_a_special_discount_is_percent_of_the_list_total(project, room, consultant):
    method = make_payment_method(project, discount_percent=Decimal(0))
    found = quote(
        room_id=room.id,
        payment_method_id=method.id,
        special_percent=Decimal("2.50"),
        on=DAY,
        actor=consultant,
    )
    assert found.steps[-1].amount == Decimal("-163910.39")


def test_terms_of_other_projects_are_refused(room, project, consultant):
    elsewhere = make_project()
    method = make_payment_method(project)
    for terms, field in (
        ({"payment_method_id": make_payment_method(elsewhere).id}, "payment_method_id"),
        (
            {"payment_method_id": method.id, "discount_ids": [make_discount(elsewhere).id]},
            "discount_ids",
        ),
    ):
        with pytest.raises(Invalid) as caught:
            quote(room_id=room.id, on=DAY, actor=consultant, **terms)
        assert field in caught.value.fields


@pytest.mark.parametrize(
    "values",
    [
        {"is_active": False},
        {"valid_from": date(2026, 11, 22)},
        {"valid_to": date(2026, 11, 20)},
    ],
)
def test_terms_must_be_valid_on_the_day(project, room, consultant, values):
    good = make_payment_method(project)
    bad_method, bad_discount = (
        make_payment_method(project, **values),
        make_discount(project, **values),
    )
    with pytest.raises(Invalid) as caught:
        quote(room_id=room.id, payment_method_id=bad_method.id, on=DAY, actor=consultant)
    assert "payment_method_id" in caught.value.fields
    with pytest.raises(Invalid) as caught:
        quote(
            room_id=room.id,
            payment_method_id=good.id,
            discount_ids=[bad_discount.id],
            on=DAY,
            actor=consultant,
        )
    assert "discount_ids" in caught.value.fields


def test_the_first_and_last_day_are_valid(project, room, consultant):
    method = make_payment_method(project, valid_from=DAY, valid_to=DAY)
    assert quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)


def test_a_room_without_a_price_has_no_quote(project, consultant):
    room, method = make_room(project=project), make_payment_method(project)
    with pytest.raises(Invalid) as caught:
        quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)
    assert caught.value.code == "no_price"


def test_discounts_that_do_not_go_together_are_refused_in_words(project, room, consultant):
    method = make_payment_method(project)
    alone, other = make_discount(project, is_stackable=False), make_discount(project)
    with pytest.raises(Invalid) as caught:
        quote(
            room_id=room.id,
            payment_method_id=method.id,
            discount_ids=[alone.id, other.id],
            on=DAY,
            actor=consultant,
        )
    assert caught.value.code == "not_stackable"
    assert alone.name in str(caught.value)


def test_a_room_outside_scope_has_no_quote(consultant):
    elsewhere = make_project()
    room, method = make_room_for_sale(project=elsewhere), make_payment_method(elsewhere)
    with acting(consultant), pytest.raises(NotFound):
        quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)
    with pytest.raises(NotFound):
        quote(room_id=room.id, payment_method_id=method.id, on=DAY, actor=consultant)


def test_a_quote_as_json_adds_up(project, room, consultant):
    method, discount = make_mortgage_method(project), make_discount(project)
    data = quote_data(
        quote(
            room_id=room.id,
            payment_method_id=method.id,
            discount_ids=[discount.id],
            on=DAY,
            actor=consultant,
        )
    )
    running = Decimal(0)
    for step in data["steps"]:
        assert Decimal(step["before"]) == running
        running += Decimal(step["amount"])
        assert Decimal(step["after"]) == running
    assert running == Decimal(data["deal_total"])
    assert sum(Decimal(line["amount"]) for line in data["receivables"]) == running
    assert data["receivables"][0]["due"] == "2026-11-21"


def test_special_discounts_are_asked_of_whoever_registered(monkeypatch, consultant, room):
    monkeypatch.setattr(quoting, "_special_resolver", [])
    with pytest.raises(NotFound):
        resolve_special(7, room_id=room.id, actor=consultant)
    asked = []

    def resolve(special_id, room_id, actor):
        asked.append((special_id, room_id, actor))
        return SpecialTerms("特批", Decimal("2.50"))

    quoting.register_special_resolver(resolve)
    assert resolve_special(7, room_id=room.id, actor=consultant).percent == Decimal("2.50")
    assert asked == [(7, room.id, consultant)]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("method", "2.00", ("1,000,000.00 × 2.00%", "20,000.00")),
        ("points", "1.00", ("1,000,000.00 × 1.00%", "20,000.00")),
        ("percent", "1.00", ("900,000.00 × 1.00%", "20,000.00")),
        ("per_area", "100.00", ("100.00 元/㎡", "20,000.00")),
        ("amount", "20000.00", ("900,000.00", "20,000.00")),
        ("rounding", "10.00", ("10.00 元", "880,000.00")),
    ],
)
def test_a_kept_step_is_explained_by_its_figures(app, kind, value, said):
    first = {"kind": "list", "value": "1000000.00", "before": "0.00", "amount": "1000000.00"}
    step = {"kind": kind, "value": value, "before": "900000.00", "amount": "-20000.00"}
    with app.test_request_context():
        sentence = explained([first | {"after": "1000000.00"}, step | {"after": "880000.00"}])[1]
    assert all(words in sentence for words in said), sentence

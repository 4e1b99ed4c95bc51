"""Special discounts: asked for, approved by the right people, and fit for one deal only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.core.actor import acting
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.sales.models import SpecialDiscount
from app.sales.operations.special_discounts import (
    discount_effect,
    own_authority,
    take_special_discount,
)
from app.workflows import engine
from tests.factories.customers import make_customer
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_room_for_sale, price_rooms
from tests.factories.sales import make_hold, make_special

VALUES = {"percent": "2.50", "valid_until": "2026-11-30"}


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(2026, 11, 21, 2)


@pytest.fixture
def room(project):
    """List 5,000,000.00, floor 4,750,000.00."""
    return make_room_for_sale(project=project, floor_total="4750000.00")


@pytest.fixture
def staff(actor_for):
    return {role: actor_for(role) for role in ("consultant", "manager", "director", "gm")}


def ask(room, actor, customer, **values):
    values = {**VALUES, "customer_id": customer.id, **values}
    with acting(actor):
        return engine.submit(
            "special_discount", room.id, values=values, reason="老业主介绍", actor=actor
        )


def approve(request, *actors):
    for actor in actors:
        with acting(actor):
            engine.approve(request.id, actor=actor)
    return request


@pytest.mark.parametrize(
    ("percent", "roles"),
    [
        ("2.00", ["manager"]),
        ("2.01", ["manager", "director"]),
        ("3.00", ["manager", "director"]),
        ("3.01", ["manager", "director", "gm"]),
        ("5.01", ["manager", "director", "gm"]),
    ],
)
def test_the_route_depends_on_the_depth(project, room, staff, percent, roles):
    consultant = staff["consultant"]
    request = ask(room, consultant, make_customer(project, consultant), percent=percent)
    assert [step["role"] for step in request.route] == roles
    assert request.figures["below_floor"] is (percent == "5.01")


def test_below_floor_goes_to_the_top_however_small(project, staff):
    room = make_room_for_sale(project=project, floor_total="4950000.00")
    consultant = staff["consultant"]
    request = ask(room, consultant, make_customer(project, consultant), percent="1.50")
    assert [step["role"] for step in request.route] == ["manager", "director", "gm"]


def test_the_last_yes_grants_it(project, room, staff):
    consultant = staff["consultant"]
    customer = make_customer(project, consultant)
    request = ask(room, consultant, customer)
    approve(request, staff["manager"], staff["director"])
    assert request.state == "approved"
    granted = db.session.get_one(SpecialDiscount, request.result["special_discount_id"])
    assert (granted.room_id, granted.customer_id) == (room.id, customer.id)
    assert (granted.percent, granted.list_total) == (Decimal("2.50"), Decimal("5000000.00"))
    assert granted.valid_until == date(2026, 11, 30)
    assert granted.owner_id == consultant.id
    assert granted.request_id == request.id


def test_what_is_shown_keeps_floor_and_person_to_itself(project, room, staff):
    consultant = staff["consultant"]
    customer = make_customer(project, consultant, name="王小明")
    request = ask(room, consultant, customer, percent="6.00")
    shown = str(request.summary) + str(request.figures) + request.subject_title
    assert "4750000" not in shown
    assert "4,750,000" not in shown
    assert "王小明" not in shown
    assert "王**" in request.subject_title
    totals = next(row for row in request.summary if row["before"] == "5,000,000.00")
    assert totals["after"] == "4,700,000.00"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"percent": "0"}, "percent"),
        ({"percent": "100.00"}, "percent"),
        ({"percent": "2.555"}, "percent"),
        ({"percent": 2.5}, "percent"),
        ({"valid_until": "2026-11-20"}, "valid_until"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"customer_id": "x"}, "customer_id"),
        ({"customer_id": None}, "customer_id"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(project, room, staff, values, field):
    consultant = staff["consultant"]
    with pytest.raises(Invalid) as refused:
        ask(room, consultant, make_customer(project, consultant), **values)
    assert list(refused.value.fields) == [field]


def test_asking_needs_the_right_the_room_and_the_customer(project, room, staff, actor_for):
    consultant = staff["consultant"]
    colleagues = make_customer(project, actor_for("consultant"))
    with pytest.raises(NotFound):
        ask(room, consultant, colleagues)
    with pytest.raises(NotAllowed):
        ask(room, actor_for("cashier"), colleagues)
    far = make_room(project=make_project(), status="available")
    with pytest.raises(NotFound):
        ask(far, consultant, make_customer(project, consultant))


def test_a_room_that_cannot_be_had_is_not_asked_for(project, staff, actor_for):
    consultant = staff["consultant"]
    customer = make_customer(project, consultant)
    building = make_building(project)
    with pytest.raises(WrongState):
        ask(make_room(building, status="unreleased"), consultant, customer)
    with pytest.raises(WrongState):
        ask(make_room(building, status="available"), consultant, customer)  # has no price
    taken = make_room_for_sale(building)
    make_hold(taken, actor_for("consultant"))
    with pytest.raises(Conflict) as refused:
        ask(taken, consultant, customer)
    assert refused.value.code == "room_taken"


def test_it_may_be_asked_for_ones_own_and_the_customers_hold(project, staff, actor_for):
    consultant = staff["consultant"]
    customer = make_customer(project, consultant)
    building = make_building(project)
    own, for_him = make_room_for_sale(building), make_room_for_sale(building)
    make_hold(own, consultant)
    make_hold(for_him, actor_for("manager"), customer=customer)
    assert ask(own, consultant, customer).state == "running"
    assert ask(for_him, consultant, customer).state == "running"


def test_another_price_voids_what_was_sent(project, room, staff, clock_at):
    consultant = staff["consultant"]
    request = ask(room, consultant, make_customer(project, consultant))
    clock_at(2026, 11, 21, 3)
    price_rooms([room], "5100000.00")
    approve(request, staff["manager"], staff["director"])
    assert request.state == "voided"
    assert db.session.query(SpecialDiscount).count() == 0


def test_an_approval_after_the_day_grants_nothing(project, room, staff, clock_at):
    consultant = staff["consultant"]
    request = ask(room, consultant, make_customer(project, consultant))
    clock_at(2026, 12, 1, 2)
    approve(request, staff["manager"], staff["director"])
    assert request.state == "failed"
    assert "customer" not in str(request.failure)
    assert db.session.query(SpecialDiscount).count() == 0


def take(special, **values):
    values = {
        "room_id": special.room_id,
        "buyer_ids": [special.customer_id],
        "list_total": special.list_total,
        **values,
    }
    return take_special_discount(special.id, **values)


def test_it_fits_one_room_buyer_and_price_until_its_day(project, room, staff):
    consultant = staff["consultant"]
    customer = make_customer(project, consultant)
    special = make_special(room, customer, consultant)
    assert take(special).id == special.id
    unfit = [
        {"room_id": room.id + 1},
        {"buyer_ids": [customer.id + 1]},
        {"list_total": Decimal("5000000.01")},
    ]
    for values in unfit:
        with pytest.raises(Invalid) as refused:
            take(special, **values)
        assert refused.value.code == "special_discount_unfit"
    with pytest.raises(Invalid, match="2026-11-20"):
        take(make_special(room, customer, consultant, valid_until=date(2026, 11, 20)))
    used = make_special(room, customer, consultant, used_at=datetime(2026, 11, 20, tzinfo=UTC))
    with pytest.raises(Invalid):
        take(used)


def test_a_colleagues_discount_is_not_found(project, room, staff, actor_for):
    colleague = actor_for("consultant")
    special = make_special(room, make_customer(project, colleague), colleague)
    with acting(staff["consultant"]), pytest.raises(NotFound):
        take(special)
    with acting(staff["manager"]):
        assert take(special).id == special.id


def test_the_effect_is_of_this_discount_alone(room):
    assert discount_effect(room, Decimal("5.00")).total == Decimal("4750000.00")
    assert not discount_effect(room, Decimal("5.00")).below_floor
    assert discount_effect(room, Decimal("5.01")).below_floor


def test_own_authority_is_the_directors_and_never_an_agencys(project, actor_for):
    director = actor_for("director")
    assert own_authority(Decimal("3.00"), director, project.id) == "director"
    assert own_authority(Decimal("3.01"), director, project.id) is None
    assert own_authority(Decimal("0.01"), actor_for("manager"), project.id) is None
    assert own_authority(Decimal("1.00"), actor_for(["agency", "director"]), project.id) is None


def test_within_his_own_authority_the_director_grants_at_once(project, room, staff):
    director = staff["director"]
    customer = make_customer(project, staff["consultant"])
    request = ask(room, director, customer, percent="3.00")
    assert request.state == "approved"
    granted = db.session.get_one(SpecialDiscount, request.result["special_discount_id"])
    assert (granted.percent, granted.owner_id) == (Decimal("3.00"), director.id)
    (task,) = request.tasks
    assert (task.decision, task.decided_by_id, task.role) == ("approve", director.id, "director")
    assert len(request.route) == 1


def test_beyond_it_or_below_the_floor_the_way_is_the_usual_one(project, room, staff):
    director = staff["director"]
    customer = make_customer(project, staff["consultant"])
    request = ask(room, director, customer, percent="3.01")
    assert request.state == "running"
    assert [step["role"] for step in request.route] == ["manager", "gm"]
    low = make_room_for_sale(project=project, floor_total="4990000.00")
    assert ask(low, director, customer, percent="1.00").state == "running"


def test_the_preview_shows_the_one_step(project, room, staff):
    director = staff["director"]
    customer = make_customer(project, staff["consultant"])
    with acting(director):
        seen = engine.preview_route(
            "special_discount",
            room.id,
            values={**VALUES, "customer_id": customer.id},
            actor=director,
        )
    assert [step["role"] for step in seen.steps] == ["director"]
    assert db.session.query(SpecialDiscount).count() == 0

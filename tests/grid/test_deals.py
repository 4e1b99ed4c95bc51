"""What a deal shows on the grid: names for those who may, marks as the money comes in."""

from __future__ import annotations

from decimal import Decimal

from app.core.actor import acting
from app.finance import operations as finance
from app.sales.operations import SubscriptionOrder, subscribe
from tests.factories.customers import make_customer
from tests.factories.finance import make_book
from tests.factories.grid import grid_of, make_tower
from tests.factories.pricing import make_payment_method
from tests.factories.sales import make_hold


def sell(room, actor, *names, project):
    """The room subscribed by the actor for buyers of these names."""
    buyers = [make_customer(project, actor, name=name) for name in names]
    method = make_payment_method(project)
    shares = [Decimal("60.00"), Decimal("40.00")] if len(names) == 2 else [Decimal("100.00")]
    with acting(actor):
        return subscribe(
            SubscriptionOrder(
                room_id=room.id,
                payment_method_id=method.id,
                discount_ids=[],
                special_discount_id=None,
                buyers=[(one.id, share) for one, share in zip(buyers, shares, strict=True)],
            ),
            actor=actor,
        )


def test_a_sold_room_names_buyer_and_consultant_masked(project, actor_for):
    rooms = make_tower(project)
    seller = actor_for("consultant", first_name="陈小明")
    sell(rooms[0], seller, "王大力", "李四", project=project)
    room = one_room(grid_of(project.id, actor_for("controller")), rooms[0])
    assert (room["status"], room["buyer"], room["consultant"]) == ("subscribed", "王**", "陈")
    assert room["marks"] == ["deposit_awaited"]


def test_a_colleague_does_not_read_the_buyer(project, actor_for):
    rooms = make_tower(project)
    seller = actor_for("consultant", first_name="陈小明")
    sell(rooms[0], seller, "王大力", project=project)
    held = make_customer(project, seller, name="赵六")
    make_hold(rooms[1], seller, customer=held)
    colleague = grid_of(project.id, actor_for("consultant"))
    for room in (one_room(colleague, rooms[0]), one_room(colleague, rooms[1])):
        assert (room["buyer"], room["consultant"]) == (None, "陈")
    own = grid_of(project.id, seller)
    assert one_room(own, rooms[0])["buyer"] == "王**"
    assert one_room(own, rooms[1])["buyer"] == "赵**"
    assert one_room(own, rooms[1])["until"].endswith("Z")


def test_money_moves_the_marks(project, actor_for, clock_at):
    rooms = make_tower(project)
    deal = sell(rooms[0], actor_for("consultant"), "王大力", project=project)
    cashier = actor_for("cashier")
    take(deal, "40000.00", cashier)
    assert marks_of(project, rooms[0], cashier) == ["deposit_short"]
    take(deal, "60000.00", cashier)
    assert marks_of(project, rooms[0], cashier) == []
    clock_at(2099, 1, 1)
    # The rest hangs on the contract and has no day yet: nothing is overdue.
    assert marks_of(project, rooms[0], cashier) == []
    take(deal, str(deal.deal_total - 100000), cashier)
    assert marks_of(project, rooms[0], cashier) == ["paid"]


def test_an_unpaid_day_gone_by_is_arrears(project, actor_for, clock_at):
    rooms = make_tower(project)
    clock_at(2026, 11, 20, 4)
    sell(rooms[0], actor_for("consultant"), "王大力", project=project)
    cashier = actor_for("cashier")
    assert marks_of(project, rooms[0], cashier) == ["deposit_awaited"]
    clock_at(2026, 11, 21, 4)
    assert marks_of(project, rooms[0], cashier) == ["deposit_awaited", "arrears"]


def one_room(found, room):
    return next(one for one in found["rooms"] if one["id"] == room.id)


def marks_of(project, room, actor):
    return one_room(grid_of(project.id, actor), room)["marks"]


def take(deal, amount, cashier):
    """Money received on the deal."""
    make_book(deal.project, cashier)
    with acting(cashier):
        receipt = finance.create_slip(
            account_id=deal.account_id,
            amount=Decimal(amount),
            method="cash",
            payer="王大力",
            actor=cashier,
        )
        finance.confirm_receipt(receipt.id, actor=cashier)

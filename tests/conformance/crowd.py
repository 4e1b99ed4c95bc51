"""Rows by the dozen, so that a page that asks once per row gives itself away."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.admin.principal import read_actor
from app.core.actor import acting
from app.core.db import db
from app.estate.models import Project
from app.finance.operations import confirm_receipt
from app.sales.models import Subscription
from tests.conformance.office import Office
from tests.factories.customers import make_customer
from tests.factories.devices import make_device, make_hook, make_job, make_station
from tests.factories.estate import make_building, make_entrance, make_house_type, make_permit
from tests.factories.finance import make_book, make_slip
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.pricing import (
    make_discount,
    make_payment_method,
    make_plan,
    make_room_for_sale,
)
from tests.factories.sales import make_hold, make_special, make_subscription


def add_crowd(office: Office, count: int) -> None:
    """Add ``count`` rows of everything that people work with in the first project."""
    project = db.session.get_one(Project, office.project)
    seller, cashier = (read_actor(office.users[name]) for name in ("consultant1", "cashier"))
    assert seller is not None
    assert cashier is not None
    make_book(project, cashier, prefix="ZZ", first_number=1, last_number=900, next_number=1)
    for number in range(count):
        building = _places(project, number)
        _deal(building, seller, cashier)
        _terms(building, number)
        make_user(["consultant"], projects=[project])
        make_project(make_organization())
        station = make_station(project)
        make_job(make_device(station))
        make_hook(project, device_kind=f"kind{number}")
    _pay_in_parts(office, cashier, count)
    db.session.commit()


def _pay_in_parts(office: Office, cashier: Any, count: int) -> None:
    """Give the office's own deal many receipts, so that its own pages are long."""
    account = db.session.get_one(Subscription, office.ids["subscription"]).account
    with acting(cashier):
        for _each in range(count):
            confirm_receipt(make_slip(account, amount="10.00").id, actor=cashier)


def _places(project: Any, number: int) -> Any:
    building = make_building(project, name=f"增{number}栋")
    make_entrance(building)
    make_house_type(project)
    make_permit(project, [building])
    return building


def _deal(building: Any, seller: Any, cashier: Any) -> None:
    project = building.project
    with acting(seller):
        customer = make_customer(project, seller)
        make_hold(make_room_for_sale(building), seller, customer_id=customer.id)
        wished = make_room_for_sale(building)
        make_special(wished, customer, seller)
        deal = make_subscription(
            make_room_for_sale(building), seller, buyers=[(customer, Decimal(100))]
        )
    with acting(cashier):
        slip = make_slip(deal.account, amount="1000.00")
        make_slip(deal.account, amount="2000.00")
        confirm_receipt(slip.id, actor=cashier)


def _terms(building: Any, number: int) -> None:
    project = building.project
    make_discount(project, name=f"增{number}折")
    make_payment_method(project, name=f"增{number}付")
    make_plan([make_room_for_sale(building)])

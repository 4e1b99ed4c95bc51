"""Factories: customers, with made-up numbers that pass their checks."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from sqlalchemy import select
from stdnum.cn import ric

from app.admin.models import AppUser
from app.core.db import db
from app.customers.documents import read_document
from app.customers.models import Customer
from app.estate.models import Project

_numbers = itertools.count(1)


def make_mobile() -> str:
    return f"138{next(_numbers):08d}"


def make_resident_id(birthday: date = date(1990, 1, 1), serial: int | None = None) -> str:
    """A number of a district that never was, so that it is nobody's."""
    number = f"110100{birthday:%Y%m%d}{(serial or next(_numbers)) % 1000:03d}"
    return number + ric.calc_check_digit(number + "0")


def make_customer(
    project: Project, owner: Any, *, document: str | None = "new", **values: Any
) -> Customer:
    """A person with phone and, unless ``document`` is None, an identity card.

    ``owner`` is a user or an actor.
    """
    mobile = values.pop("mobile", None) or make_mobile()
    values = {"kind": "person", "name": f"王{next(_numbers)}", **values}
    customer = Customer(
        project_id=project.id,
        owner_id=owner.id,
        mobile=mobile,
        mobile_tail=mobile[-4:],
        **values,
    )
    db.session.add(customer)
    db.session.flush()
    if document is not None:
        read = read_document("person", None, make_resident_id() if document == "new" else document)
        assert read is not None
        customer.id_kind = read.kind
        customer.id_number_hash = read.fingerprint
        customer.id_number_tail = read.tail
        customer.id_number_cipher = read.encrypted_for(customer.id)
        db.session.flush()
    return customer


def rename_user(user_id: int, name: str) -> AppUser:
    user = db.session.scalars(select(AppUser).where(AppUser.id == user_id)).one()
    user.first_name = name
    db.session.flush()
    return user

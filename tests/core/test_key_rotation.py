"""Changing FIELD_KEY: all rows come under the new one, stopped at any place and begun again."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from app.core import key_rotation, secrets
from app.core.db import Base, db
from app.customers.documents import CIPHER, open_number
from app.customers.models import Customer
from app.customers.queries import search_customers
from tests.database import KEYS
from tests.factories.customers import make_customer, make_resident_id


@pytest.fixture
def new_key(people):
    """From now on there is another key; what is there stays under the one of before."""
    del people
    secrets.use_field_key("the-new-key", KEYS["FIELD_KEY"])
    yield
    secrets.use_field_key(KEYS["FIELD_KEY"])


@pytest.fixture
def people(project, user_for):
    """Customers under the old key, with their numbers."""
    owner = user_for("consultant")
    numbers = [make_resident_id() for _ in range(5)]
    made = [make_customer(project, owner, document=number) for number in numbers]
    return {one.id: number for one, number in zip(made, numbers, strict=True)}


def rotate(monkeypatch, steps=None):
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    after, changed = 0, 0
    while steps is None or steps > 0:
        outcome = key_rotation.rotate_batch(CIPHER, after)
        if outcome is None:
            break
        after, changed = outcome[0], changed + outcome[1]
        steps = None if steps is None else steps - 1
    db.session.expire_all()
    return changed


def ciphers(ids):
    rows = db.session.execute(select(Customer.id, Customer.id_number_cipher)).all()
    return {row[0]: row[1] for row in rows if row[0] in ids}


@pytest.mark.usefixtures("new_key")
def test_stopped_half_way_everything_opens_and_is_found(people, monkeypatch):
    assert rotate(monkeypatch, steps=1) == 2
    for customer_id, number in people.items():
        assert open_number(ciphers(people)[customer_id], customer_id) == number
        assert [one.id for one in search_customers(number)] == [customer_id]


@pytest.mark.usefixtures("new_key")
def test_begun_again_it_does_the_rest_and_the_old_key_is_not_needed(people, monkeypatch):
    rotate(monkeypatch, steps=1)
    assert rotate(monkeypatch) == 3
    assert rotate(monkeypatch) == 0
    secrets.use_field_key("the-new-key")
    for customer_id, number in people.items():
        assert open_number(ciphers(people)[customer_id], customer_id) == number
        assert [one.id for one in search_customers(number)] == [customer_id]


@pytest.mark.usefixtures("new_key")
def test_a_value_that_no_key_opens_stops_it_loudly(people, monkeypatch):
    first = min(people)
    db.session.execute(
        text(
            "UPDATE customers_customer SET id_number_cipher ="
            " (SELECT id_number_cipher FROM customers_customer WHERE id = :other) WHERE id = :id"
        ),
        {"id": first, "other": max(people)},
    )
    with pytest.raises(InvalidTag):
        rotate(monkeypatch)


@pytest.mark.usefixtures("app")
def test_every_column_of_ciphertext_is_known_to_the_rotation():
    known = {(one.table, one.column) for one in key_rotation.encrypted_columns()}
    columns = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_cipher")
    }
    assert columns
    assert columns | {("admin_second_factor", "secret")} <= known

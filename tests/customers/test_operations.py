"""Registering, changing and uncovering customers."""

from __future__ import annotations

from datetime import date

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from app.core.actor import acting
from app.core.audit import list_entries
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.customers import operations
from app.customers.models import Customer
from tests.factories.customers import make_customer, make_mobile, make_resident_id, rename_user
from tests.factories.people import make_project

CREDIT_CODE = "91350100M000100Y43"


def register(actor, project, **values):
    values = {
        "kind": "person",
        "name": "王小明",
        "mobile": "138 0013 8000",
        "consent": True,
        **values,
    }
    with acting(actor):
        return operations.register_customer(project_id=project.id, actor=actor, **values)


def test_registering_fills_in_what_the_identity_card_says(actor_for, project, clock_at):
    clock_at(2026, 11, 21, 2)
    actor = actor_for("consultant")
    number = make_resident_id(date(1988, 3, 4), 112)
    customer = register(actor, project, id_kind="resident_id", id_number=number.lower())
    assert (customer.mobile, customer.mobile_tail) == ("13800138000", "8000")
    assert customer.birthday == date(1988, 3, 4)
    assert customer.sex == "female"
    assert customer.owner_id == actor.id
    assert customer.consented_at is not None
    assert customer.id_number_tail == number[-4:]
    assert customer.masked_name == "王**"


def test_the_number_is_kept_encrypted_for_its_row_only(actor_for, project):
    actor = actor_for("consultant")
    number = make_resident_id()
    customer = register(actor, project, id_number=number)
    assert customer.id_kind == "resident_id"
    with acting(actor):
        assert operations.reveal_identity_number(customer, actor=actor) == number
    row = db.session.execute(
        text("SELECT to_jsonb(c)::text FROM customers_customer c WHERE id = :id"),
        {"id": customer.id},
    ).scalar_one()
    assert number not in row
    entries = "".join(
        db.session.scalars(text("SELECT concat(before::text, after::text) FROM core_audit_entry"))
    )
    assert number not in entries
    assert "13800138000" not in entries
    assert "王小明" not in entries


def test_a_ciphertext_moved_to_another_row_does_not_open(actor_for, project):
    actor = actor_for("consultant")
    one, other = (make_customer(project, actor) for _ in range(2))
    other.id_number_cipher = one.id_number_cipher
    with acting(actor), pytest.raises(InvalidTag):
        operations.reveal_identity_number(other, actor=actor)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"mobile": "1380013800"}, "mobile"),
        ({"mobile": "01012345678"}, "mobile"),
        ({"id_number": "110100199001011234"}, "id_number"),
        ({"id_kind": "library_card", "id_number": "A123456"}, "id_kind"),
        ({"id_kind": "credit_code", "id_number": CREDIT_CODE}, "id_kind"),
        ({"id_kind": "passport", "id_number": "?"}, "id_number"),
        ({"kind": "company", "id_number": "91350100M000100Y44"}, "id_number"),
        ({"kind": "ghost"}, "kind"),
        ({"sex": "x"}, "sex"),
        ({"birthday": date(2999, 1, 1)}, "birthday"),
        ({"address": "路" * 201}, "address"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(actor_for, project, values, field):
    with pytest.raises(Invalid) as refused:
        register(actor_for("consultant"), project, **values)
    assert list(refused.value.fields) == [field]
    assert str(refused.value.fields[field]) == str(refused.value.message)
    assert db.session.scalar(select(Customer).limit(1)) is None


def test_everything_wrong_is_named_at_once(actor_for, project):
    with pytest.raises(Invalid) as refused:
        register(actor_for("consultant"), project, name="", mobile="1", id_number="2")
    assert set(refused.value.fields) == {"name", "mobile", "id_number"}


def test_a_company_is_known_by_its_credit_code(actor_for, project):
    customer = register(
        actor_for("consultant"), project, kind="company", id_kind="other", id_number=CREDIT_CODE
    )
    assert customer.id_kind == "credit_code"
    assert customer.sex is None


def test_other_documents_are_taken_as_they_are_written(actor_for, project):
    customer = register(actor_for("consultant"), project, id_kind="passport", id_number="e 1234567")
    assert customer.id_number_tail == "4567"


@pytest.mark.parametrize("same", ["mobile", "id_number"])
def test_a_colleagues_customer_is_a_duplicate_without_giving_it_away(actor_for, project, same):
    colleague, actor = actor_for("consultant"), actor_for("consultant")
    rename_user(colleague.id, "陈顾问")
    number = make_resident_id()
    first = make_customer(project, colleague, document=number, name="李秘密")
    given = {"mobile": first.mobile} if same == "mobile" else {"id_number": number}
    with pytest.raises(Conflict) as refused:
        register(actor, project, **given)
    assert refused.value.code == "duplicate"
    assert refused.value.details == {}
    assert "陈顾问" in str(refused.value)
    assert "李" not in str(refused.value)
    assert list(refused.value.fields) == [same]


def test_a_duplicate_of_ones_own_or_seen_by_a_manager_carries_its_id(actor_for, project):
    actor, manager = actor_for("consultant"), actor_for("manager")
    first = make_customer(project, actor)
    for who in (actor, manager):
        with pytest.raises(Conflict) as refused:
            register(who, project, mobile=first.mobile)
        assert refused.value.details == {"customer_id": first.id}


def test_another_project_may_know_the_same_person(actor_for, project):
    other = make_project()
    elsewhere = make_customer(other, actor_for("consultant", project=other))
    assert register(actor_for("consultant"), project, mobile=elsewhere.mobile).id != elsewhere.id


def test_a_project_outside_scope_is_not_found(actor_for):
    with pytest.raises(NotFound):
        register(actor_for("consultant"), make_project())


@pytest.mark.parametrize("role", ["cashier", "controller", "gm", "admin"])
def test_who_has_no_customers_registers_none(actor_for, project, role):
    with pytest.raises(NotAllowed):
        register(actor_for(role), project)


def test_changing_keeps_what_is_not_named(actor_for, project):
    actor = actor_for("consultant")
    customer = make_customer(project, actor, address="深圳", name="王一")
    cipher = customer.id_number_cipher
    mobile = make_mobile()
    with acting(actor):
        operations.edit_customer(customer, mobile=mobile, remark="喜欢高层", actor=actor)
    db.session.refresh(customer)
    assert (customer.mobile, customer.address, customer.name) == (mobile, "深圳", "王一")
    assert customer.id_number_cipher == cipher


def test_entering_the_document_later_fills_in_the_birthday(actor_for, project):
    actor = actor_for("consultant")
    customer = make_customer(project, actor, document=None)
    with acting(actor):
        operations.edit_customer(
            customer, id_number=make_resident_id(date(1979, 12, 31)), actor=actor
        )
    assert customer.birthday == date(1979, 12, 31)
    assert customer.has_document


def test_changing_to_a_taken_phone_is_refused(actor_for, project):
    actor = actor_for("consultant")
    one, other = (make_customer(project, actor) for _ in range(2))
    with acting(actor), pytest.raises(Conflict) as refused:
        operations.edit_customer(one, mobile=other.mobile, actor=actor)
    assert refused.value.code == "duplicate"


def test_a_colleague_changes_nothing_and_a_manager_may(actor_for, project):
    owner, colleague, manager = (
        actor_for("consultant"),
        actor_for("consultant"),
        actor_for("manager"),
    )
    customer = make_customer(project, owner)
    with pytest.raises(NotAllowed):
        operations.edit_customer(customer, remark="x", actor=colleague)
    operations.edit_customer(customer, remark="x", actor=manager)
    assert customer.remark == "x"


def test_seeing_the_whole_is_logged_and_only_for_owner_and_director(actor_for, project):
    owner, manager, director = (actor_for(role) for role in ("consultant", "manager", "director"))
    customer = make_customer(project, owner)
    with pytest.raises(NotAllowed):
        operations.reveal_identity_number(customer, actor=manager)
    with acting(director):
        operations.reveal_identity_number(customer, actor=director)
        assert operations.reveal_mobile(customer, actor=director) == customer.mobile
    logged = [
        (entry.actor, entry.after)
        for entry in list_entries("customers_customer", customer.id)
        if entry.action == "reveal"
    ]
    assert sorted(logged, key=str) == [
        (director.key, {"field": "id_number"}),
        (director.key, {"field": "mobile"}),
    ]


def test_a_customer_without_document_has_nothing_to_show(actor_for, project):
    actor = actor_for("consultant")
    with pytest.raises(NotFound):
        operations.reveal_identity_number(make_customer(project, actor, document=None), actor=actor)


def test_a_change_that_comes_second_is_told_of_the_first(actor_for, project, monkeypatch):
    """The other registered after the look and before the write."""
    actor = actor_for("consultant")
    first = register(actor, project)
    second = register(actor, project, mobile="13900139000")
    look, looks = operations.find_duplicate, []

    def find(**wanted):
        looks.append(wanted)
        return None if len(looks) == 1 else look(**wanted)

    monkeypatch.setattr(operations, "find_duplicate", find)
    with acting(actor), pytest.raises(Conflict) as refused:
        operations.edit_customer(second, mobile=first.mobile, actor=actor)
    assert refused.value.code == "duplicate"
    assert refused.value.details == {"customer_id": first.id}

"""Customers are found by name, pinyin, initials and tails, by those who may see them."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, select, text

from app.core import clock
from app.core.actor import acting
from app.core.db import db
from app.customers import operations, privacy
from app.customers.models import Customer
from app.customers.queries import search_customers
from app.customers.search_keys import keys_of
from config import sqlalchemy_url
from tests.factories.customers import make_customer, make_resident_id
from tests.factories.people import make_project, make_user


def found(actor, q, **more):
    with acting(actor):
        return [customer.name for customer in search_customers(q, **more)]


@pytest.fixture
def consultant(actor_for):
    return actor_for("consultant")


@pytest.fixture
def wang(project, consultant):
    made = make_customer(
        project, consultant, name="王小明", mobile="13912345678", document=make_resident_id()
    )
    make_customer(project, consultant, name="李四", mobile="13800000000", document=None)
    return made


@pytest.mark.parametrize(
    "typed",
    [
        "王小明",
        "小明",
        "明",
        "wangxiaoming",
        "Wang Xiao",
        "xiaoming",
        "wxm",
        "WX",
        "xm",
        "ｗｘｍ",
        "5678",
        "678",
        "12345",
        "139-1234",
        "139 1234 5678",
        "+8613912345678",
    ],
)
def test_ways_to_type_a_customer(consultant, wang, typed):
    assert found(consultant, typed) == [wang.name]


def test_the_tail_of_the_identity_number_and_the_whole(consultant, project):
    number = make_resident_id()
    make_customer(project, consultant, name="赵六", document=number, mobile="13800000001")
    assert found(consultant, number[-4:].lower()) == ["赵六"]
    assert found(consultant, number.lower()) == ["赵六"]
    assert found(consultant, number[:-1]) == []


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("单雄信", ("shanxiongxin", "danxiongxin", "sxx", "dxx")),
        ("重耳", ("chonger", "zhonger", "ce")),
        ("曾国藩", ("zengguofan", "cengguo", "zgf")),
        ("仇英", ("qiuying", "chouying")),
        ("万俟卨", ("moqixie", "wanqixie")),
        ("吕布", ("lvbu", "lubu", "lb")),
        ("买买提·艾力", ("买提艾", "艾力", "aili", "maimaiti")),
        ("John Smith", ("john s", "smith")),
        ("深圳市万科房地产有限公司", ("万科", "wankefang", "wkfdc")),
    ],
)
def test_signs_that_are_read_in_several_ways(consultant, project, name, typed):
    make_customer(project, consultant, name=name)
    for one in typed:
        assert found(consultant, one) == [name], one


@pytest.mark.parametrize(
    "typed", ["%", "_", "王%", "王_明", "\\", "·", "-", "'", "字" * 200, "x" * 200]
)
@pytest.mark.usefixtures("wang")
def test_odd_words_find_nothing(consultant, typed):
    assert found(consultant, typed) == []


@pytest.mark.usefixtures("wang")
def test_nothing_typed_is_everything(consultant):
    assert len(found(consultant, "  ")) == 2


def test_no_key_opens_what_is_not_ones_own(wang, actor_for):
    colleague, elsewhere = actor_for("consultant"), actor_for("consultant", project=make_project())
    for typed in ("王", "wxm", "wangxiaoming", "5678", "12345", "13912345678", wang.id_number_tail):
        assert found(colleague, typed) == [], typed
        assert found(elsewhere, typed) == [], typed


def test_a_manager_cannot_guess_the_middle_of_a_phone(wang, actor_for):
    manager = actor_for("manager")
    assert found(manager, "5678") == found(manager, "13912345678") == [wang.name]
    assert found(manager, "1234") == found(manager, "91234") == []


def test_keys_follow_the_name_and_the_phone(consultant, wang):
    with acting(consultant):
        operations.edit_customer(wang, name="张伟", mobile="13700009999", actor=consultant)
    assert found(consultant, "wxm") == found(consultant, "5678") == []
    assert found(consultant, "zw") == found(consultant, "9999") == ["张伟"]


def test_registered_customers_have_keys(consultant, project):
    with acting(consultant):
        operations.register_customer(
            project_id=project.id,
            kind="person",
            name="钱多多",
            mobile="13711112222",
            consent=True,
            actor=consultant,
        )
    assert found(consultant, "qdd") == ["钱多多"]


def test_what_is_changed_by_hand_leaves_no_old_keys(consultant, wang):
    db.session.execute(
        text("UPDATE customers_customer SET name = '郑和' WHERE id = :id"), {"id": wang.id}
    )
    db.session.expire_all()
    assert found(consultant, "wxm") == found(consultant, "王小") == []
    assert found(consultant, "郑") == ["郑和"]


def test_the_anonymized_are_not_found(wang, consultant, actor_for):
    manager, director, tail = actor_for("manager"), actor_for("director"), wang.id_number_tail
    with acting(director):
        privacy.anonymize_customer(wang, reason="wished it", actor=director)
    assert db.session.scalar(select(Customer.search_keys).where(Customer.id == wang.id)) == ""
    for actor in (consultant, manager, director):
        for typed in ("王", "wxm", "5678", "13912345678", tail):
            assert found(actor, typed) == [], typed


def test_the_audit_keeps_no_keys(wang, consultant, session):
    with acting(consultant):
        operations.edit_customer(wang, name="张伟", actor=consultant)
    kept = session.scalars(
        text(
            "SELECT coalesce(before::text, '') || coalesce(after::text, '') FROM core_audit_entry"
            " WHERE table_name = 'customers_customer'"
        )
    ).all()
    assert kept
    assert not any("wxm" in one or "王小明" in one or "zhangwei" in one for one in kept)


@pytest.mark.commit
def test_the_migration_fills_the_keys_and_goes_back(committed):
    from flask_migrate import downgrade, upgrade

    project = make_project()
    owner = make_user("consultant", projects=[project])
    kept = make_customer(project, owner, name="单雄信", document=None).id
    gone = make_customer(project, owner, name="*", document=None)
    gone.anonymized_at = clock.now()
    db.session.commit()
    gone_id = gone.id
    db.session.remove()
    committed.app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    downgrade(revision="9e2b64d0c7f3")
    upgrade()
    engine = create_engine(sqlalchemy_url(committed.url))
    with engine.connect() as connection:
        rows = dict(
            connection.execute(text("SELECT id, search_keys FROM customers_customer")).all()
        )
        off = connection.scalar(
            text(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'customers_customer'::regclass"
                " AND tgenabled = 'D'"
            )
        )
    engine.dispose()
    assert rows[kept].startswith(keys_of("单雄信"))
    assert rows[gone_id] == ""
    assert off == 0

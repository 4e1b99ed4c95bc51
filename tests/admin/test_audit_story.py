"""The audit page: a story in words, searched, scoped, paged and taken out."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from sqlalchemy import event, select, text

from app.admin.audit_scope import audit_scope
from app.admin.principal import read_actor
from app.core.actor import acting, system_actor
from app.core.audit import AuditEntry, Search, StepKey, list_steps, read_steps
from app.core.db import db
from app.pricing.models import RoomPrice
from app.web.story import tell
from app.web.story_words import Names
from tests.factories.customers import make_customer
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_hold


@pytest.fixture
def admin(client, sign_in, user_for):
    return sign_in(client, user_for("admin", project=None, whole_group=True))


def story(client, path="/audit/list/", status=200):
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:500]
    return re.sub(r"<[^>]+>|\s+", " ", answer.text)


@pytest.fixture
def held(project, actor_for, session):
    """A room held for a customer: several tables, one step."""
    consultant = actor_for("consultant")
    customer = make_customer(project, consultant, name="公孙大娘")
    room = make_room_for_sale(project=project)
    with acting(consultant):
        db.session.execute(
            text("SELECT set_config('xiaokong.actor', :key, true)"), {"key": consultant.key}
        )
        make_hold(room, consultant, customer=customer, reason="回家商量")
    session.commit()
    return room, customer, consultant


def test_one_step_for_one_transaction_with_names_and_words(admin, held):
    room, customer, consultant = held
    told = story(admin, f"/audit/list/?object=estate_room:{room.id}")
    assert consultant.name in told
    assert "置业顾问" in told
    assert "回家商量" in told
    assert room.title in told
    assert customer.masked_name in told
    assert "公孙大娘" not in told
    for raw in ("estate_room", "sales_hold", "row_id", "reserved", "holder_id", "None"):
        assert raw not in re.sub(r"Page.*", "", told.split("最新在前")[0].split("清空")[-1]), raw


def test_it_is_found_by_name_person_time_kind_and_project(admin, held, project):
    room, _customer, consultant = held
    base = f"/audit/list/?table=estate_room&q={room.number}"
    assert "回家商量" in story(admin, base)
    assert "回家商量" in story(admin, f"/audit/list/?person={consultant.id}")
    assert "回家商量" not in story(admin, "/audit/list/?person=1999999")
    assert "回家商量" in story(admin, f"{base}&step=changed&project={project.id}")
    assert "回家商量" not in story(admin, f"{base}&until=2000-01-01")
    assert "回家商量" not in story(admin, f"{base}&step=revealed")
    assert "没有符合的对象" in story(admin, "/audit/list/?table=estate_room&q=没有这间房")


@pytest.mark.parametrize(
    "query",
    [
        "object=nothing:1",
        "object=estate_room:99999999999999999999",
        "table=pg_class&q=x",
        "person=-1&project=x&since=2026-13-45&step=nonsense",
        "before=rubbish~user:1",
        "before=2026-11-22T00:00:00~user:1",
        "q=" + "a" * 5000,
        "table=estate_room&q=%25%5C_",
    ],
)
def test_nonsense_in_the_address_is_left_out(admin, query):
    story(admin, f"/audit/list/?{query}")


def test_a_deleted_record_is_found_by_its_old_name(admin, session):
    node = make_organization(name="撤销的分公司")
    session.delete(node)
    session.commit()
    told = story(admin, "/audit/list/?table=admin_organization&q=撤销的分公司&step=deleted")
    assert "删除" in told.split("清空")[-1]
    assert "撤销的分公司" in told.split("最新在前")[0]


def test_pages_follow_each_other_without_gap_or_repeat(session):
    for number in range(7):
        session.execute(
            text(
                "INSERT INTO core_audit_entry (at, actor, action, table_name, row_id)"
                " SELECT timestamptz '2031-01-01' + make_interval(secs => :number),"
                " 'user:' || w, 'export', 'estate_room', NULL FROM generate_series(1, 3) w"
            ),
            {"number": number},
        )
    found, before = [], None
    search = Search(actions=("export",))
    while keys := list_steps(search, scope=None, before=before, limit=4):
        found += keys
        before = keys[-1]
    assert len(found) == len(set(found)) == 21
    assert found == sorted(found, reverse=True)


def test_the_administrator_of_a_region_reads_his_own(client, sign_in, session):
    north, south = make_organization(name="北区"), make_organization(name="南区")
    mine, theirs = make_project(north, name="北苑"), make_project(south, name="南苑")
    admin = make_user("admin", organization=north)
    own = make_user("consultant", projects=[mine], first_name="北区顾问")
    other = make_user("consultant", projects=[theirs], first_name="南区顾问")
    for project, user in ((mine, own), (theirs, other)):
        for table, number in (("estate_room", project.id), ("ab_user", None)):
            session.execute(
                text(
                    "INSERT INTO core_audit_entry (at, actor, action, table_name, row_id,"
                    " project_id) VALUES (:at, :actor, 'export', :table, :row, :project)"
                ),
                {
                    "at": f"2031-01-0{1 + project.id % 9} 00:00:0{1 if number else 2}",
                    "actor": f"user:{user.id}",
                    "table": table,
                    "row": None if number else user.id,
                    "project": number,
                },
            )
    session.commit()
    sign_in(client, admin)
    told = story(client, "/audit/list/?step=exported")
    assert "北区顾问" in told
    assert "南区顾问" not in told
    foreign = session.scalars(
        select(AuditEntry.id).where(AuditEntry.actor == f"user:{other.id}")
    ).all()
    assert foreign
    assert [client.get(f"/audit/show/{one}").status_code for one in foreign] == [404, 404]
    assert story(client, f"/audit/list/?person={other.id}").count("南区顾问") <= 1
    assert audit_scope(read_actor(admin.id)).projects == {mine.id}


def test_a_guessed_id_in_the_address_names_nobody_from_elsewhere(
    client, sign_in, session, held, project
):
    room, customer, _consultant = held
    stranger, mine = make_user("consultant", projects=[project]), make_project()
    regional = sign_in(client, make_user("admin", projects=[mine]))
    session.commit()
    for asked, name in (
        (f"object=estate_room:{room.id}", room.title),
        (f"object=customers_customer:{customer.id}", customer.masked_name),
        (f"object=estate_project:{project.id}", project.name),
        (f"project={project.id}", project.name),
        (f"person={stranger.id}", stranger.full_name),
    ):
        told = story(regional, f"/audit/list/?{asked}")
        assert name not in told, asked
    assert mine.name in story(regional, f"/audit/list/?project={mine.id}")


def test_nobody_else_reads_the_audit(client, sign_in, user_for):
    for role in ("consultant", "manager", "director", "gm"):
        sign_in(client, user_for(role))
        for path in ("list/", "export/", "show/1", "sensitive/", "choices/person"):
            assert client.get(f"/audit/{path}").status_code == 403, (role, path)


def test_the_export_holds_the_words_and_is_in_the_audit(admin, held):
    room, _customer, consultant = held
    answer = admin.get(f"/audit/export/?object=estate_room:{room.id}")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    words = "\n".join(str(cell.value) for row in sheet for cell in row)
    assert consultant.name in words
    assert room.title in words
    assert "回家商量" in words
    last = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "export").order_by(AuditEntry.id.desc())
    ).first()
    assert last.table_name == "core_audit_entry"
    assert last.after["rows"] == sheet.max_row - 1


def test_a_page_of_many_steps_asks_no_more_than_one_of_few(app, session, project, actor_for):
    """Names of rooms, customers and people are read together."""
    consultant = actor_for("consultant")
    for _number in range(6):
        room = make_room_for_sale(project=project)
        customer = make_customer(project, consultant)
        make_hold(room, consultant, customer=customer)
    rows = session.execute(
        select(AuditEntry).where(AuditEntry.table_name == "sales_hold").limit(6)
    ).scalars()
    entries = list(rows)
    auditor = system_actor("test")

    def statements(some):
        session.expire_all()
        session.expunge_all()
        count = []

        def note(*_args):
            count.append(1)

        given = [(StepKey(one.at, f"user:{place}"), ([one], 1)) for place, one in enumerate(some)]
        event.listen(session.connection(), "before_cursor_execute", note)
        try:
            with app.test_request_context():
                tell(given, actor=auditor)
        finally:
            event.remove(session.connection(), "before_cursor_execute", note)
        return len(count)

    entries = [session.merge(one, load=False) for one in entries]
    for one in entries:
        session.expunge(one)
    assert statements(entries) == statements(entries[:1])


def test_a_step_of_thousands_is_summed_up(session):
    session.execute(
        text(
            "INSERT INTO core_audit_entry (at, actor, action, table_name, row_id, after)"
            " SELECT '2032-01-01', 'user:1', 'insert', 'admin_organization', n, '{\"name\": \"x\"}'"
            " FROM generate_series(1, 3000) n"
        )
    )
    (key,) = list_steps(Search(), scope=None, limit=1)
    entries, total = read_steps([key], scope=None)[key]
    assert (len(entries), total) == (12, 3000)


def test_signing_in_and_failing_to_are_told_with_the_address(client, admin, user_for):
    user = user_for("manager", username="zhang.manager")
    stranger = client.application.test_client()
    for password in ("wrong password 1", "correct horse 1"):
        stranger.post(
            "/login/",
            data={"username": "zhang.manager", "password": password},
            environ_base={"REMOTE_ADDR": "10.1.2.3"},
        )
    stranger.post("/login/", data={"username": "my-secret-password", "password": "x"})
    failed = story(admin, "/audit/list/?step=failed")
    assert user.full_name in failed
    assert "my-secret-password" not in failed
    came = story(admin, f"/audit/list/?object=ab_user:{user.id}&step=signed_in")
    assert "10.1.2.3" in came
    assert "页面" in came


def test_counters_that_a_sign_in_moves_on_are_no_steps_of_the_page(client, admin, user_for):
    user = user_for("manager", username="zhang.counted")
    client.application.test_client().post(
        "/login/", data={"username": "zhang.counted", "password": "correct horse 1"}
    )
    told = story(admin, f"/audit/list/?object=ab_user:{user.id}")
    assert re.search(r"登录 +用户", told), told
    assert not re.search(r"修改 +用户", told)


def test_a_row_without_a_name_is_called_after_rows_that_are_asked_for_as_well(session, project):
    room = make_room_for_sale(project=project)
    price = session.scalars(select(RoomPrice).where(RoomPrice.room_id == room.id)).first()
    names = Names(system_actor("test"))
    names.learn([(RoomPrice.__tablename__, price.id), ("estate_room", room.id)])
    assert room.title in names.of(RoomPrice.__tablename__, price.id)


def test_an_address_carries_on_only_what_it_may(admin):
    answer = admin.get("/audit/list/?_external=1&_scheme=javascript&step=made&x=y").text
    links = re.findall(r'href="(/audit/(?:list|export)[^"]*)"', answer)
    assert any("step=" in link for link in links)
    assert not [link for link in links if re.search(r"x=y|_scheme|_external", link)]

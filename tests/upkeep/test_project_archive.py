"""One project, exported and restored: whole, alone, tampered with, killed, elsewhere, older."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time

import psycopg2
import pyrage
import pytest
from alembic.script import ScriptDirectory
from flask_migrate import downgrade
from sqlalchemy import create_engine, text

from app.core import secrets
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.uow import unit_of_work
from app.customers.documents import open_number
from app.finance.operations import confirm_receipt
from app.upkeep import belonging, operations
from app.upkeep.archive import ArchiveFault, Lock
from app.upkeep.project_export import ExportOrder, export_project
from app.upkeep.project_restore import RestoreOrder, restore_project
from app.upkeep.restore import check_archive, database_name
from config import ROOT, sqlalchemy_url
from tests import database
from tests.factories.customers import make_customer
from tests.factories.devices import make_device, make_job, make_station
from tests.factories.estate import make_building
from tests.factories.finance import make_account, make_book, make_slip
from tests.factories.people import make_project, make_user
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_hold
from tests.factories.teams import make_post, make_team, put_into
from tests.upkeep.test_backup import LOCKS, OPENS, ask

pytestmark = pytest.mark.commit
SYSTEM = system_actor("test")


def fill(office, code):
    """A project with people, rooms, money, paper and secrets; committed."""
    project = make_project(code=code)
    cashier = office.actor("cashier", project)
    seller = office.actor("consultant", project)
    team = make_team(project)
    put_into(make_post(team), seller)
    put_into(make_post(team), make_user("consultant"))
    room = make_room_for_sale(make_building(project))
    customer = make_customer(project, seller)
    make_hold(room, seller, customer=customer)
    account = make_account(project)
    make_book(project, cashier)
    db.session.commit()
    slip = make_slip(account, created_by_id=seller.id)
    db.session.commit()
    with unit_of_work(cashier):
        confirm_receipt(slip.id, actor=cashier)
    station = make_station(project, name=f"柜台{code}")
    make_job(make_device(station))
    db.session.commit()
    number = project.id
    db.session.remove()
    return number


@pytest.fixture
def office(committed):
    """Two projects alike, P1 to be saved and P2 that nobody may touch."""
    committed.one = fill(committed, "P1")
    committed.two = fill(committed, "P2")
    return committed


def export(office, folder, **more):
    given = {
        "code": "P1",
        "url": office.url,
        "data": folder / "data",
        "target": folder / f"{time.monotonic_ns()}.xkp",
        "lock": LOCKS,
        "release": "0.1.0",
        "field_key": database.KEYS["FIELD_KEY"],
    }
    return export_project(ExportOrder(**{**given, **more})).path


def order(office, folder, file, **more):
    given = {
        "lock": OPENS,
        "url": office.url,
        "data": folder / "data",
        "field_key": database.KEYS["FIELD_KEY"],
        "with_references": False,
        "confirm": lambda _staged, _expected: True,
    }
    return RestoreOrder(file=file, **{**given, **more})


def rows(url, project_id, *, physically=False, without=()):
    """Every row of the project as text; ``physically`` with the transaction that wrote it."""
    found = {}
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            for share in belonging.shares():
                if share.name in without:
                    continue
                hidden = {c for t, c in belonging.COUNTED if t == share.name}
                hidden |= {"id_number_cipher"} if "id_number_cipher" in share.columns else set()
                seen = (
                    "xmin, ctid, t.*"
                    if physically
                    else ", ".join(f't."{c}"' for c in share.columns if c not in hidden)
                )
                cursor.execute(
                    f"SELECT {seen} FROM {share.name} t WHERE {share.where(project_id)} ORDER BY id"
                )
                found[share.name] = [str(row) for row in cursor.fetchall()]
    finally:
        connection.close()
    return found


def damage(url, *statements):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def test_a_project_comes_back_as_it_was_and_no_other_is_touched(office, tmp_path):
    (tmp_path / f"data/uploads/projects/{office.one}").mkdir(parents=True)
    (tmp_path / f"data/uploads/projects/{office.one}/合同.pdf").write_bytes(b"%PDF 1")
    (tmp_path / f"data/uploads/projects/{office.two}").mkdir(parents=True)
    (tmp_path / f"data/uploads/projects/{office.two}/合同.pdf").write_bytes(b"%PDF 2")
    before = rows(office.url, office.one)
    file = export(office, tmp_path)
    others = rows(office.url, office.two, physically=True)
    damage(
        office.url,
        f"DELETE FROM sales_hold WHERE project_id = {office.one}",
        f"UPDATE estate_room SET number = 'damaged' WHERE project_id = {office.one}",
        f"UPDATE customers_customer SET id_number_cipher = NULL WHERE project_id = {office.one}",
        f"INSERT INTO estate_building (project_id, name, position) VALUES ({office.one}, '假', 9)",
    )
    (tmp_path / f"data/uploads/projects/{office.one}/合同.pdf").write_bytes(b"gone")
    said = list(restore_project(order(office, tmp_path, file)))
    assert rows(office.url, office.one) == before
    assert rows(office.url, office.two, physically=True) == others
    files = tmp_path / "data/uploads/projects"
    assert (files / f"{office.one}/合同.pdf").read_bytes() == b"%PDF 1"
    assert (files / f"{office.two}/合同.pdf").read_bytes() == b"%PDF 2"
    assert any("1" in line for line in said)
    cipher, owner = (
        ask(
            office.url, f"SELECT {column} FROM customers_customer WHERE project_id = %s", office.one
        )
        for column in ("id_number_cipher", "id")
    )
    assert len(open_number(cipher, owner)) == 18
    note = ask(
        office.url,
        "SELECT after FROM core_audit_entry WHERE action = 'project_restore' AND project_id = %s",
        office.one,
    )
    assert (note["file"], note["removed"]) == (file.name, 1)
    # Only what differed was written, and the audit says what it was.
    assert (
        ask(
            office.url,
            "SELECT count(*) FROM core_audit_entry WHERE actor = 'system:project-restore'"
            " AND table_name = 'estate_building'",
        )
        == 1
    )


def test_what_is_unchanged_is_not_written(office, tmp_path):
    file = export(office, tmp_path)
    before = rows(office.url, office.one, physically=True)
    list(restore_project(order(office, tmp_path, file)))
    assert rows(office.url, office.one, physically=True) == before


def test_rows_that_changed_places_are_put_right(office, tmp_path):
    with unit_of_work(SYSTEM):
        project = db.session.get_one(belonging.scoped_tables()["estate_project"], office.one)
        make_building(project, name="甲")
        make_building(project, name="乙")
    before = rows(office.url, office.one)
    file = export(office, tmp_path)
    damage(
        office.url,
        "UPDATE estate_building SET name = 'x' WHERE name = '甲'",
        "UPDATE estate_building SET name = '甲' WHERE name = '乙'",
        "UPDATE estate_building SET name = '乙' WHERE name = 'x'",
    )
    list(restore_project(order(office, tmp_path, file)))
    assert rows(office.url, office.one) == before
    # An open page drops what is not newer than what it has: that the room went is older.
    stale = (
        "SELECT count(*) FROM estate_room r JOIN estate_room_event e ON e.room_id = r.id"
        " WHERE r.project_id = %s AND e.gone AND e.version >= r.version"
    )
    gone = "SELECT count(*) FROM estate_room_event WHERE project_id = %s AND gone"
    assert ask(office.url, gone, office.one) > 0
    assert ask(office.url, stale, office.one) == 0


def test_members_sign_in_anew_and_others_do_not(office, tmp_path):
    versions = (
        "SELECT array_agg(access_version ORDER BY u.id) FROM ab_user u, estate_project p"
        " WHERE p.id = %s AND u.id IN"
        " (SELECT user_id FROM estate_project_member WHERE project_id = p.id UNION"
        "  SELECT user_id FROM admin_team_member WHERE project_id = p.id)"
    )
    before = [ask(office.url, versions, one) for one in (office.one, office.two)]
    list(restore_project(order(office, tmp_path, export(office, tmp_path))))
    after = [ask(office.url, versions, one) for one in (office.one, office.two)]
    assert after == [[version + 1 for version in before[0]], before[1]]


def test_a_closed_project_is_restored_closed_and_one_closed_since_is_open_again(office, tmp_path):
    is_open = export(office, tmp_path)
    with unit_of_work(SYSTEM):
        db.session.execute(text("UPDATE sales_hold SET state = 'released'"))
        db.session.execute(text("UPDATE devices_job SET state = 'cancelled'"))
        project = db.session.get_one(belonging.scoped_tables()["estate_project"], office.one)
        operations.close_project(project, reason="全部交付", actor=SYSTEM)
    closed = export(office, tmp_path)
    count = "SELECT count(*) FROM upkeep_project_closing WHERE closed_project_id = %s"
    list(restore_project(order(office, tmp_path, is_open)))
    assert ask(office.url, count, office.one) == 0
    list(restore_project(order(office, tmp_path, closed)))
    assert ask(office.url, count, office.one) == 1


def test_bills_issued_since_are_named_and_their_numbers_come_again(office, tmp_path):
    file = export(office, tmp_path)
    cashier = ask(office.url, "SELECT cashier_id FROM finance_bill_book WHERE project_id = %s",
                  office.one)  # fmt: skip
    from app.admin.principal import read_actor

    account = db.session.get_one(
        belonging.scoped_tables()["finance_account"],
        ask(office.url, "SELECT id FROM finance_account WHERE project_id = %s", office.one),
    )
    slip = make_slip(account, amount="5.00")
    db.session.commit()
    actor = read_actor(cashier)
    db.session.rollback()
    with unit_of_work(actor):
        number = confirm_receipt(slip.id, actor=actor).bill.number
    said = list(restore_project(order(office, tmp_path, file)))
    assert any(number in line for line in said)
    book = ask(office.url, "SELECT next_number FROM finance_bill_book WHERE project_id = %s",
               office.one)  # fmt: skip
    assert book == 2


def test_what_may_have_been_printed_is_not_printed_again(office, tmp_path):
    file = export(office, tmp_path)
    state = "SELECT state FROM devices_job WHERE project_id = %s ORDER BY id LIMIT 1"
    list(restore_project(order(office, tmp_path, file)))
    assert ask(office.url, state, office.one) == "queued"
    damage(
        office.url, f"UPDATE devices_job SET state = 'succeeded' WHERE project_id = {office.one}"
    )
    list(restore_project(order(office, tmp_path, file)))
    assert ask(office.url, state, office.one) == "unknown"


def test_the_archive_is_locked_and_says_what_is_wrong_with_it(office, tmp_path):
    file = export(office, tmp_path)
    content = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"customers_customer" not in content
    before = rows(office.url, office.one, physically=True)
    stranger = Lock(recipient=str(pyrage.x25519.Identity.generate()))
    changed = bytearray(content)
    changed[-200] ^= 1
    for name, text_of, lock in (
        ("cut", content[:-300], OPENS),
        ("changed", bytes(changed), OPENS),
        ("strange", b"hello", OPENS),
        ("key", content, stranger),
    ):
        bad = tmp_path / f"{name}.xkp"
        bad.write_bytes(text_of)
        with pytest.raises(ArchiveFault):
            list(restore_project(order(office, tmp_path, bad, lock=lock)))
    with pytest.raises(ArchiveFault, match=r"project|项目"):
        check_archive(file, OPENS)
    with pytest.raises(Conflict):
        export(office, tmp_path, target=file)
    with pytest.raises(NotFound):
        export(office, tmp_path, code="nobody")
    with pytest.raises(Invalid):
        export(office, tmp_path, lock=Lock())
    assert rows(office.url, office.one, physically=True) == before
    assert not list((tmp_path / "data").glob(".restore-*"))
    assert not list(tmp_path.glob(".*.part"))


def test_an_archive_with_rows_of_another_project_is_refused(office, tmp_path, monkeypatch):
    real = belonging.Share.where
    monkeypatch.setattr(
        belonging.Share,
        "where",
        lambda self, project_id, prefix="": (
            "true" if self.name == "estate_building" else real(self, project_id, prefix)
        ),
    )
    file = export(office, tmp_path)
    monkeypatch.undo()
    with pytest.raises(ArchiveFault):
        list(restore_project(order(office, tmp_path, file)))


def test_not_confirmed_it_changes_nothing(office, tmp_path):
    file = export(office, tmp_path)
    damage(office.url, f"UPDATE estate_room SET number = 'x' WHERE project_id = {office.one}")
    seen = []
    before = rows(office.url, office.one, physically=True)

    def no(_staged, expected):
        seen.append(expected.changed)
        return False

    with pytest.raises(Invalid):
        list(restore_project(order(office, tmp_path, file, confirm=no)))
    assert seen
    assert seen[0] >= 1
    assert rows(office.url, office.one, physically=True) == before


RESTORE = """
import sys
from pathlib import Path
from app import create_app
from app.upkeep.archive import Lock
from app.upkeep.project_restore import RestoreOrder, restore_project
app = create_app({"DATABASE_URL": sys.argv[1], "SECRET_KEY": sys.argv[2], "FIELD_KEY": sys.argv[3]})
with app.app_context():
    for line in restore_project(RestoreOrder(
        file=Path(sys.argv[4]), lock=Lock(recipient=sys.argv[5]), url=sys.argv[1],
        data=Path(sys.argv[6]), field_key=sys.argv[3], with_references=False,
        confirm=lambda *_: True)):
        print(line, flush=True)
"""


def test_killed_in_the_middle_it_has_done_nothing_and_can_be_repeated(office, tmp_path):
    before = rows(office.url, office.one)
    file = export(office, tmp_path)
    damage(
        office.url,
        f"DELETE FROM sales_hold WHERE project_id = {office.one}",
        f"UPDATE estate_room SET number = 'damaged' WHERE project_id = {office.one}",
    )
    damaged = rows(office.url, office.one, physically=True)
    # A row that somebody holds: the restore stands in the middle of its work, waiting for it.
    holder = psycopg2.connect(office.url)
    holder.cursor().execute(
        "SELECT 1 FROM estate_room WHERE project_id = %s FOR UPDATE", (office.one,)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", RESTORE, office.url, *database.KEYS.values(), str(file),
         OPENS.recipient, str(tmp_path / "data")],
        cwd=ROOT,
    )  # fmt: skip
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'xiaokong-project' AND wait_event_type = 'Lock'"
    )
    try:
        for _second in range(600):
            if ask(office.url, waiting) or process.poll() is not None:
                break
            time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        holder.close()
    for _second in range(600):
        if not ask(office.url, waiting):
            break
        time.sleep(0.1)
    assert rows(office.url, office.one, physically=True) == damaged
    list(restore_project(order(office, tmp_path, file)))
    assert rows(office.url, office.one) == before


@contextlib.contextmanager
def another(prefix="xk_elsewhere"):
    """An office of its own key: the template, with nobody in it."""
    with database.cloned(prefix) as url:
        yield url


def test_it_goes_into_a_database_that_does_not_know_it(office, tmp_path, monkeypatch):
    before = rows(office.url, office.one)
    file = export(office, tmp_path)
    with another() as url:
        there = order(office, tmp_path, file, url=url, data=tmp_path / "there")
        with pytest.raises(Conflict, match="user"):
            list(restore_project(there))
        assert ask(url, "SELECT count(*) FROM ab_user") == 0
        # Another user has taken the first id there; another key encrypts.
        damage(
            url,
            "INSERT INTO ab_user (username, first_name, last_name, email, active)"
            " VALUES ('other', 'o', '', 'o@x', true)",
        )
        monkeypatch.setattr(secrets, "_keys", [secrets._derived("another key of another office")])
        there = order(office, tmp_path, file, url=url, data=tmp_path / "there",
                      with_references=True)  # fmt: skip
        list(restore_project(there))
        after = rows(url, office.one)
        assert {name: len(found) for name, found in after.items()} == {
            name: len(found) for name, found in before.items()
        }
        holder = (
            "SELECT u.username FROM sales_hold h JOIN ab_user u ON u.id = h.holder_id"
            " WHERE h.project_id = %s"
        )
        assert ask(url, holder, office.one) == ask(office.url, holder, office.one)
        assert ask(url, "SELECT bool_or(active) FROM ab_user WHERE username <> 'other'") is False
        assert ask(url, "SELECT count(*) FROM ab_user_role") == 0
        cipher = ask(url, "SELECT id_number_cipher FROM customers_customer")
        number = ask(url, "SELECT id FROM customers_customer")
        plain = open_number(cipher, number)
        assert ask(url, "SELECT id_number_hash FROM customers_customer") == secrets.fingerprint(
            plain
        )
        # The next ids and numbers go on above those that came.
        for table in ("estate_room", "finance_bill", "devices_job"):
            highest = ask(url, f"SELECT max(id) FROM {table}")
            sequence = ask(url, "SELECT pg_get_serial_sequence(%s, 'id')", table)
            assert ask(url, "SELECT nextval(%s)", sequence) == highest + 1
        plan = ask(url, "SELECT max(substring(number from '-(.*)')::int) FROM pricing_price_plan")
        assert ask(url, "SELECT nextval('number_price_plan')") > plan
        # A second time it is there and nothing is left to do.
        list(restore_project(there))


def test_numbers_that_belong_to_another_project_there_are_refused(office, tmp_path):
    file = export(office, tmp_path)
    with another() as url:
        damage(
            url,
            "INSERT INTO admin_organization (code, name) VALUES ('X', 'x')",
            "INSERT INTO estate_project (id, code, name, organization_id) OVERRIDING SYSTEM VALUE"
            f" SELECT {office.one}, 'THEIRS', 'x', id FROM admin_organization",
        )
        with pytest.raises(Conflict, match="THEIRS"):
            list(restore_project(order(office, tmp_path, file, url=url, with_references=True)))
        damage(
            url,
            f"UPDATE estate_project SET id = {office.one + 90}",
            f"INSERT INTO estate_building (id, project_id, name, position) OVERRIDING SYSTEM VALUE"
            f" SELECT g, {office.one + 90}, g::text, g FROM generate_series(1, 50) g",
        )
        with pytest.raises(Conflict, match="estate_building"):
            list(restore_project(order(office, tmp_path, file, url=url, with_references=True)))
        assert ask(url, "SELECT count(*) FROM estate_project") == 1


def test_an_archive_of_an_older_release_is_brought_up(office, tmp_path):
    # As bringing it up fills in what that release did not know.
    damage(office.url, "UPDATE pricing_price_plan SET approved_at = effective_at")
    before = rows(office.url, office.one)
    older = older_archive(office, tmp_path)
    damage(office.url, f"UPDATE estate_room SET number = 'x' WHERE project_id = {office.one}")
    list(restore_project(order(office, tmp_path, older)))
    assert rows(office.url, office.one) == before
    left = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
    assert ask(office.url, left, "%_restore_%") == 0


#: the schema from before customers had keys to be found by
OLDER = "9e2b64d0c7f3"


def older_archive(office, folder):
    """The archive as a release of that schema would have written it."""
    db.session.remove()
    db.engine.dispose()
    with database.cloned("xk_older", database_name(office.url)) as url:
        migrate_down(office.app, url, OLDER)
        there = columns_of(url)
        shares, columns = belonging.shares(), belonging.Share.columns.fget
        outward = belonging.Share.outward
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                belonging,
                "shares",
                lambda: tuple(share for share in shares if (share.name, "id") in there),
            )
            patch.setattr(
                belonging.Share,
                "columns",
                property(lambda self: [c for c in columns(self) if (self.name, c) in there]),
            )
            patch.setattr(
                belonging.Share,
                "outward",
                lambda self: [
                    (column, target)
                    for column, target in outward(self)
                    if {(self.name, column), (target, "id")} <= there
                ],
            )
            return export(office, folder, url=url, release="0.0.9")


def migrate_down(app, url, revision):
    app.config["MIGRATION_URL"] = url
    try:
        downgrade(revision=revision)
    finally:
        app.config["MIGRATION_URL"] = None


def columns_of(url):
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT table_name, column_name FROM information_schema.columns"
                 " WHERE table_schema = 'public'")
        ).all()  # fmt: skip
    engine.dispose()
    return {tuple(row) for row in found}


def test_a_newer_schema_is_refused(office, tmp_path):
    damage(office.url, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    file = export(office, tmp_path)
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    damage(office.url, f"UPDATE alembic_version SET version_num = '{head}'")
    before = rows(office.url, office.one, physically=True)
    with pytest.raises(Invalid, match=r"newer|新"):
        list(restore_project(order(office, tmp_path, file)))
    assert rows(office.url, office.one, physically=True) == before

"""The demo as the walks need it: one deal under way, so that a project has a row of every kind."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from werkzeug.security import generate_password_hash

from app.admin.models import AppUser
from app.admin.principal import forget_principals, read_actor
from app.core import clock, scope
from app.core.db import Model, db
from app.core.permissions import PRESET_ROLES
from app.core.uow import unit_of_work
from app.demo.load import OTHER, PROJECT, load_demo
from app.estate.models import BaseDataEntry, Building, Project, RoomImportLine
from app.pricing.models import BaseDataChange, BaseDataChangeLine, BaseDataChangeScan
from app.pricing.operations import publish_price_list
from app.upkeep.models import DailyCheck, Incident
from config import sqlalchemy_url
from tests import database
from tests.factories.customers import make_resident_id
from tests.factories.people import make_user, open_sign_in

BUYER = {"name": "欧阳测漏", "mobile": "13877665544", "id_number": make_resident_id(serial=7)}
REASON = "只给自己看的理由"


@dataclass
class Office:
    """The application over a database with the demo and a deal; ids are the first project's."""

    app: Flask
    project: int = 0
    other: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    #: what nobody outside the project may read
    secrets: set[str] = field(default_factory=set)
    #: what only the customer's own consultant may read
    personal: set[str] = field(default_factory=set)
    users: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    @property
    def own(self) -> set[str]:
        """Return the names of ids whose rows only their owner may see."""
        tables = {one.__tablename__ for one in scope._scoped_classes(scope.OwnerScoped)}
        return tables | {"customer", "subscription"}

    def person(self, username: str) -> FlaskClient:
        """Return the browser in which that user is signed in."""
        if username in self.browsers:
            return self.browsers[username]
        client = self.browsers[username] = self.app.test_client()
        user = db.session.scalars(select(AppUser).where(AppUser.username == username)).one()
        opened = open_sign_in(user)
        db.session.commit()
        with client.session_transaction() as cookie:
            cookie["uid"], cookie["key"] = opened.user_id, opened.key
        return client

    def do(self, username: str, path: str, body: dict[str, Any], status: int = 201) -> Any:
        """Let a user make a REST call that must succeed."""
        answer = self.person(username).post(
            f"/api/v1/{path}", json=body, headers={"Idempotency-Key": uuid.uuid4().hex}
        )
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.get_json()

    def state(self) -> dict[str, str]:
        """Return a digest of the project's rows, table by table."""
        found = {}
        for table in sorted(Model.metadata.tables.values(), key=lambda one: one.name):
            if "project_id" in table.c:
                rows = f"SELECT t::text AS r FROM {table.name} t WHERE project_id = {self.project}"
                found[table.name] = db.session.scalar(
                    text(f"SELECT md5(coalesce(string_agg(r, '' ORDER BY r), '')) FROM ({rows}) x")
                )
        found["estate_project"] = db.session.scalar(
            text("SELECT md5(t::text) FROM estate_project t WHERE id = :id"), {"id": self.project}
        )
        db.session.rollback()
        return found


@contextmanager
def open_office(app: Flask, folder: Path) -> Iterator[Office]:
    """Load the demo into a database of its own and make a deal in its first project."""
    quick = functools.partial(generate_password_hash, method="pbkdf2:sha256:1")
    engines, data_dir = db._app_engines[app], app.config["DATA_DIR"]
    before = engines[None]
    with database.cloned("xk_office") as url:
        engines[None] = create_engine(sqlalchemy_url(url))
        app.config["DATA_DIR"] = str(folder)
        try:
            with app.app_context():
                office = Office(app)
                with mock.patch("app.demo.people.generate_password_hash", quick):
                    load_demo()
                _add_people(office)
                _tell_the_story(office)
                _collect(office)
                yield office
                db.session.remove()
        finally:
            engines[None].dispose()
            engines[None] = before
            app.config["DATA_DIR"] = data_dir


@contextmanager
def undone(office: Office) -> Iterator[None]:
    """Roll back whatever is done inside, commits included."""
    engines = db._app_engines[office.app]
    engine = engines[None]
    with engine.connect() as connection:
        outer = connection.begin()
        connection.name = engine.name  # the framework asks for it
        engines[None] = connection
        db.session.remove()
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.remove()
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
            engines[None] = engine
            outer.rollback()
            # What is remembered of people may be of what was just undone.
            forget_principals()


def _add_people(office: Office) -> None:
    """Two who may do everything there is, one here, one there only; there, one of every role."""
    projects = {one.code: one for one in db.session.scalars(select(Project))}
    office.project, office.other = projects[PROJECT].id, projects[OTHER].id
    roles = [code for code, _title in PRESET_ROLES.values()]
    make_user(roles, projects=[projects[PROJECT]], username="insider", whole_group=True)
    make_user(roles, projects=[projects[OTHER]], username="outsider")
    for code in roles:
        make_user(code, projects=[projects[OTHER]], username=f"outside_{code}")
    db.session.commit()


def _tell_the_story(office: Office) -> None:
    project = office.project
    person = {"kind": "person", "id_kind": "resident_id", "project_id": project}
    customer = office.do("consultant1", "customers", person | BUYER | {"consent": True})["id"]
    office.do("steward", "house-types", {"project_id": project, "name": "测漏户型"})
    _shape_rooms(office)
    rooms = [
        row[0]
        for row in db.session.execute(
            text("SELECT id FROM estate_room WHERE status = 'available' ORDER BY id LIMIT 4")
        )
    ]
    db.session.rollback()
    held, wished, sold, asked = rooms
    hold = {"reason": REASON, "customer_id": customer}
    office.do("consultant1", f"rooms/{held}/hold", hold)
    wish = {
        "kind": "special_discount",
        "subject": {"type": "room", "id": wished},
        "values": {"customer_id": customer, "percent": "1.50", "valid_until": "2099-12-31"},
        "reason": REASON,
    }
    granted = office.do("consultant1", "approvals", wish)["id"]
    office.do("manager", f"approvals/{granted}/approve", {"comment": "同意"}, 200)
    wish["subject"] = {"type": "room", "id": held}
    request = office.do("consultant1", "approvals", wish)["id"]
    method = db.session.scalar(text("SELECT id FROM pricing_payment_method WHERE name = '按揭'"))
    db.session.rollback()
    order = {
        "room_id": sold,
        "payment_method_id": method,
        "discount_ids": [],
        "buyers": [{"customer_id": customer, "share": "100.00"}],
    }
    deal = office.do("consultant1", "subscriptions", order)
    subject = {"type": "subscription", "id": deal["id"]}
    money = {"subject": subject, "method": "transfer", "payer": BUYER["name"]}
    receipt = office.do("cashier", "receipts", money | {"amount": "76543.21"})["id"]
    office.do("cashier", f"receipts/{receipt}/confirm", {}, 200)
    slip = office.do("cashier", "receipts", money | {"amount": "23456.79"})["id"]
    _extend(office, subject)
    wish["subject"] = {"type": "room", "id": asked}
    returned = office.do("consultant1", "approvals", wish)["id"]
    office.do("manager", f"approvals/{returned}/return", {"comment": "请补充理由"}, 200)
    _keep_it_running()
    _publish(project)
    _change_base_data(project)
    _keep_a_check(project)
    _open_the_checklist()
    office.ids = {
        "customer": customer,
        "room": sold,
        "held_room": held,
        "request": request,
        "subscription": deal["id"],
        "receipt": receipt,
        "slip": slip,
    }
    total = deal["deal_total"]
    office.secrets |= {total, f"{float(total):,.2f}", deal["number"], "76543.21", "76,543.21"}


def _shape_rooms(office: Office) -> None:
    """Rooms generated by hand, two of them merged; a fit-out."""
    project = office.project
    office.do(
        "steward", "fit-outs", {"project_id": project, "name": "测漏装修", "unit_price": "3000.00"}
    )
    wish = {
        "building": "测漏栋",
        "floors": ["1"],
        "entrances": [{"name": "测漏单元", "columns": [{"gross_area": "88.00"}] * 2}],
    }
    office.do("steward", f"projects/{project}/rooms/generate", wish)
    first = db.session.scalar(text("SELECT max(id) - 1 FROM estate_room"))
    db.session.rollback()
    office.do("steward", f"rooms/{first}/merge", {"side": "right"}, 200)


def _extend(office: Office, subject: dict[str, Any]) -> None:
    later = {
        "kind": "extension",
        "subject": subject,
        "values": {"sign_by": str(clock.today() + timedelta(days=20))},
        "reason": REASON,
    }
    asked = office.do("consultant1", "approvals", later)["id"]
    office.do("manager", f"approvals/{asked}/approve", {"comment": "同意"}, 200)


def _publish(project: int) -> None:
    """The posted price list of the first building."""
    steward = read_actor(
        db.session.scalars(select(AppUser.id).where(AppUser.username == "steward")).one()
    )
    assert steward is not None
    db.session.rollback()
    with unit_of_work(steward):
        building = select(Building.id).where(Building.project_id == project)
        first = db.session.scalars(building.order_by(Building.position).limit(1)).one()
        publish_price_list(building_id=first, remarks="公示测漏", actor=steward)


def _change_base_data(project: int) -> None:
    """A change of base data with a line and its scan; the base data themselves stay open."""
    change = BaseDataChange(project_id=project, number="JC-1", name="面积更正", content="测漏变更")
    db.session.add(change)
    later = {"number": "JC-2", "name": "车位更正", "content": "测漏变更", "state": "approved"}
    db.session.add(BaseDataChange(project_id=project, execute_by=clock.today(), **later))
    db.session.add(BaseDataEntry(project_id=project, kind="asked", change_number="JC-1"))
    db.session.flush()
    room = db.session.scalar(text("SELECT max(id) FROM estate_room WHERE project_id = :project"),
                             {"project": project})  # fmt: skip
    both = {"project_id": project, "change_id": change.id}
    db.session.add(BaseDataChangeLine(**both, room_id=room, field="view", after="测漏景观"))
    scan = BaseDataChangeScan(**both, file_name="签字.pdf", media_type="application/pdf",
                              size=5, sha256="0" * 64, content=b"%PDF-")  # fmt: skip
    db.session.add(scan)
    db.session.commit()


def _keep_a_check(project: int) -> None:
    """What a check of a list found of a room."""
    own = {"project": project}
    batch = db.session.scalar(
        text("SELECT max(id) FROM estate_room_import WHERE project_id = :project"), own
    )
    line = RoomImportLine(project_id=project, room_import_id=batch, kind="new", title="测漏核对")
    db.session.add(line)
    db.session.commit()


def _open_the_checklist() -> None:
    """Its items stand open; its batch is on the market, so that they hold nothing up."""
    db.session.execute(text("UPDATE estate_launch_batch SET launched_on = current_date"))
    db.session.execute(text("UPDATE estate_opening_item SET done_at = NULL, done_by_id = NULL"))
    db.session.commit()


def _keep_it_running() -> None:
    """A daily check and an incident: rows of the whole group."""
    user = db.session.scalars(select(AppUser).where(AppUser.username == "admin")).one()
    db.session.add(
        DailyCheck(day=clock.today(), signed_at=clock.now(), signed_by_id=user.id, findings=[])
    )
    db.session.add(Incident(title="断电", what="市电中断", began_at=clock.now()))
    db.session.commit()


def _collect(office: Office) -> None:
    """Find a row of every table, and what must not be read elsewhere."""
    for table in Model.metadata.tables.values():
        if "project_id" in table.c and "id" in table.c:
            found = db.session.scalar(
                text(f"SELECT min(id) FROM {table.name} WHERE project_id = :project"),
                {"project": office.project},
            )
            if found is not None:
                office.ids[table.name] = found
    office.ids["estate_project"] = office.project
    for name in ("customer", "room", "subscription", "receipt"):
        area = {"customer": "customers", "room": "estate", "subscription": "sales"}
        office.ids[f"{area.get(name, 'finance')}_{name}"] = office.ids[name]
    office.users = {user.username: user.id for user in db.session.scalars(select(AppUser))}
    office.personal = {BUYER["name"], BUYER["mobile"], BUYER["id_number"]}
    office.secrets |= office.personal | {REASON, "松风明月", "SFMY", "深圳示范置业", "测漏户型"}
    office.secrets |= {
        "3栋",
        "6栋",
        "7栋",
        "测漏栋",
        "测漏单元",
        "测漏装修",
        "测漏变更",
        "测漏景观",
    }
    db.session.rollback()

"""Loads the demo: a real price list, made-up people, two buildings ready to sell."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select, text, update

from app.admin.models import AppUser, Organization
from app.admin.principal import read_actor
from app.admin.queries import find_user
from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.settings import SettingValue
from app.core.uow import unit_of_work
from app.demo.divided import divide
from app.demo.drawn import draw_site
from app.demo.people import PEOPLE, demo_password, load_people, load_teams, reset_passwords
from app.devices.models import Device, DeviceHook, Station, StationOperator
from app.estate.models import Building, Drawing, Permit, Project, Room
from app.finance.models import BillBook
from app.pricing.models import Discount, PaymentMethod, PaymentMethodLine, PricePlan, PricePlanRow

HERE = Path(__file__).parent
PRICE_LIST = HERE / "data" / "songfeng-rooms.xls"
LOADER = system_actor("demo")
PROJECT = "SFMY"
OTHER = "YQYY"
READY = ("3栋", "6栋")
LAST = ("7栋",)
#: written when everything is loaded
MARK = "demo.loaded"


def load_demo() -> list[str]:
    """Load what is missing; return the lines that tell a person how to sign in.

    Loading twice changes nothing but the passwords, which follow DEMO_PASSWORD; a load that was
    cut short goes on where it was.
    """
    data = Path(current_app.config["DATA_DIR"])
    password = demo_password(data)
    if not _is_loaded():
        _load_all(data, password)
    with unit_of_work(LOADER):
        reset_passwords(password)
    _keep_token(data)
    names = " ".join(person.username for person in PEOPLE)
    return [f"演示账号 demo users: {names}", f"密码 password: {password}"]


def _find_project(code: str) -> Project | None:
    found: Project | None = db.session.scalar(select(Project).where(Project.code == code))
    return found


def _load_all(data: Path, password: str) -> None:
    if _find_project(PROJECT) is None:
        with unit_of_work(LOADER):
            _people_and_projects(password)
    if not _any(Room):
        _import_rooms(_actor("steward"))
    if not _any(Permit):
        with unit_of_work(LOADER):
            project = _required(PROJECT)
            _permit(project)
            divide(project)
            _terms(project)
            _counter(project, data)
            _second_project(_required(OTHER))
    if not _any(Drawing):
        steward = _actor("steward")
        with unit_of_work(steward):
            draw_site(_required(PROJECT), actor=steward)
    _price()
    _release()
    with unit_of_work(LOADER) as session:
        session.add(SettingValue(name=MARK, value=True))


def _is_loaded() -> bool:
    """Tell whether a load has come to its end: what people did since then is theirs."""
    mark = db.session.scalar(select(SettingValue.id).where(SettingValue.name == MARK))
    db.session.rollback()
    return mark is not None


def _any(model: Any) -> bool:
    """Tell whether the demo project has such a row already."""
    project = _required(PROJECT)
    found = db.session.scalar(select(model.id).where(model.project_id == project.id).limit(1))
    db.session.rollback()
    return found is not None


def _user(username: str) -> AppUser:
    user = find_user(username)
    if user is None:
        message = f"demo user {username} is missing"
        raise RuntimeError(message)
    return user


def _actor(username: str) -> Actor:
    actor = read_actor(_user(username).id)
    db.session.rollback()
    if actor is None:
        message = f"demo user {username} is inactive"
        raise RuntimeError(message)
    return actor


def _required(code: str) -> Project:
    project = _find_project(code)
    if project is None:
        message = f"demo project {code} is missing"
        raise RuntimeError(message)
    return project


def _people_and_projects(password: str) -> None:
    top = Organization(code="GROUP", name="示范集团")
    db.session.add(top)
    db.session.flush()
    region = Organization(code="SZ", name="深圳公司", parent_id=top.id)
    elsewhere = Organization(code="FS", name="佛山公司", parent_id=top.id)
    db.session.add_all([region, elsewhere])
    db.session.flush()
    project = Project(
        organization_id=region.id,
        code=PROJECT,
        name="松风明月花园",
        company="深圳示范置业有限公司",
        city="深圳",
        total_rounding=Decimal("0.01"),
    )
    other = Project(
        organization_id=elsewhere.id,
        code=OTHER,
        name="云栖雅苑",
        company="佛山示范置业有限公司",
        city="佛山",
        total_rounding=Decimal("0.01"),
    )
    db.session.add_all([project, other])
    db.session.flush()
    users = load_people(top, project, other, password)
    load_teams(project, other, users)


def _import_rooms(steward: Actor) -> None:
    from app.pricing.operations import import_price_list

    with unit_of_work(steward):
        project = _required(PROJECT)
        import_price_list(
            PRICE_LIST.read_bytes(),
            PRICE_LIST.name,
            project=project,
            update=False,
            dry_run=False,
            actor=steward,
        )
        _split_plan(project)


def _split_plan(project: Project) -> None:
    """Leave building 7 a draft of its own: pricing and release are to be walked through."""
    session = db.session
    plan = session.scalar(select(PricePlan).where(PricePlan.project_id == project.id))
    plan.name = "首批房源定价（3栋、6栋）"
    later = PricePlan(
        project_id=project.id,
        number=plan.number + "-7",
        name="7栋定价",
        origin=plan.origin,
        created_by_id=plan.created_by_id,
    )
    session.add(later)
    session.flush()
    rooms = (
        select(Room.id)
        .join(Building, Building.id == Room.building_id)
        .where(Room.project_id == project.id, Building.name.in_(LAST))
    )
    session.execute(
        update(PricePlanRow)
        .where(PricePlanRow.plan_id == plan.id, PricePlanRow.room_id.in_(rooms))
        .values(plan_id=later.id)
        .execution_options(synchronize_session=False)
    )


def _permit(project: Project) -> None:
    permit = Permit(
        project_id=project.id, number="深房许字（2020）龙华010号", granted_on=date(2020, 12, 4)
    )
    db.session.add(permit)
    db.session.flush()
    db.session.execute(
        text(
            "INSERT INTO estate_permit_building (project_id, permit_id, building_id)"
            " SELECT project_id, :permit, id FROM estate_building WHERE project_id = :project"
        ),
        {"permit": permit.id, "project": project.id},
    )


def _terms(project: Project) -> None:
    deposit: dict[str, Any] = {
        "kind": "deposit", "name": "定金", "basis": "fixed", "value": Decimal(100000),
        "due_rule": "subscription", "due_days": 0,
    }  # fmt: skip
    at_once = [
        deposit,
        {"kind": "instalment", "name": "余款", "basis": "rest", "due_rule": "contract",
         "due_days": 7},
    ]  # fmt: skip
    mortgage = [
        deposit,
        {"kind": "down_payment", "name": "首期", "basis": "percent", "value": Decimal(30),
         "due_rule": "contract", "due_days": 0},
        {"kind": "loan", "name": "按揭款", "basis": "rest", "due_rule": "contract",
         "due_days": 30, "round_down_to": Decimal(10000)},
    ]  # fmt: skip
    _method(project, "一次性", Decimal(2), 1, at_once)
    _method(project, "按揭", Decimal(0), 2, mortgage)
    db.session.add(
        Discount(
            project_id=project.id, name="开盘优惠", kind="percent", value=Decimal(1), position=1
        )
    )


def _method(
    project: Project, name: str, off: Decimal, position: int, lines: list[dict[str, Any]]
) -> None:
    method = PaymentMethod(
        project_id=project.id, name=name, discount_percent=off, position=position
    )
    db.session.add(method)
    db.session.flush()
    for place, line in enumerate(lines, start=1):
        db.session.add(
            PaymentMethodLine(project_id=project.id, method_id=method.id, position=place, **line)
        )


def _counter(project: Project, data: Path) -> None:
    db.session.add(
        BillBook(
            project_id=project.id, kind="receipt", prefix="SJ", digits=5, first_number=1,
            last_number=500, next_number=1, cashier_id=_user("cashier").id,
        )
    )  # fmt: skip
    station = Station(project_id=project.id, name="售楼处收银台", token_hash=_hash(_token(data)))
    db.session.add(station)
    db.session.flush()
    for name in ("cashier", "accountant"):
        db.session.add(
            StationOperator(project_id=project.id, station_id=station.id, user_id=_user(name).id)
        )
    printer = data / "simulators" / "receipt_printer.tty"
    db.session.add(
        Device(
            project_id=project.id, station_id=station.id, name="小票打印机",
            kind="receipt_printer", driver="escpos_generic", url=str(printer), settings={},
        )
    )  # fmt: skip
    db.session.add(
        DeviceHook(
            project_id=project.id,
            event="receipt_confirmed",
            device_kind="receipt_printer",
            command="print_receipt",
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(data: Path) -> str:
    path = data / "run" / "station-token"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _keep_token(data: Path) -> None:
    """Make the station's token in the database the one in the file, if the file was lost."""
    wanted = _hash(_token(data))
    with unit_of_work(LOADER):
        project = _required(PROJECT)
        station = db.session.scalar(
            select(Station).where(Station.project_id == project.id).order_by(Station.id)
        )
        if station is not None and station.token_hash != wanted:
            station.token_hash = wanted


def _second_project(project: Project) -> None:
    building = Building(
        project_id=project.id, name="1栋", position=1, completed_on=date(2024, 6, 30)
    )
    db.session.add(building)
    db.session.flush()
    for floor in range(1, 5):
        for column in range(1, 4):
            db.session.add(
                Room(
                    project_id=project.id, building_id=building.id, floor=floor,
                    floor_name=str(floor), column=column, number=f"{floor}{column:02d}",
                    gross_area=Decimal("89.50"), inside_area=Decimal("71.20"),
                )
            )  # fmt: skip


APPROVERS = ("manager", "finance_manager", "director")


def _price() -> None:
    """Walk the real way: the steward asks, three approve one after the other."""
    from app.pricing import operations as pricing
    from app.workflows import engine
    from app.workflows.models import ApprovalRequest

    first = select(PricePlan).where(PricePlan.name.like("首批%")).order_by(PricePlan.id)
    plan = db.session.scalars(first).one()
    plan_id, state = plan.id, plan.state
    db.session.rollback()
    if state == "draft":
        steward = _actor("steward")
        with unit_of_work(steward) as session:
            pricing.submit_price_plan(
                session.get(PricePlan, plan_id), reason="首批开盘定价", actor=steward
            )
    waiting = select(ApprovalRequest.id, ApprovalRequest.step).where(
        ApprovalRequest.subject_type == "price_plan",
        ApprovalRequest.subject_id == plan_id,
        ApprovalRequest.state == "running",
    )
    while (request := db.session.execute(waiting).first()) is not None:
        db.session.rollback()
        approver = _actor(APPROVERS[request.step])
        with unit_of_work(approver):
            engine.approve(request.id, comment="同意", actor=approver)
    db.session.rollback()


def _release() -> None:
    """Let the director put buildings 3 and 6 on sale."""
    from app.pricing import operations as pricing

    waiting = (
        select(Building.id)
        .join(Room, Room.building_id == Building.id)
        .where(Building.name.in_(READY), Room.status == "unreleased")
        .join(Project, Project.id == Building.project_id)
        .where(Project.code == PROJECT)
        .distinct()
    )
    buildings = list(db.session.scalars(waiting))
    director = _actor("director")
    for building_id in buildings:
        with unit_of_work(director):
            pricing.release_for_sale(building_id=building_id, reason="首批开盘", actor=director)

"""What people do with jobs, stations, devices and hooks."""

from __future__ import annotations

import pytest

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.devices import operations, queries
from app.devices.capabilities import Receipt
from tests.factories.devices import make_device, make_hook, make_job, make_station
from tests.factories.people import make_project


@pytest.fixture
def cashier(actor_for):
    return actor_for("cashier")


@pytest.fixture
def admin(actor_for):
    return actor_for("admin")


@pytest.fixture
def printer(project):
    return make_device(make_station(project))


def ticket(device, **values):
    """A job of a subject that no area has a say in."""
    return make_job(device, subject_type="device", subject_id=device.id, **values)


# --- jobs


def test_an_unknown_job_is_printed_again_with_the_mark(printer, cashier):
    job = ticket(printer, state="unknown", error_code="agent_restarted", attempts=1)
    again = operations.retry_job(job.id, reason="没出纸", actor=cashier)
    assert again is job
    assert (job.state, job.reprint, job.error_code, job.lease) == ("queued", 1, None, None)
    (entry,) = db.session.query(AuditEntry).filter_by(action="device_job_retry")
    assert entry.row_id == job.id
    assert entry.after["reason"] == "没出纸"


def test_a_job_that_never_began_is_printed_without_the_mark(printer, cashier):
    job = ticket(printer, state="failed", error_code="bad_settings")
    operations.retry_job(job.id, reason="", actor=cashier)
    assert (job.state, job.reprint) == ("queued", 0)


def test_a_failed_job_that_had_begun_bears_the_mark(printer, cashier):
    job = ticket(printer, state="failed", started_at=clock.now())
    operations.retry_job(job.id, reason="", actor=cashier)
    assert job.reprint == 1


def test_what_was_printed_is_printed_again_as_a_new_job(printer, cashier):
    job = ticket(printer, state="succeeded")
    again = operations.retry_job(job.id, reason="客户丢失", actor=cashier)
    assert again is not job
    assert (job.state, again.state, again.reprint) == ("succeeded", "queued", 1)
    assert again.payload == job.payload
    again.state = "succeeded"
    assert operations.retry_job(job.id, reason="", actor=cashier).reprint == 2


@pytest.mark.parametrize("state", ["queued", "sent", "cancelled"])
def test_what_is_under_way_is_not_repeated(printer, cashier, state):
    with pytest.raises(WrongState):
        operations.retry_job(ticket(printer, state=state).id, reason="", actor=cashier)


def test_a_job_without_device_looks_for_one_again(project, cashier):
    job = ticket(make_device(make_station(project)), state="failed", error_code="no_device")
    job.device_id = None
    with pytest.raises(Invalid) as refused:
        operations.retry_job(job.id, reason="", actor=cashier)
    assert refused.value.code == "no_device"
    job.state = "failed"
    mine = make_device(make_station(project, operators=(cashier,)))
    operations.retry_job(job.id, reason="", actor=cashier)
    assert (job.state, job.device_id, job.reprint) == ("queued", mine.id, 0)


def test_cancelling(printer, cashier):
    for state in ("queued", "failed", "unknown"):
        job = ticket(printer, state=state)
        assert operations.cancel_job(job.id, reason="x", actor=cashier).state == "cancelled"


def test_a_leased_job_can_be_cancelled_until_it_begins(printer, cashier):
    job = ticket(printer, state="sent")
    assert operations.cancel_job(job.id, reason="", actor=cashier).state == "cancelled"
    begun = ticket(printer, state="sent", started_at=clock.now())
    with pytest.raises(WrongState):
        operations.cancel_job(begun.id, reason="", actor=cashier)


def test_what_came_out_is_not_cancelled(printer, cashier):
    with pytest.raises(WrongState):
        operations.cancel_job(ticket(printer, state="succeeded").id, reason="", actor=cashier)


def test_a_person_says_what_came_out(printer, cashier):
    job = ticket(printer, state="unknown")
    assert operations.mark_job(job.id, reason="纸已出", actor=cashier).state == "succeeded"
    (entry,) = db.session.query(AuditEntry).filter_by(action="device_job_mark")
    assert entry.after["reason"] == "纸已出"
    for state in ("failed", "queued"):
        with pytest.raises(WrongState):
            operations.mark_job(ticket(printer, state=state).id, reason="", actor=cashier)


def test_consultants_see_their_own_jobs_and_repeat_none(printer, actor_for):
    consultant = actor_for("consultant")
    mine = ticket(printer, state="failed", created_by_id=consultant.id)
    other = ticket(printer, state="failed")
    assert queries.get_job(mine.id, actor=consultant) is mine
    with pytest.raises(NotFound):
        queries.get_job(other.id, actor=consultant)
    with pytest.raises(NotAllowed):
        operations.retry_job(mine.id, reason="", actor=consultant)


def test_a_test_page_is_a_paper_that_drivers_take(printer, cashier):
    job = operations.print_test_page(printer.id, actor=cashier)
    assert (job.device_id, job.state, job.subject_type) == (printer.id, "queued", "device")
    assert Receipt.from_payload(job.payload).title == "测试页"


def test_no_test_page_on_a_device_that_is_off(project, cashier):
    off = make_device(make_station(project), is_active=False)
    with pytest.raises(WrongState):
        operations.print_test_page(off.id, actor=cashier)


# --- why a job stands where it stands


def test_every_error_has_a_sentence(printer):
    from app.devices.capabilities import ERRORS

    for code in ERRORS:
        job = ticket(printer, error_code=code)
        assert printer.name in str(queries.explain(job))
    assert queries.explain(ticket(printer)) is None
    assert "newer_code" in str(queries.explain(ticket(printer, error_code="newer_code")))
    nowhere = ticket(printer, error_code="no_device")
    nowhere.device_id = None
    assert queries.explain(nowhere) is not None


def test_the_light_goes_out_when_the_agent_is_silent(printer):
    from datetime import timedelta

    from app.devices.models import DeviceStatus

    now = clock.now()
    status = DeviceStatus(device_id=printer.id, state="ok", seen_at=now - timedelta(seconds=59))
    assert queries.light(status, now=now) == "ok"
    assert queries.light(status, now=now + timedelta(seconds=2)) == "silent"
    assert queries.light(None) == "silent"


# --- stations


def test_a_station_has_a_token_of_its_own(project, admin):
    station, token = operations.create_station(project_id=project.id, name=" 一号台 ", actor=admin)
    assert station.name == "一号台"
    assert token not in station.token_hash
    assert queries.find_station_by_token(token) is station
    fresh = operations.renew_station_token(station, actor=admin)
    assert queries.find_station_by_token(token) is None
    assert queries.find_station_by_token(fresh) is station
    operations.edit_station(station, name="一号台", is_active=False, actor=admin)
    assert queries.find_station_by_token(fresh) is None


def test_two_stations_of_one_name(project, admin):
    operations.create_station(project_id=project.id, name="一号台", actor=admin)
    with pytest.raises(Conflict):
        operations.create_station(project_id=project.id, name="一号台", actor=admin)


def test_people_are_put_to_stations_and_taken_away(project, admin, cashier):
    station = make_station(project)
    operator = operations.add_operator(station_id=station.id, user_id=cashier.id, actor=admin)
    device = make_device(station)
    make_hook(project)
    from app.devices.outbox import find_device

    where = {"project_id": project.id, "actor": cashier}
    assert find_device("receipt_printer", **where) == device.id
    operations.remove_operator(operator, actor=admin)
    assert find_device("receipt_printer", **where) is None
    with pytest.raises(NotFound):
        operations.add_operator(station_id=station.id, user_id=0, actor=admin)


@pytest.mark.parametrize("role", ["cashier", "steward", "accountant"])
def test_only_the_administrator_sets_up_stations(project, actor_for, role):
    with pytest.raises(NotAllowed):
        operations.create_station(project_id=project.id, name="x", actor=actor_for(role))


# --- devices and hooks


def new_device(station, admin, **more):
    given = {"name": "小票机", "driver": "escpos_generic", "url": "/dev/ttyUSB0", **more}
    return operations.create_device(station_id=station.id, actor=admin, **given)


def test_a_device_takes_its_kind_and_defaults_from_the_driver(project, admin):
    device = new_device(make_station(project), admin, settings={"columns": "32"})
    assert device.kind == "receipt_printer"
    assert device.settings["columns"] == 32
    assert device.settings["baudrate"] == 9600


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"driver": "no_such"}, "driver"),
        ({"settings": {"columns": "33"}}, "columns"),
        ({"settings": {"colour": "red"}}, "colour"),
    ],
)
def test_a_wrong_device_names_the_field(project, admin, wrong, field):
    with pytest.raises(Invalid) as refused:
        new_device(make_station(project), admin, **wrong)
    assert list(refused.value.fields) == [field]


def test_a_device_is_changed(project, admin):
    device = new_device(make_station(project), admin)
    operations.edit_device(
        device,
        name="新机",
        driver="escpos_generic",
        url="socket://127.0.0.1:9100",
        settings={},
        is_active=False,
        actor=admin,
    )
    assert (device.name, device.is_active) == ("新机", False)


def test_hooks(project, admin):
    device = new_device(make_station(project), admin)
    given = {
        "event": "receipt_confirmed",
        "device_kind": "receipt_printer",
        "command": "print_receipt",
    }
    hook = operations.create_hook(project_id=project.id, actor=admin, **given)
    operations.edit_hook(hook, device_id=device.id, is_active=False, actor=admin, **given)
    assert (hook.device_id, hook.is_active) == (device.id, False)
    for wrong in ("event", "device_kind", "command"):
        with pytest.raises(Invalid) as refused:
            operations.create_hook(project_id=project.id, actor=admin, **{**given, wrong: "x"})
        assert list(refused.value.fields) == [wrong]
    operations.delete_hook(hook, actor=admin)


def test_a_hook_names_no_other_projects_device(project, admin):
    other = make_device(make_station(make_project()))
    with pytest.raises(Invalid) as refused:
        operations.create_hook(
            project_id=project.id,
            event="receipt_confirmed",
            device_kind="receipt_printer",
            command="print_receipt",
            device_id=other.id,
            actor=admin,
        )
    assert list(refused.value.fields) == ["device_id"]

"""Pages of stations, devices, hooks and jobs: set-up, lights, steps, papers, scope."""

from __future__ import annotations

import html
import json
import re

import pytest
from sqlalchemy import event, select

from app.core import clock
from app.core.db import db
from app.devices.models import (
    Device,
    DeviceHook,
    DeviceJob,
    DeviceJobLog,
    DeviceStatus,
    Station,
    StationOperator,
)
from app.devices.queries import find_station_by_token
from tests.factories.devices import make_device, make_hook, make_job, make_station
from tests.factories.people import make_project


@pytest.fixture
def admin(client, sign_in, user_for):
    return sign_in(client, user_for("admin"))


@pytest.fixture
def cashier(client, sign_in, user_for):
    return sign_in(client, user_for("cashier"))


@pytest.fixture
def station(project):
    return make_station(project, name="一号台")


@pytest.fixture
def printer(station):
    return make_device(station)


def test_a_station_is_added_and_its_token_shown_once(admin, project):
    assert admin.post("/stations/add", data={"name": "二号台"}).status_code == 302
    station = db.session.scalar(select(Station))
    assert (station.name, station.project_id) == ("二号台", project.id)
    page = admin.post(f"/stations/token/{station.id}")
    assert page.headers["Cache-Control"] == "no-store"
    token = re.search(r'class="token num">([^<]+)<', page.text)[1]
    assert find_station_by_token(token).id == station.id
    assert token not in admin.get(f"/stations/show/{station.id}").text


def test_people_devices_and_hooks_are_set_up(admin, station, user_for):
    user = user_for("cashier")
    given = {"station": station.id, "user": user.id}
    assert admin.post("/station-operators/add", data=given).status_code == 302
    operator = db.session.scalar(select(StationOperator))
    assert operator.user_id == user.id
    device = {
        "station": station.id,
        "name": "小票机",
        "driver": "escpos_generic",
        "url": "/dev/ttyUSB0",
    }
    assert admin.post("/devices/add", data=device).status_code == 302
    made = db.session.scalar(select(Device))
    assert (made.kind, made.settings["columns"]) == ("receipt_printer", 48)
    hook = {
        "event": "receipt_confirmed",
        "command": "print_receipt",
        "device_kind": "receipt_printer",
    }
    assert admin.post("/device-hooks/add", data=hook).status_code == 302
    hook_id = db.session.scalar(select(DeviceHook.id))
    for address in ("station-operators", "devices", "device-hooks", "stations"):
        assert admin.get(f"/{address}/list/").status_code == 200
    assert admin.post(f"/station-operators/delete/{operator.id}").status_code == 302
    assert admin.post(f"/device-hooks/delete/{hook_id}").status_code == 302


def test_the_drivers_settings_are_a_form(admin, printer):
    page = admin.get(f"/devices/settings/{printer.id}").text
    for name in ("columns", "baudrate", "gb18030", "answer_ms"):
        assert f'name="{name}"' in page
    given = {
        "columns": "32",
        "gb18030": "y",
        "cut": "full",
        "proof": "buffered",
        "status_queries": "1234",
        "baudrate": "19200",
        "parity": "none",
        "flow": "none",
        "drawer_pin": "2",
        "answer_ms": "500",
        "print_ms": "20000",
    }
    assert admin.post(f"/devices/settings/{printer.id}", data=given).status_code == 302
    db.session.refresh(printer)
    assert (printer.settings["columns"], printer.settings["gb18030"]) == (32, True)
    wrong = admin.post(f"/devices/settings/{printer.id}", data={**given, "answer_ms": "1"})
    assert wrong.status_code == 422
    assert 'class="error"' in wrong.text


def test_a_device_is_changed_and_keeps_its_settings(admin, printer):
    printer.settings = {"columns": 32}
    db.session.flush()
    page = admin.get(f"/devices/edit/{printer.id}").text
    seen = re.search(r'name="_seen" value="([^"]+)"', page)[1]
    given = {"name": "新机", "driver": "escpos_generic", "url": "COM3", "_seen": seen}
    assert admin.post(f"/devices/edit/{printer.id}", data=given).status_code == 302
    db.session.refresh(printer)
    assert (printer.name, printer.is_active, printer.settings["columns"]) == ("新机", False, 32)


@pytest.mark.parametrize("state", ["ok", "paper_out", "silent"])
def test_the_lights(cashier, printer, state, app):
    from app.devices.queries import light_title

    if state != "silent":
        db.session.add(DeviceStatus(device_id=printer.id, state=state, seen_at=clock.now()))
    with app.test_request_context():
        word = str(light_title(state))
    assert word in html.unescape(cashier.get("/devices/list/").text)


def test_a_test_page_is_queued(cashier, printer):
    answer = cashier.post("/devices/act/test", data={"id": printer.id})
    assert answer.location == f"/devices/show/{printer.id}"
    job = db.session.scalar(select(DeviceJob))
    assert (job.device_id, job.subject_type) == (printer.id, "device")
    assert 'data-subject-type="device"' in cashier.get(answer.location).text


# --- jobs


def test_a_jobs_page_says_why_and_takes_steps(cashier, printer):
    job = make_job(printer, state="unknown", error_code="agent_restarted")
    page = cashier.get(f"/device-jobs/show/{job.id}").text
    assert printer.name in page
    for step in ("retry", "mark", "cancel"):
        assert f"/device-jobs/act/{step}" in page
    given = {"id": job.id, "_form": "1", "reason": "没出纸"}
    assert cashier.post("/device-jobs/act/retry", data=given).status_code == 302
    db.session.refresh(job)
    assert (job.state, job.reprint) == ("queued", 1)
    assert cashier.get("/device-jobs/list/").status_code == 200
    assert cashier.get("/work/counts").json["DeviceJobView"] == 0


def test_the_paper_is_shown_as_a_picture(cashier, station, app, monkeypatch, tmp_path):
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    folder = tmp_path / "simulators" / "p1"
    folder.mkdir(parents=True)
    device = make_device(station, url=str(tmp_path / "simulators" / "p1.tty"))
    job = make_job(device, state="succeeded")
    paper = {
        "no": 1,
        "at": "2026-11-21T04:00:00",
        "job_id": str(job.id),
        "copy": 1,
        "columns": 32,
        "lines": [{"text": "收据", "align": "center", "size": "double", "bold": True}],
        "drawer": 0,
        "raw": "",
    }
    (folder / "papers.jsonl").write_text(json.dumps(paper) + "\n")
    page = cashier.get(f"/device-jobs/show/{job.id}").text
    assert 'alt="收据"' in page
    assert "data:image/svg+xml;base64," in page


def test_the_wire_log_is_for_administrators(client, sign_in, user_for, printer):
    job = make_job(printer)
    entry = {"at": "04:00:00", "dir": "out", "hex": "1b40cad5bedd"}
    db.session.add(
        DeviceJobLog(
            project_id=job.project_id,
            job_id=job.id,
            attempt=1,
            outcome="succeeded",
            entries=[entry],
        )
    )
    page = sign_in(client, user_for("admin")).get(f"/device-jobs/show/{job.id}").text
    assert "1b40cad5bedd" in page
    assert "收据" in page
    page = sign_in(client, user_for("cashier")).get(f"/device-jobs/show/{job.id}").text
    assert "1b40cad5bedd" not in page


# --- who, and outside the scope

SETUP = ("/stations/list/", "/station-operators/list/", "/device-hooks/list/", "/devices/add")


@pytest.mark.parametrize("address", SETUP)
def test_set_up_is_the_administrators(cashier, address):
    assert cashier.get(address).status_code == 403


def test_a_cashier_gives_no_token(cashier, station):
    assert cashier.post(f"/stations/token/{station.id}").status_code == 403


def test_consultants_see_none_of_it(client, sign_in, user_for):
    consultant = sign_in(client, user_for("consultant"))
    for address in ("/device-jobs/list/", "/devices/list/"):
        assert consultant.get(address).status_code == 403


def test_outside_the_scope_there_is_nothing(client, sign_in, user_for, project):
    station = make_station(project)
    device = make_device(station)
    job = make_job(device, state="unknown")
    hook = make_hook(project)
    ids = {"s": station.id, "d": device.id, "j": job.id, "h": hook.id}
    stranger = sign_in(client, user_for(["admin", "cashier"], project=make_project()))
    for address in (
        "/stations/show/{s}",
        "/stations/edit/{s}",
        "/devices/show/{d}",
        "/devices/edit/{d}",
        "/devices/settings/{d}",
        "/device-hooks/show/{h}",
        "/device-jobs/show/{j}",
    ):
        assert stranger.get(address.format(**ids)).status_code == 404, address
    for address, row in (
        ("/stations/token/{s}", None),
        ("/device-hooks/delete/{h}", None),
        ("/devices/act/test", "d"),
        ("/device-jobs/act/retry", "j"),
        ("/device-jobs/act/mark", "j"),
        ("/device-jobs/act/cancel", "j"),
    ):
        given = {"id": ids[row], "_form": "1"} if row else {}
        assert stranger.post(address.format(**ids), data=given).status_code == 404, address
    found = stranger.get("/choices/StationOperatorView/station?q=").json["result"]
    assert found == []


def test_lists_ask_the_same_number_of_questions_however_long(client, sign_in, user_for, project):
    admin = sign_in(client, user_for("admin"))

    def questions(address):
        count = []

        def note(*_args):
            count.append(1)

        admin.get(address)
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert admin.get(address).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(count)

    addresses = ("/stations/list/", "/devices/list/", "/device-jobs/list/")
    make_job(make_device(make_station(project)), error_code="paper_out")
    few = [questions(address) for address in addresses]
    for _ in range(6):
        make_job(make_device(make_station(project)), error_code="paper_out")
    assert [questions(address) for address in addresses] == few

"""REST of the agents and of device jobs: who is let in, what is answered, what is repeated."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import db
from app.core.idempotency import IdempotencyRecord
from app.devices.models import DeviceJob, DeviceJobLog, DeviceStatus
from tests.factories.devices import bearer_of, make_device, make_job, make_station
from tests.factories.people import make_project

_keys = itertools.count(1)


@pytest.fixture
def station(project):
    return make_station(project, name="一号台")


@pytest.fixture
def printer(station):
    return make_device(station)


@pytest.fixture
def call(client):
    def call(path, body=None, *, station=None, token=None, key=None):
        headers = bearer_of(station) if station else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key is not False:
            headers["Idempotency-Key"] = key or f"key-{next(_keys)}"
        return client.post(f"/api/v1/agent/{path}", json=body or {}, headers=headers)

    return call


def lease(call, station, **more):
    return call("lease", {"agent": "a", "limit": 5}, station=station, **more)


# --- who is let in


@pytest.mark.parametrize("path", ["lease", "heartbeat", "jobs/1/started", "jobs/1/result"])
def test_without_a_token_nobody_is_let_in(call, path):
    for answer in (call(path), call(path, token="wrong")):
        assert (answer.status_code, answer.json["error"]) == (401, "not_signed_in")


def test_an_inactive_station_is_not_let_in(call, project):
    off = make_station(project, is_active=False)
    assert lease(call, off).status_code == 401


def test_a_persons_token_or_cookie_is_no_station(client, call, user_for, bearer, sign_in):
    user = user_for("admin")
    token = bearer(user)["Authorization"].removeprefix("Bearer ")
    assert call("lease", token=token).status_code == 401
    sign_in(client, user)
    assert call("lease").status_code == 401


def test_a_stations_token_opens_nothing_else(client, station):
    answer = client.get("/api/v1/device-jobs/", headers=bearer_of(station))
    assert answer.status_code == 401


def test_every_call_needs_a_key(call, station):
    for path in ("lease", "heartbeat"):
        answer = call(path, station=station, key=False)
        assert (answer.status_code, answer.json["error"]) == (400, "idempotency_key_missing")


def test_the_agent_needs_no_csrf_token(app, call, station, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert lease(call, station).status_code == 200


# --- leasing


def test_the_lease_tells_all_that_the_agent_needs(call, station, printer):
    other = make_device(station, settings={"columns": 32})
    job = make_job(printer)
    job_id, payload = job.id, job.payload
    answer = lease(call, station).json
    (got,) = answer["jobs"]
    assert answer["station"] == {"id": station.id, "name": "一号台"}
    assert answer["poll_seconds"] == 0.5
    assert [device["id"] for device in answer["devices"]] == [printer.id, other.id]
    assert answer["devices"][1]["settings"] == {"columns": 32}
    assert got["id"] == job_id
    assert (got["attempt"], got["lease_seconds"]) == (1, 30)
    assert (got["command"], got["payload"]) == ("print_receipt", payload)
    assert set(got["device"]) == {"id", "name", "kind", "driver", "url", "settings"}


def test_a_lost_answer_comes_again_with_its_key(call, station, printer):
    make_job(printer)
    first = lease(call, station, key="same").json
    again = lease(call, station, key="same").json
    assert again == first
    assert lease(call, station, key="next").json["jobs"] == []


@pytest.mark.usefixtures("printer")
def test_idle_calls_leave_nothing_behind(call, station):
    for _ in range(3):
        assert lease(call, station).json["jobs"] == []
        call("heartbeat", {"devices": []}, station=station)
    assert db.session.query(IdempotencyRecord).count() == 0


def test_an_idle_key_asked_again_may_bring_a_job(call, station, printer):
    assert lease(call, station, key="same").json["jobs"] == []
    make_job(printer)
    assert len(lease(call, station, key="same").json["jobs"]) == 1


@pytest.mark.usefixtures("printer")
def test_a_station_gets_no_other_stations_jobs(call, station, project):
    make_job(make_device(make_station(project)))
    make_job(make_device(make_station(make_project())))
    assert lease(call, station).json["jobs"] == []


# --- one job from start to end


def hold(got):
    return {"lease": got["lease"], "attempt": got["attempt"]}


def test_a_job_from_lease_to_result(call, station, printer):
    job = make_job(printer)
    (got,) = lease(call, station).json["jobs"]
    path = f"jobs/{got['id']}"
    assert call(f"{path}/started", hold(got), station=station).status_code == 200
    assert call(f"{path}/renew", {"lease": got["lease"]}, station=station).status_code == 200
    report = {
        **hold(got),
        "outcome": "succeeded",
        "result": {"papers": 1},
        "wire_log": [{"at": "now", "dir": "out", "hex": "1b40"}],
    }
    for _ in range(2):
        answer = call(f"{path}/result", report, station=station)
        assert (answer.status_code, answer.json["state"]) == (200, "succeeded")
    db.session.refresh(job)
    assert (job.state, job.result) == ("succeeded", {"papers": 1})
    assert db.session.query(DeviceJobLog).count() == 1


def test_paper_out_puts_the_job_back_with_its_reason(call, station, printer):
    job = make_job(printer)
    (got,) = lease(call, station).json["jobs"]
    report = {**hold(got), "outcome": "not_started", "error_code": "paper_out", "detail": "n=4"}
    assert call(f"jobs/{job.id}/result", report, station=station).json["state"] == "queued"
    db.session.refresh(job)
    assert (job.error_code, job.error_detail) == ("paper_out", "n=4")
    assert job.next_attempt_at > clock.now()


def test_a_lost_lease_is_told(call, station, printer):
    job = make_job(printer)
    (got,) = lease(call, station).json["jobs"]
    job.state = "cancelled"
    for step in ("started", "renew", "result"):
        body = {**hold(got), "outcome": "succeeded"}
        answer = call(f"jobs/{job.id}/{step}", body, station=station)
        assert (answer.status_code, answer.json["error"]) == (409, "lease_lost")


def test_another_stations_job_is_not_there(call, station, project):
    job = make_job(make_device(make_station(project)))
    for step in ("started", "renew", "result"):
        body = {"lease": str(uuid.uuid4()), "attempt": 1, "outcome": "succeeded"}
        assert call(f"jobs/{job.id}/{step}", body, station=station).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"attempt": 1, "outcome": "succeeded"}, "lease"),
        ({"lease": "x", "attempt": 1, "outcome": "succeeded"}, "lease"),
        ({"lease": str(uuid.uuid4()), "outcome": "succeeded"}, "attempt"),
        ({"lease": str(uuid.uuid4()), "attempt": 1}, "outcome"),
    ],
)
def test_a_faulty_report_names_the_field(call, station, body, field):
    answer = call("jobs/1/result", body, station=station)
    assert answer.status_code == 422
    assert field in answer.json["fields"]


def test_the_heartbeat_is_kept(call, station, printer):
    beat = {"agent": "a", "devices": [{"id": printer.id, "state": "paper_out", "detail": ""}]}
    assert call("heartbeat", beat, station=station).json == {"devices": 1}
    (status,) = db.session.query(DeviceStatus)
    assert (status.device_id, status.state) == (printer.id, "paper_out")


# --- as people see it


@pytest.fixture
def ask(client, bearer):
    def ask(user, path="", *, body=None, key=None, method="get"):
        headers = bearer(user)
        if key:
            headers["Idempotency-Key"] = key
        address = f"/api/v1/device-jobs/{path}"
        if method == "get":
            return client.get(address, headers=headers)
        return client.post(address, headers=headers, json=body or {})

    return ask


def of(job):
    return f"?subject_type={job.subject_type}&subject_id={job.subject_id}"


def test_the_jobs_of_a_subject(ask, user_for, printer):
    job = make_job(
        printer,
        error_code="paper_out",
        attempts=2,
        next_attempt_at=clock.now() + timedelta(seconds=6),
    )
    make_job(printer, subject_id=999_999)
    answer = ask(user_for("cashier"), of(job)).json
    assert (answer["count"], answer["next"]) == (1, None)
    (got,) = answer["result"]
    assert got["id"] == job.id
    assert (got["state"], got["attempts"], got["error"]) == ("queued", 2, "paper_out")
    assert printer.name in got["message"]
    assert got["device"] == {"id": printer.id, "name": printer.name}
    assert got["next_attempt_at"] is not None


def test_a_list_names_its_subject(ask, user_for):
    assert ask(user_for("cashier")).status_code == 404


def test_who_sees_which_jobs(ask, user_for, printer):
    consultant = user_for("consultant")
    job = make_job(printer)
    mine = make_job(printer, created_by_id=consultant.id)
    for role in ("cashier", "accountant", "finance_manager", "admin", "steward"):
        assert ask(user_for(role), of(job)).json["count"] == 2
    got = ask(consultant, of(job)).json["result"]
    assert [one["id"] for one in got] == [mine.id]
    stranger = user_for("cashier", project=make_project())
    assert ask(stranger, of(job)).json["count"] == 0
    assert ask(stranger, str(job.id)).status_code == 404


def test_retrying_marking_and_cancelling(ask, user_for, printer):
    cashier = user_for("cashier")
    first = make_job(printer, state="unknown")
    answer = ask(cashier, f"{first.id}/retry", body={"reason": "没出纸"}, method="post")
    assert (answer.status_code, answer.json["state"], answer.json["reprint"]) == (200, "queued", 1)
    assert ask(cashier, f"{first.id}/cancel", method="post").json["state"] == "cancelled"
    second = make_job(printer, state="unknown")
    assert ask(cashier, f"{second.id}/mark", method="post").json["state"] == "succeeded"
    assert ask(cashier, f"{second.id}/mark", method="post").status_code == 409


@pytest.mark.parametrize("step", ["retry", "mark", "cancel"])
def test_others_may_not(ask, user_for, printer, step):
    job = make_job(printer, state="unknown")
    for role in ("consultant", "steward", "manager"):
        answer = ask(user_for(role), f"{job.id}/{step}", method="post")
        assert (answer.status_code, answer.json["error"]) == (403, "not_allowed")
    stranger = user_for("cashier", project=make_project())
    assert ask(stranger, f"{job.id}/{step}", method="post").status_code == 404


def test_a_retry_is_done_once_under_its_key(ask, user_for, printer):
    cashier = user_for("cashier")
    job = make_job(printer, state="succeeded")
    ids = {ask(cashier, f"{job.id}/retry", method="post", key="one").json["id"] for _ in range(2)}
    assert len(ids) == 1
    assert db.session.query(DeviceJob).count() == 2


def test_the_wire_log_is_for_administrators(ask, user_for, printer):
    job = make_job(printer)
    log = DeviceJobLog(
        project_id=job.project_id,
        job_id=job.id,
        attempt=1,
        outcome="succeeded",
        entries=[{"at": "x", "dir": "out", "hex": "1b40"}],
    )
    db.session.add(log)
    answer = ask(user_for("admin"), f"{job.id}/log").json
    assert answer["result"][0]["entries"][0]["hex"] == "1b40"
    assert ask(user_for("cashier"), f"{job.id}/log").status_code == 403


def test_a_real_device_shows_no_paper_here(ask, user_for, printer):
    answer = ask(user_for("cashier"), f"{make_job(printer).id}/paper")
    assert answer.status_code == 404
    assert answer.json["message"]


def test_the_paper_of_a_simulator(ask, user_for, station, app, monkeypatch, tmp_path):
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    folder = tmp_path / "simulators" / "shouju"
    folder.mkdir(parents=True)
    device = make_device(station, url=str(tmp_path / "simulators" / "shouju.tty"))
    job, other = make_job(device), make_job(device)
    papers = [
        {
            "no": at,
            "at": "2026-11-21T04:00:00",
            "job_id": str(one.id),
            "copy": 1,
            "columns": 32,
            "lines": [{"text": f"收据 <{at}>", "align": "left", "size": "normal", "bold": False}],
            "drawer": 0,
            "raw": "",
        }
        for at, one in enumerate([other, job], start=1)
    ]
    lines = "".join(json.dumps(paper) + "\n" for paper in papers)
    (folder / "papers.jsonl").write_text(lines)
    answer = ask(user_for("cashier"), f"{job.id}/paper").json
    assert answer["text"] == "收据 <2>"
    (paper,) = answer["papers"]
    assert paper["number"] == 2
    assert paper["svg"].startswith("<svg")
    assert "<2>" not in paper["svg"]

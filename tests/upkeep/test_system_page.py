"""The page 系统运行, the daily check, incidents, figures for Prometheus."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.upkeep import findings, operations, queries
from app.upkeep.models import Backup, DailyCheck, Fault, Incident, SignOfLife
from tests.conftest import application
from tests.factories.people import make_project


def said(app, actor):
    health = findings.read_health(app.config["DATA_DIR"], actor)
    return {one.key: one for one in health.findings}


def alive(process, *, ago=0, **more):
    db.session.add(
        SignOfLife(
            process=process, machine="m1", pid=more.pop("pid", 7), version="0.1.0",
            started_at=clock.now(), seen_at=clock.now() - timedelta(seconds=ago), **more,
        )
    )  # fmt: skip
    db.session.flush()


def test_silent_processes_are_called_so(app, actor_for):
    admin = actor_for("admin", whole_group=True)
    assert said(app, admin)["worker"].state == "bad"
    alive("worker", ago=10)
    alive("live", ago=10, detail={"streams": 3})
    alive("web", ago=3600)
    found = said(app, admin)
    assert (found["worker"].state, found["live"].state, found["web"].state) == ("ok", "ok", "bad")
    assert "3" in str(found["live"].sentence)


def test_processes_of_two_releases_are_noticed(app, session, actor_for):
    alive("web", pid=1)
    alive("web", pid=2)
    session.execute(text("UPDATE upkeep_sign_of_life SET version = '0.2.0' WHERE pid = 2"))
    alive("worker")
    assert said(app, actor_for("admin", whole_group=True))["worker"].state == "warn"


def test_backups_grow_old(app, session, actor_for):
    admin = actor_for("admin", whole_group=True)
    assert said(app, admin)["backup"].state == "bad"
    made = Backup(machine="m", path="/b/x.xkb", state="done", ended_at=clock.now())
    session.add(made)
    session.flush()
    assert said(app, admin)["backup"].state == "warn"
    made.rehearsed_at = clock.now()
    session.flush()
    assert said(app, admin)["backup"].state == "ok"
    made.ended_at = clock.now() - timedelta(hours=31)
    session.flush()
    assert said(app, admin)["backup"].state == "bad"


def test_late_and_failed_jobs_are_shown_retried_and_discarded(
    app, session, client, sign_in, user_for
):
    session.execute(text("DELETE FROM procrastinate_jobs"))
    for status in ("failed", "failed", "todo"):
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)"
                " VALUES ('default', 'x.y', CAST(:status AS procrastinate_job_status),"
                " now() - interval '1 hour')"
            ),
            {"status": status},
        )
    assert queries.read_queue()["oldest"] >= 3600
    first, second = [row["id"] for row in queries.list_failed_jobs()]
    admin = user_for("admin", whole_group=True)
    assert said(app, operations_actor(admin))["queue"].state == "bad"
    browser = sign_in(client, admin)
    assert "x.y" in browser.get("/system/").text
    assert browser.post(f"/system/jobs/{first}/retry").status_code == 302
    assert browser.post(f"/system/jobs/{second}/discard").status_code == 302
    assert browser.post(f"/system/jobs/{second}/discard").status_code == 404
    assert browser.post(f"/system/jobs/{first}/frobnicate").status_code == 404
    states = dict(session.execute(text("SELECT id, status::text FROM procrastinate_jobs")).all())
    assert states[first] == "todo"
    assert second not in states


def operations_actor(user):
    from app.admin.principal import read_actor

    return read_actor(user.id)


def test_the_day_is_signed_once_with_what_the_page_said(session, client, sign_in, user_for):
    browser = sign_in(client, user_for("admin", whole_group=True))
    assert browser.post("/system/check", data={"remarks": "一切正常"}).status_code == 302
    signed = session.scalars(select(DailyCheck)).one()
    assert (signed.day, signed.remarks) == (clock.today(), "一切正常")
    assert {one["state"] for one in signed.findings} <= {"ok", "warn", "bad"}
    assert signed.troubles > 0
    assert browser.post("/system/check", data={}).status_code == 409
    assert "一切正常" in browser.get("/system/").text
    assert browser.get(f"/daily-checks/show/{signed.id}").status_code == 200


def test_who_does_not_reach_the_whole_group_signs_nothing(session, client, sign_in, user_for):
    make_project()
    browser = sign_in(client, user_for("admin"))
    assert browser.get("/system/").status_code == 200
    assert browser.post("/system/check", data={}).status_code == 403
    assert session.scalars(select(DailyCheck)).first() is None


def test_others_do_not_see_how_it_runs(client, sign_in, user_for):
    browser = sign_in(client, user_for("manager"))
    for address in ("/system/", "/incidents/list/", "/daily-checks/list/"):
        assert browser.get(address).status_code == 403


def test_an_incident_is_recorded_changed_and_deleted(session, actor_for):
    admin = actor_for("admin")
    began = clock.now()
    made = operations.add_incident(
        title="断电", severity="major", began_at=began, what="市电中断", actor=admin
    )
    assert made.created_by_id == admin.id
    with pytest.raises(Invalid):
        operations.edit_incident(made, ended_at=began - timedelta(minutes=1), actor=admin)
    session.expire(made)
    operations.edit_incident(made, ended_at=began + timedelta(minutes=9), cause="跳闸", actor=admin)
    assert made.cause == "跳闸"
    operations.delete_incident(made, actor=admin)
    assert session.scalars(select(Incident)).first() is None
    with pytest.raises(NotAllowed):
        operations.add_incident(
            title="x", severity="minor", began_at=began, what="x", actor=actor_for("manager")
        )


def test_errors_of_today_are_counted(app, session, actor_for):
    session.add(
        Fault(fingerprint="f", kind="k", place="p", during="d", first_at=clock.now(),
              last_at=clock.now(), count=2)
    )  # fmt: skip
    session.flush()
    assert said(app, actor_for("admin"))["faults"].state == "warn"


def test_old_signs_and_faults_are_forgotten(session, actor_for):
    alive("web", ago=2 * 24 * 3600, pid=1)
    alive("web", ago=5, pid=2)
    assert operations.prune(actor=actor_for("admin")) >= 1
    assert [one.pid for one in session.scalars(select(SignOfLife))] == [2]


def test_signing_twice_is_refused(actor_for):
    admin = actor_for("admin", whole_group=True)
    operations.sign_day(remarks=None, findings=[], actor=admin)
    with pytest.raises(Conflict):
        operations.sign_day(remarks=None, findings=[], actor=admin)


# ---- /metrics ----

TOKEN = "figures-for-prometheus"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """An application that lets Prometheus in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METRICS_TOKEN", TOKEN)
        patch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path_factory.mktemp("figures")))
        with application() as app:
            app.test_client_class = FlaskClient
            yield app


def test_figures_need_their_token(client, measured):
    assert client.get("/metrics").status_code == 404
    browser = measured.test_client()
    assert browser.get("/metrics").status_code == 401
    wrong = {"Authorization": "Bearer wrong-token-é"}
    assert browser.get("/metrics", headers=wrong).status_code == 401


def test_figures_tell_of_database_queues_devices_and_requests(measured):
    browser = measured.test_client()
    browser.get("/login/")
    answer = browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    for name in (
        "xiaokong_database_up 1.0", "xiaokong_database_oldest_write", "xiaokong_jobs{",
        "xiaokong_oldest_job_seconds", 'xiaokong_device_jobs{state="unknown"}',
        "xiaokong_pool_connections{",
        'xiaokong_requests_total{endpoint="door.enter"', "xiaokong_request_seconds_bucket{",
    ):  # fmt: skip
        assert name in answer.text, name

"""What an event writes: which hook, which device, and what happens without one."""

from __future__ import annotations

import pytest

from app.core.db import db
from app.core.errors import WrongState
from app.devices import outbox
from app.devices.models import DeviceJob
from app.devices.operations import retry_job
from tests.factories.devices import make_device, make_hook, make_job, make_station
from tests.factories.people import make_project

PAPER = {"print_receipt": {"title": "收据", "lines": []}}


@pytest.fixture
def cashier(actor_for):
    return actor_for("cashier")


def tell(project, actor, event="receipt_confirmed", payloads=PAPER):
    return outbox.enqueue_event(
        event,
        project_id=project.id,
        subject_type="receipt",
        subject_id=77,
        payloads=payloads,
        actor=actor,
    )


def test_without_a_hook_there_is_no_job(project, cashier):
    make_device(make_station(project, operators=(cashier,)))
    assert tell(project, cashier) == []


def test_the_job_goes_to_the_device_at_the_users_station(project, cashier):
    make_device(make_station(project))
    mine = make_device(make_station(project, operators=(cashier,)))
    make_hook(project)
    (job,) = tell(project, cashier)
    assert (job.device_id, job.state, job.kind) == (mine.id, "queued", "receipt_printer")
    assert (job.subject_type, job.subject_id, job.created_by_id) == ("receipt", 77, cashier.id)
    assert job.payload == PAPER["print_receipt"]


def test_a_hook_may_name_its_device(project, cashier):
    make_device(make_station(project, operators=(cashier,)))
    other = make_device(make_station(project))
    make_hook(project, device_id=other.id)
    assert [job.device_id for job in tell(project, cashier)] == [other.id]


def test_every_hook_makes_its_own_job(project, cashier):
    mine = make_device(make_station(project, operators=(cashier,)))
    other = make_device(make_station(project))
    make_hook(project)
    make_hook(project, device_id=other.id)
    assert [job.device_id for job in tell(project, cashier)] == [mine.id, other.id]


@pytest.mark.parametrize(
    "off",
    ["hook", "event", "command", "project"],
)
def test_hooks_that_do_not_fit_make_none(project, cashier, off):
    make_device(make_station(project, operators=(cashier,)))
    make_hook(
        make_project() if off == "project" else project,
        event="receipt_reversed" if off == "event" else "receipt_confirmed",
        command="issue_invoice" if off == "command" else "print_receipt",
        is_active=off != "hook",
    )
    assert tell(project, cashier) == []


@pytest.mark.parametrize("off", ["station", "device", "kind", "operator"])
def test_without_a_device_the_job_says_so(project, cashier, actor_for, off):
    station = make_station(
        project,
        operators=(actor_for("cashier") if off == "operator" else cashier,),
        is_active=off != "station",
    )
    make_device(
        station,
        is_active=off != "device",
        kind="led" if off == "kind" else "receipt_printer",
    )
    make_hook(project)
    (job,) = tell(project, cashier)
    assert (job.device_id, job.state, job.error_code) == (None, "failed", "no_device")


def test_a_named_device_that_is_off_is_not_replaced(project, cashier):
    make_device(make_station(project, operators=(cashier,)))
    off = make_device(make_station(project), is_active=False)
    make_hook(project, device_id=off.id)
    (job,) = tell(project, cashier)
    assert (job.device_id, job.error_code) == (None, "no_device")


def test_the_jobs_fall_with_the_callers_transaction(project, cashier):
    make_device(make_station(project, operators=(cashier,)))
    make_hook(project)
    db.session.commit()
    tell(project, cashier)
    db.session.rollback()
    assert db.session.query(DeviceJob).count() == 0


def test_the_system_has_no_station(project):
    from app.core.actor import system_actor

    make_device(make_station(project))
    make_hook(project)
    (job,) = tell(project, system_actor("test"))
    assert (job.device_id, job.created_by_id, job.error_code) == (None, None, "no_device")


def test_cancelling_spares_what_has_begun(project, cashier):
    from app.core import clock

    device = make_device(make_station(project))
    subject = {"subject_type": "receipt", "subject_id": 5}
    waiting = make_job(device, **subject)
    done = make_job(device, state="succeeded", **subject)
    failed = make_job(device, state="failed", **subject)
    begun = make_job(device, state="sent", started_at=clock.now(), **subject)
    other = make_job(device)
    cancelled = outbox.cancel_waiting("receipt", 5, actor=cashier)
    assert cancelled == [waiting, failed]
    assert (done.state, begun.state, other.state) == ("succeeded", "sent", "queued")


def test_the_subjects_area_has_a_say_in_a_reprint(project, cashier):
    def refuse(subject_id):
        raise WrongState(f"no more papers of {subject_id}")

    outbox.register_subject("queue_ticket", guard=refuse)
    device = make_device(make_station(project))
    job = make_job(device, state="failed", subject_type="queue_ticket", subject_id=9)
    with pytest.raises(WrongState, match="no more papers of 9"):
        retry_job(job.id, reason="", actor=cashier)

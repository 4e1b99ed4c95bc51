"""Exports: short ones at once, long ones by the worker; every end is clear, for the owner alone."""

# ruff: noqa: ARG001 - fixtures are arguments

from __future__ import annotations

from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select, text

from app.admin.principal import read_actor
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.errors import Conflict, NotFound, WrongState
from app.core.uow import unit_of_work
from app.lists import operations
from app.lists.models import Export
from app.notices.models import Notice
from app.web import exports

DOWNLOAD = "/sample/rooms/export/"


@pytest.fixture
def long_lists(monkeypatch, app, tmp_path):
    """Lists of more than five rows are long; files go into a folder of this test."""
    monkeypatch.setattr(exports, "AT_ONCE", 5)
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))


def asked(client, query="status=held"):
    answer = client.get(f"{DOWNLOAD}?{query}")
    assert answer.location == "/exports/"
    return db.session.scalar(select(Export).order_by(Export.id.desc()))


def run(export):
    exports.run(export.id, read_actor)
    db.session.refresh(export)


def test_a_long_list_is_handed_to_the_worker_in_the_same_transaction(steward, rooms, long_lists):
    export = asked(steward)
    assert (export.state, export.total) == ("waiting", 15)
    job = db.session.execute(
        text("SELECT task_name, args FROM procrastinate_jobs WHERE task_name = :name"),
        {"name": operations.EXPORT_TASK},
    ).one()
    assert job.args == {"export_id": export.id}


def test_conditions_too_long_to_be_kept_are_refused_and_not_cut(steward, rooms, long_lists):
    answer = steward.get(f"{DOWNLOAD}?order=-gross_area&{'x' * 2000}=1&status=held")
    assert answer.status_code == 422
    assert db.session.scalar(select(Export)) is None


def test_the_worker_writes_the_file_and_its_owner_fetches_it(steward, rooms, long_lists, tmp_path):
    export = asked(steward, "status=held&order=-gross_area")
    run(export)
    assert (export.state, export.done, export.total) == ("done", 15, 15)
    told = db.session.scalars(select(Notice.kind).where(Notice.user_id == export.owner_id))
    assert list(told) == ["export_done"]
    assert "下载" in steward.get("/exports/").text or "Download" in steward.get("/exports/").text
    answer = steward.get(f"/exports/{export.id}/file")
    (tmp_path / "x.xlsx").write_bytes(answer.data)
    answer.close()
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    rows = list(sheet.values)
    assert len(rows) == 16
    assert rows[1][4] == 130
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).all()
    assert {entry.after.get("rows") or entry.after.get("fetched") for entry in noted} == {
        15,
        export.id,
    }


def test_chosen_columns_are_those_of_the_file(steward, rooms, long_lists, tmp_path):
    steward.post("/lists/SampleRoomView/layout", data={"column": ["title", "status"]})
    export = asked(steward)
    run(export)
    answer = steward.get(f"/exports/{export.id}/file")
    (tmp_path / "x.xlsx").write_bytes(answer.data)
    answer.close()
    assert openpyxl.load_workbook(tmp_path / "x.xlsx").active.max_column == 2


def test_a_stranger_finds_neither_the_export_nor_its_file(
    client, user_for, sign_in, rooms, long_lists
):
    sign_in(client, user_for("steward"))
    export = asked(client)
    run(export)
    other = sign_in(client.application.test_client(), user_for("steward"))
    assert other.get(f"/exports/{export.id}/file").status_code == 404
    assert other.post(f"/exports/{export.id}/repeat").status_code == 404
    assert other.post(f"/exports/{export.id}/cancel").status_code == 404
    assert other.get("/exports/progress").json["result"] == []


def test_rights_are_asked_again_in_the_job_and_at_the_download(
    client, user_for, sign_in, rooms, long_lists
):
    user = user_for("steward")
    sign_in(client, user)
    first = asked(client)
    run(first)
    second = asked(client)
    db.session.execute(text("DELETE FROM ab_user_role WHERE user_id = :id"), {"id": user.id})
    user.access_version += 1
    db.session.flush()
    run(second)
    assert (second.state, second.file_name) == ("failed", "")
    assert second.problem
    assert client.get(f"/exports/{first.id}/file").status_code in (302, 403)


def test_what_left_the_scope_is_not_written(client, user_for, sign_in, rooms, long_lists):
    user = user_for("steward")
    sign_in(client, user)
    export = asked(client)
    db.session.execute(
        text("DELETE FROM estate_project_member WHERE user_id = :id"), {"id": user.id}
    )
    db.session.flush()
    run(export)
    assert export.state == "failed"


def test_a_cancelled_export_is_let_go_and_can_be_repeated(steward, rooms, long_lists, tmp_path):
    export = asked(steward)
    steward.post(f"/exports/{export.id}/cancel")
    run(export)
    assert export.state == "cancelled"
    assert not list((tmp_path / "exports").glob("*")) if (tmp_path / "exports").exists() else True
    steward.post(f"/exports/{export.id}/repeat")
    again = db.session.scalar(select(Export).order_by(Export.id.desc()))
    run(again)
    assert (again.id != export.id, again.state) == (True, "done")


def test_an_export_cancelled_while_it_is_written_leaves_no_file(
    steward, rooms, long_lists, monkeypatch, tmp_path
):
    export = asked(steward)

    def cancelled(*_args, **_more):
        return False

    monkeypatch.setattr(operations, "note_progress", cancelled)
    run(export)
    assert export.state == "running"
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_failure_ends_in_a_sentence_and_no_file(
    steward, rooms, long_lists, monkeypatch, tmp_path
):
    export = asked(steward)

    def broken(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(exports.export, "write", broken)
    with pytest.raises(ZeroDivisionError):
        run(export)
    db.session.refresh(export)
    assert (export.state, export.file_name) == ("failed", "")
    assert export.problem
    assert list((tmp_path / "exports").iterdir()) == []


def test_what_a_killed_worker_left_behind_is_ended_and_waiting_ones_are_handed_over_again(
    steward, rooms, long_lists, clock_at
):
    lost, late = asked(steward), asked(steward)
    with unit_of_work(exports.WORKER):
        operations.claim_export(lost.id, actor=exports.WORKER)
    lost.seen_at = clock.now() - timedelta(minutes=5)
    late.created_at = clock.now() - timedelta(minutes=5)
    db.session.execute(text("DELETE FROM procrastinate_jobs"))
    with unit_of_work(exports.WORKER):
        assert operations.tend_exports(actor=exports.WORKER) == 1
    assert lost.state == "failed"
    jobs = db.session.scalars(text("SELECT args->>'export_id' FROM procrastinate_jobs"))
    assert list(jobs) == [str(late.id)]
    assert steward.get("/exports/").status_code == 200


def test_no_more_than_two_are_written_at_once(steward, rooms, long_lists):
    found = [asked(steward) for _turn in range(3)]
    with unit_of_work(exports.WORKER):
        claimed = [operations.claim_export(one.id, actor=exports.WORKER) for one in found]
    assert [one is not None for one in claimed] == [True, True, False]


def test_too_many_open_exports_are_refused_in_a_sentence(steward, rooms, long_lists, actor_for):
    for _turn in range(operations.MOST_OPEN):
        last = asked(steward)
    assert steward.get(f"{DOWNLOAD}?status=held").status_code == 409
    owner = read_actor(last.owner_id)
    with pytest.raises(Conflict):
        operations.repeat_export(last.id, actor=owner)


def test_expired_files_are_deleted(steward, rooms, long_lists, tmp_path):
    export = asked(steward)
    run(export)
    export.expires_at = clock.now() - timedelta(seconds=1)
    with unit_of_work(exports.WORKER):
        assert exports.expire(actor=exports.WORKER) == 1
    db.session.refresh(export)
    assert (export.state, export.file_name) == ("expired", "")
    assert list((tmp_path / "exports").iterdir()) == []
    assert steward.get(f"/exports/{export.id}/file").status_code == 404
    with pytest.raises(WrongState):
        operations.cancel_export(export.id, actor=read_actor(export.owner_id))


def test_only_the_worker_writes(steward, rooms, long_lists, actor_for):
    export = asked(steward)
    for step in (operations.claim_export, operations.fail_export):
        with pytest.raises(Exception, match=r"worker|后台"):
            step(export.id, *(["x"] if step is operations.fail_export else []),
                 actor=actor_for("steward"))  # fmt: skip
    with pytest.raises(NotFound):
        operations.cancel_export(export.id, actor=actor_for("steward"))

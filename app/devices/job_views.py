"""Pages of device jobs: list, steps, what came out, the wire log."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from wtforms import validators

from app.core.actor import Actor, current_actor
from app.core.db import db
from app.devices import operations, outbox, queries
from app.devices.models import DeviceJob, DeviceJobState
from app.devices.policies import JOB
from app.devices.simulated import papers_of, simulator_of
from app.web import show_page
from app.web.actions import RowAction
from app.web.crud import CrudView, guarded
from app.web.crud_forms import LineField

LONGEST_REASON = 200


def reason_field() -> Any:
    """Return the field that asks why."""
    return LineField(_l("Reason"), [validators.Length(max=LONGEST_REASON)])


def _step(operation: Any) -> Any:
    def take(job: DeviceJob, *, reason: str | None, actor: Actor) -> None:
        operation(job.id, reason=reason or "", actor=actor)

    return take


def _actor() -> Actor:
    found = current_actor()
    assert found is not None  # noqa: S101 - the pages are for people who are signed in
    return found


def explain_text(job: DeviceJob) -> str:
    """Return why the job stands where it stands."""
    sentence = queries.explain(job)
    return "" if sentence is None else str(sentence)


def subject_text(job: DeviceJob) -> str:
    """Return what the paper is about."""
    words = {"receipt": _("Receipt"), "device": _("Test page")}
    word = words.get(job.subject_type, job.subject_type)
    return f"{word} {_subject_title(job)}".strip()


def _subject_title(job: DeviceJob) -> str:
    """Return how the subject is called, asked for all jobs of the page at once."""
    known: dict[tuple[str, int], str] = request.environ.setdefault("xiaokong.subjects", {})
    key = (job.subject_type, job.subject_id)
    if key not in known:
        loaded = [one for one in db.session.identity_map.values() if _is_of(one, job.subject_type)]
        ids = {one.subject_id for one in loaded} | {job.subject_id}
        titles = outbox.subject_titles(job.subject_type, ids)
        known.update({(job.subject_type, one): titles.get(one, "") for one in ids})
    return known[key]


def _is_of(row: Any, subject_type: str) -> bool:
    is_read = isinstance(row, DeviceJob) and not inspect(row).expired
    return is_read and row.subject_type == subject_type


def job_title(job: DeviceJob) -> str:
    """Return how a job is called."""
    return str(_("Job %(number)s", number=job.id))


class DeviceJobView(CrudView):
    """设备任务."""

    datamodel = SQLAInterface(DeviceJob)
    route_base = "/device-jobs"
    permission = JOB
    list_title = _l("Device jobs")
    empty_sentence = _l("What devices put out is listed here.")
    list_columns = ["id", "subject", "command", "device", "state", "why", "attempts", "created_at"]
    search_columns = ["state", "device", "created_at"]
    states = {"state": DeviceJobState}
    label_columns = {
        "subject": _l("About"),
        "command": _l("Order"),
        "device": _l("Device"),
        "why": _l("Explanation"),
        "attempts": _l("Attempts"),
        "reprint": _l("Reprints"),
        "next_attempt_at": _l("Next attempt"),
    }
    computed = {"subject": subject_text, "why": explain_text}
    formatters = {"command": lambda code: operations.COMMANDS.get(code, code)}
    load = ("device",)
    row_title = staticmethod(job_title)
    show_fieldsets = [
        (
            "",
            [
                "state",
                "subject",
                "command",
                "device",
                "attempts",
                "reprint",
                "next_attempt_at",
                "created_at",
                "why",
            ],
        ),
    ]
    show_template = "devices/job.html"
    exportable = False
    row_actions = [
        RowAction(
            "mark",
            _l("It came out"),
            "mark",
            _step(operations.mark_job),
            fields={"reason": reason_field()},
            when=lambda job: "mark" in _steps(job),
        ),
        RowAction(
            "cancel",
            _l("Cancel the job"),
            "cancel",
            _step(operations.cancel_job),
            fields={"reason": reason_field()},
            when=lambda job: "cancel" in _steps(job),
        ),
        RowAction(
            "retry",
            _l("Print again"),
            "retry",
            _step(operations.retry_job),
            fields={"reason": reason_field()},
            when=lambda job: "retry" in _steps(job),
            kind="p",
        ),
    ]

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one job with what came out, and the wire log to those who may see it."""
        job = self.get(pk, actor)
        logs = queries.list_logs(job.id) if actor.may(f"{JOB}:see_log") else []
        return self.render_template(
            self.show_template,
            page=show_page.build(self, job, actor),
            papers=_pictures(job),
            is_simulated=simulator_of(job) is not None,
            logs=[
                (log, outcome_title(log.outcome), [_readable(entry) for entry in log.entries])
                for log in logs
            ],
        )


def outcome_title(outcome: str) -> Any:
    """Return the word for how an attempt ended."""
    if outcome in set(DeviceJobState):
        return DeviceJobState(outcome).title
    return _("Not started")


def _steps(job: DeviceJob) -> Sequence[str]:
    found: list[str] = queries.describe_job(job, actor=_actor())["actions"]
    return found


def _pictures(job: DeviceJob) -> list[dict[str, str]]:
    """Return the papers of a simulator as pictures that a page may embed."""
    if simulator_of(job) is None:
        return []
    return [
        {
            "text": paper["text"],
            "picture": "data:image/svg+xml;base64,"
            + base64.b64encode(paper["svg"].encode()).decode(),
        }
        for paper in papers_of(job)["papers"]
    ]


def _readable(entry: dict[str, str]) -> dict[str, str]:
    """Return a log entry with its bytes also as text, as far as they are any."""
    data = bytes.fromhex(entry["hex"]) if len(entry["hex"]) % 2 == 0 else b""
    text = "".join(
        sign if sign.isprintable() else "·" for sign in data.decode("gb18030", "replace")
    )
    return {**entry, "text": text}

"""REST: what people ask about device jobs and do with them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core.errors import NotFound
from app.devices import operations, queries
from app.devices.agent_api import AgentApi
from app.devices.models import DeviceJob
from app.devices.policies import JOB
from app.devices.queries import describe_job
from app.devices.simulated import papers_of, simulator_of
from app.web.rest import Body, RestApi, current, endpoint, whole

LONGEST_TEXT = 200


class ReasonBody(Body):
    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_TEXT))


class DeviceJobApi(RestApi):
    """Device jobs: how they stand, and what a person may do with them."""

    resource_name = "device-jobs"

    @expose("/", methods=["GET"])
    @endpoint()
    def list_jobs(self) -> dict[str, Any]:
        """Return the jobs of one subject, oldest first.

        ---
        get:
          parameters:
          - {in: query, name: subject_type, schema: {type: string}}
          - {in: query, name: subject_id, schema: {type: integer}}
          responses:
            200:
              description: the newest 50 jobs of the subject, oldest first
        """
        subject_type = request.args.get("subject_type", "")
        subject_id = whole("subject_id")
        if not subject_type or subject_id is None:
            raise NotFound(_("Name the subject: subject_type and subject_id."))
        jobs = queries.list_jobs(subject_type, subject_id, actor=current())
        return {"result": [_shown(job) for job in jobs], "next": None, "count": len(jobs)}

    @expose("/<int:job_id>", methods=["GET"])
    @endpoint()
    def get_job(self, job_id: int) -> dict[str, Any]:
        """Return one job.

        ---
        get:
          responses:
            200:
              description: the job
            404:
              description: none within the scope
        """
        return _shown(queries.get_job(job_id, actor=current()))

    @expose("/<int:job_id>/retry", methods=["POST"])
    @endpoint(f"{JOB}:retry", body=ReasonBody)
    def retry(self, job_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Have the job carried out again; what may be on paper already is marked 补打.

        ---
        post:
          responses:
            200:
              description: the job that will be carried out
            404:
              description: none within the scope
            409:
              description: the job is in another state
        """
        reason = body["reason"]
        return _shown(operations.retry_job(job_id, reason=reason, actor=current()))

    @expose("/<int:job_id>/cancel", methods=["POST"])
    @endpoint(f"{JOB}:cancel", body=ReasonBody)
    def cancel(self, job_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Stop a job that has not begun.

        ---
        post:
          responses:
            200:
              description: the cancelled job
            404:
              description: none within the scope
            409:
              description: the job is in another state
        """
        reason = body["reason"]
        return _shown(operations.cancel_job(job_id, reason=reason, actor=current()))

    @expose("/<int:job_id>/mark", methods=["POST"])
    @endpoint(f"{JOB}:mark", body=ReasonBody)
    def mark(self, job_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Note that a person saw the paper.

        ---
        post:
          responses:
            200:
              description: the job, now succeeded
            404:
              description: none within the scope
            409:
              description: the job is in another state
        """
        reason = body["reason"]
        return _shown(operations.mark_job(job_id, reason=reason, actor=current()))

    @expose("/<int:job_id>/log", methods=["GET"])
    @endpoint(f"{JOB}:see_log")
    def log(self, job_id: int) -> dict[str, Any]:
        """Return the bytes of every attempt, card numbers masked.

        ---
        get:
          responses:
            200:
              description: the bytes of every attempt
            403:
              description: for administrators only
        """
        job = queries.get_job(job_id, actor=current())
        return {
            "result": [
                {"attempt": log.attempt, "outcome": log.outcome, "entries": log.entries}
                for log in queries.list_logs(job.id)
            ]
        }

    @expose("/<int:job_id>/paper", methods=["GET"])
    @endpoint()
    def paper(self, job_id: int) -> dict[str, Any]:
        """Return what a simulator printed for the job, as text and as pictures.

        ---
        get:
          responses:
            200:
              description: text and pictures (SVG) of the papers
            404:
              description: a real device, or no such job
        """
        return papers_of(queries.get_job(job_id, actor=current()))


def _shown(job: DeviceJob) -> dict[str, Any]:
    """Return a job with whether its paper can be shown here."""
    simulated = simulator_of(job) is not None
    return {**describe_job(job, actor=current()), "simulated": simulated}


RESOURCES = [AgentApi, DeviceJobApi]

"""REST: the calls of the counters' agents, each with its station's token."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, g, jsonify, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core.actor import Actor, set_actor
from app.core.db import db
from app.devices import lease, queries, results
from app.devices.models import Device, DeviceJob, Station
from app.web.rest import Body, NotSignedIn, RestApi, Whole, run_once, taken


class LeaseBody(Body):
    agent = fields.String(load_default="", validate=validate.Length(max=80))
    limit = Whole(load_default=5, validate=validate.Range(1, lease.MOST_JOBS))


class HoldBody(Body):
    lease = fields.UUID(required=True)
    attempt = Whole(required=True)


class RenewBody(Body):
    lease = fields.UUID(required=True)


class ResultBody(HoldBody):
    outcome = fields.String(required=True)
    error_code = fields.String(load_default=None, allow_none=True)
    detail = fields.String(load_default=None, allow_none=True)
    result = fields.Dict(load_default=dict)
    wire_log = fields.List(fields.Raw(), load_default=list)


class DeviceReport(Body):
    id = Whole(required=True)
    state = fields.String(required=True)
    detail = fields.String(load_default="", allow_none=True)


class HeartbeatBody(Body):
    agent = fields.String(load_default="")
    devices = fields.List(fields.Nested(DeviceReport), load_default=list)


def _station() -> tuple[Station, Actor]:
    """Return the station whose token the call bears, as an actor. Raises NotSignedIn."""
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
    station = queries.find_station_by_token(token) if token else None
    if station is None:
        raise NotSignedIn(_("This station's token is not valid. Give the agent a new one."))
    actor = Actor(
        kind="device",
        id=station.id,
        name=station.name,
        projects=frozenset({station.project_id}),
        address=request.remote_addr or "",
    )
    return station, actor


def agent_call(body: type[Body]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method a call of a station's agent: token, Idempotency-Key, one unit of work.

    An answer given as a Response is not kept with the key: the call says anew how things stand.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Response:
            station, actor = _station()
            # The token was looked up by nobody; the work is a transaction in the station's name.
            db.session.expunge(station)
            db.session.rollback()
            set_actor(actor)
            g.actor = actor
            return run_once(
                lambda: method(self, station, actor, *args, **kwargs, **taken(body)),
                actor,
                200,
                "required",
            )

        call._permission_name = method.__name__  # type: ignore[attr-defined]  # noqa: SLF001
        call.permissions = None  # type: ignore[attr-defined]
        call.body, call.key = body, "required"  # type: ignore[attr-defined]
        return call

    return decorate


class AgentApi(RestApi):
    """What the agent on a counter asks and tells."""

    resource_name = "agent"

    @expose("/lease", methods=["POST"])
    @agent_call(LeaseBody)
    def lease(self, station: Station, actor: Actor, body: dict[str, Any]) -> Any:
        """Hand out the due jobs of the station's devices.

        ---
        post:
          responses:
            200:
              description: the station, its jobs under lease, its devices
            401:
              description: the station's token is not valid
        """
        jobs = lease.lease_jobs(station, limit=body["limit"], actor=actor)
        answer = {
            "station": {"id": station.id, "name": station.name},
            "jobs": [leased_job(job) for job in jobs],
            "devices": [device_for_agent(device) for device in queries.list_devices(station.id)],
            "poll_seconds": lease.POLL_SECONDS,
        }
        # Only an answer with jobs must come back the same; the idle ones would fill the table.
        return answer if jobs else jsonify(answer)

    @expose("/jobs/<int:job_id>/started", methods=["POST"])
    @agent_call(HoldBody)
    def started(self, station: Station, _actor: Actor, job_id: int, body: dict[str, Any]) -> Any:
        """Note that the first byte may leave.

        ---
        post:
          responses:
            200:
              description: the job is the agent's; it may print
            409:
              description: the lease is lost; print nothing
            401:
              description: the station's token is not valid
        """
        job = lease.start_job(job_id, station=station, lease=body["lease"], attempt=body["attempt"])
        return jsonify(_standing(job))

    @expose("/jobs/<int:job_id>/renew", methods=["POST"])
    @agent_call(RenewBody)
    def renew(self, station: Station, _actor: Actor, job_id: int, body: dict[str, Any]) -> Any:
        """Give the agent more time for a job.

        ---
        post:
          responses:
            200:
              description: 30 seconds more
            409:
              description: the lease is lost
            401:
              description: the station's token is not valid
        """
        return jsonify(_standing(lease.renew_lease(job_id, station=station, lease=body["lease"])))

    @expose("/jobs/<int:job_id>/result", methods=["POST"])
    @agent_call(ResultBody)
    def result(self, station: Station, actor: Actor, job_id: int, body: dict[str, Any]) -> Any:
        """Take down how an attempt ended.

        ---
        post:
          responses:
            200:
              description: the job's state
            409:
              description: the lease is lost; the report is not taken
            401:
              description: the station's token is not valid
        """
        outcome = results.parse_outcome(body.pop("outcome"))
        report = results.AttemptReport(outcome=outcome, **body)
        job = results.settle(job_id, report, station=station, actor=actor)
        return {"id": job.id, "state": job.state}

    @expose("/heartbeat", methods=["POST"])
    @agent_call(HeartbeatBody)
    def heartbeat(self, station: Station, actor: Actor, body: dict[str, Any]) -> Any:
        """Keep what the agent says of its devices.

        ---
        post:
          responses:
            200:
              description: how many devices were noted
            401:
              description: the station's token is not valid
        """
        reports = [
            (report["id"], report["state"], report["detail"] or "") for report in body["devices"]
        ]
        kept = lease.record_heartbeat(reports, station=station, actor=actor)
        return jsonify(devices=kept)


def leased_job(job: DeviceJob) -> dict[str, Any]:
    """Return a job as the agent gets it."""
    assert job.device is not None  # noqa: S101 - only jobs with a device are leased
    return {
        "id": job.id,
        "attempt": job.attempts,
        "lease": str(job.lease),
        "lease_seconds": lease.LEASE_SECONDS,
        "device": device_for_agent(job.device),
        "command": job.command,
        "payload": lease.printable(job),
        "request_id": job.request_id,
    }


def device_for_agent(device: Device) -> dict[str, Any]:
    """Return what an agent must know of a device."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": device.kind,
        "driver": device.driver,
        "url": device.url,
        "settings": device.settings,
    }


def _standing(job: DeviceJob) -> dict[str, Any]:
    return {"id": job.id, "state": job.state, "lease_seconds": lease.LEASE_SECONDS}

"""How the system runs, as facts."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.scope import scope_parameters
from app.upkeep.beat import SILENT_SECONDS
from app.upkeep.models import Backup

FAILED_SHOWN = 20

_DATABASE = text("""
SELECT current_database() AS name,
       pg_database_size(current_database()) AS size,
       current_setting('max_connections')::int AS max_connections,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active') AS active,
       (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend') AS oldest_transaction,
       (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int FROM pg_stat_activity
         WHERE datname = current_database() AND backend_xid IS NOT NULL
           AND pid <> pg_backend_pid()) AS oldest_write,
       (SELECT count(*) FROM pg_locks WHERE NOT granted) AS waiting_locks,
       (SELECT version_num FROM alembic_version) AS revision,
       pg_is_in_recovery() AS is_standby, pg_postmaster_start_time() AS started_at
""")
_REPLICATION = text("""
SELECT coalesce(application_name, '') AS name, state, sync_state,
       coalesce(extract(epoch FROM replay_lag), 0)::int AS lag FROM pg_stat_replication ORDER BY 1
""")
_PROCESSES = text("""
SELECT process, machine, count(*) FILTER (WHERE seen_at > :fresh) AS count,
       max(seen_at) AS seen_at, min(started_at) AS started_at,
       max(version) AS version, count(DISTINCT version) AS versions,
       coalesce(sum((detail->>'streams')::int)
         FILTER (WHERE seen_at > :fresh), 0) AS streams
  FROM upkeep_sign_of_life WHERE seen_at > :since GROUP BY process, machine ORDER BY 1, 2
""")
_QUEUE = text("""
SELECT count(*) FILTER (WHERE status = 'todo') AS waiting,
       count(*) FILTER (WHERE status = 'doing') AS doing,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       coalesce(extract(epoch FROM now() - min(due) FILTER (WHERE status = 'todo'
         AND due <= now())), 0)::int AS oldest
  FROM (SELECT j.status, coalesce(j.scheduled_at, (SELECT min(e.at) FROM procrastinate_events e
                                                    WHERE e.job_id = j.id)) AS due
          FROM procrastinate_jobs j WHERE j.status IN ('todo', 'doing', 'failed')) job
""")
_FAILED = text("""
SELECT j.id, j.task_name, j.attempts, (SELECT max(e.at) FROM procrastinate_events e
                                        WHERE e.job_id = j.id) AS at
  FROM procrastinate_jobs j WHERE j.status = 'failed' ORDER BY j.id DESC LIMIT :most
""")
_STATIONS = text("""
SELECT s.id, s.name, p.name AS project, max(d.seen_at) AS seen_at, count(x.id) AS devices,
       count(x.id) FILTER (WHERE d.state NOT IN ('ok', 'paper_near_end')) AS troubled
  FROM devices_station s JOIN estate_project p ON p.id = s.project_id
  LEFT JOIN devices_device x ON x.station_id = s.id AND x.is_active
  LEFT JOIN devices_device_status d ON d.device_id = x.id
 WHERE s.is_active AND (:scope_all OR s.project_id = ANY(:scope_projects))
 GROUP BY s.id, s.name, p.name ORDER BY p.name, s.name
""")
_DEVICE_JOBS = text("""
SELECT state, count(*) AS count FROM devices_job
 WHERE state IN ('queued', 'sent', 'failed', 'unknown')
   AND (:scope_all OR project_id = ANY(:scope_projects)) GROUP BY state
""")


def _rows(statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(statement, values).mappings()]


def read_database() -> dict[str, Any]:
    """Return what the database says of itself."""
    return {**_rows(_DATABASE)[0], "replicas": _rows(_REPLICATION)}


def read_processes() -> list[dict[str, Any]]:
    """Return our processes of the last day by kind and machine, with their last sign of life."""
    now = clock.now()
    return _rows(
        _PROCESSES,
        since=now - timedelta(days=1),
        fresh=now - timedelta(seconds=SILENT_SECONDS),
    )


def alive(found: dict[str, Any], at: datetime) -> bool:
    """Tell whether the process was heard a moment ago."""
    return bool((at - found["seen_at"]).total_seconds() <= SILENT_SECONDS)


def read_queue() -> dict[str, Any]:
    """Return how many background jobs wait, run and failed, and how late the oldest is."""
    return _rows(_QUEUE)[0]


def read_device_jobs(actor: Actor) -> dict[str, int]:
    """Return the open and troubled device jobs of the actor's projects by state."""
    found = dict.fromkeys(("queued", "sent", "failed", "unknown"), 0)
    return found | {
        row["state"]: row["count"] for row in _rows(_DEVICE_JOBS, **scope_parameters(actor))
    }


def read_stations(actor: Actor) -> list[dict[str, Any]]:
    """Return the stations of the actor's projects with the last sign of their agents."""
    return _rows(_STATIONS, **scope_parameters(actor))


def read_disk(folder: str) -> dict[str, Any]:
    """Return the space of the disk that holds the data folder."""
    place = Path(folder)
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    return {"folder": folder, "total": usage.total, "free": usage.free}


def list_failed_jobs() -> list[dict[str, Any]]:
    """Return the newest background jobs that failed."""
    return _rows(_FAILED, most=FAILED_SHOWN)


def list_backups(limit: int = 10) -> list[Backup]:
    """Return the newest backups."""
    return list(db.session.scalars(select(Backup).order_by(Backup.id.desc()).limit(limit)))


def last_good_backup() -> Backup | None:
    """Return the newest backup that was finished, or None."""
    found: Backup | None = db.session.scalar(
        select(Backup).where(Backup.state == "done").order_by(Backup.ended_at.desc()).limit(1)
    )
    return found


def last_rehearsal() -> datetime | None:
    """Return when a backup was last rehearsed with success."""
    found: datetime | None = db.session.scalar(
        select(Backup.rehearsed_at)
        .where(Backup.rehearsed_at.is_not(None), Backup.rehearsal_error.is_(None))
        .order_by(Backup.rehearsed_at.desc())
        .limit(1)
    )
    return found


_OPEN_BUSINESS = text("""
SELECT (SELECT count(*) FROM sales_hold WHERE project_id = :p AND state = 'live') AS holds,
       (SELECT count(*) FROM sales_subscription WHERE project_id = :p
         AND state IN ('awaiting_deposit', 'deposit_short', 'active')) AS subscriptions,
       (SELECT count(*) FROM workflows_approval_request WHERE project_id = :p
         AND state IN ('running', 'returned')) AS requests,
       (SELECT count(*) FROM devices_job WHERE project_id = :p
         AND state IN ('queued', 'sent')) AS papers,
       (SELECT count(*) FROM pricing_price_plan WHERE project_id = :p
         AND state = 'scheduled') AS plans
""")


def open_business(project_id: int) -> list[Any]:
    """Return sentences on what is under way in a project and would be stuck if it were closed."""
    found = _rows(_OPEN_BUSINESS, p=project_id)[0]
    words = {
        "holds": _l("%(count)d rooms are held", count=found["holds"]),
        "subscriptions": _l("%(count)d subscriptions are open", count=found["subscriptions"]),
        "requests": _l("%(count)d approvals are under way", count=found["requests"]),
        "papers": _l("%(count)d papers are not yet printed", count=found["papers"]),
        "plans": _l("%(count)d price plans wait for their day", count=found["plans"]),
    }
    return [sentence for name, sentence in words.items() if found[name]]


def notable_settings(config: dict[str, Any]) -> list[tuple[Any, str, bool]]:
    """Return settings of note: title, value, and whether it is as an office should have it."""

    def given(name: str) -> bool:
        return bool(config.get(name) or os.environ.get(name))

    yes, no = str(_l("yes")), str(_l("no"))
    return [
        (
            _l("Cookies only over HTTPS"),
            yes if config["SESSION_COOKIE_SECURE"] else no,
            bool(config["SESSION_COOKIE_SECURE"]),
        ),
        (_l("Trusted proxies"), str(config["TRUSTED_PROXIES"]), config["TRUSTED_PROXIES"] > 0),
        (
            _l("Own owner for migrations"),
            yes if given("DATABASE_OWNER_URL") else no,
            given("DATABASE_OWNER_URL"),
        ),
        (_l("Figures for Prometheus"), yes if config["METRICS_TOKEN"] else no, True),
        (_l("Nightly backup"), yes if given("BACKUP_DIR") else no, given("BACKUP_DIR")),
        (_l("Data folder"), str(config["DATA_DIR"]), True),
    ]

"""How the system runs, as findings with a sentence each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.upkeep import queries
from app.upkeep.models import Backup, DailyCheck, Fault, Incident

#: an agent or device that was not heard for so long is called silent
DEVICE_SILENT = timedelta(minutes=2)
#: a backup that is older than this is a trouble; a rehearsal that is older, too
BACKUP_DUE = timedelta(hours=30)
REHEARSAL_DUE = timedelta(days=31)
LATE_JOB_SECONDS = 300
LOW_DISK, VERY_LOW_DISK = 0.15, 0.05
OLD_TRANSACTION_SECONDS = 60
MANY_CONNECTIONS = 0.8
FAULTS_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``ok``, ``warn`` or ``bad``, and a sentence about it."""

    key: str
    state: str
    title: Any
    sentence: Any

    def plain(self) -> dict[str, str]:
        """Return it in the reader's words, to be kept with a signature."""
        return {"state": self.state, "title": str(self.title), "sentence": str(self.sentence)}


@dataclass(frozen=True)
class Health:
    """Everything the page 系统运行 shows."""

    at: datetime
    database: dict[str, Any]
    processes: list[dict[str, Any]]
    queue: dict[str, Any]
    failed_jobs: list[dict[str, Any]]
    stations: list[dict[str, Any]]
    device_jobs: dict[str, int]
    disk: dict[str, Any]
    backup: Backup | None
    backups: list[Backup]
    faults: list[Fault]
    incidents: list[Incident]
    check: DailyCheck | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def worst(self) -> str:
        """Return the worst state of all findings."""
        states = {one.state for one in self.findings}
        return next((state for state in ("bad", "warn") if state in states), "ok")


def read_health(data_dir: str, actor: Actor) -> Health:
    """Return how everything is, with findings; of counters those within the actor's scope."""
    faults = select(Fault).order_by(Fault.last_at.desc()).limit(FAULTS_SHOWN)
    incidents = select(Incident).order_by(Incident.began_at.desc()).limit(5)
    health = Health(
        at=clock.now(),
        database=queries.read_database(),
        processes=queries.read_processes(),
        queue=queries.read_queue(),
        failed_jobs=queries.list_failed_jobs(),
        stations=queries.read_stations(actor),
        device_jobs=queries.read_device_jobs(actor),
        disk=queries.read_disk(data_dir),
        backup=queries.last_good_backup(),
        backups=queries.list_backups(),
        faults=list(db.session.scalars(faults)),
        incidents=list(db.session.scalars(incidents)),
        check=db.session.scalar(select(DailyCheck).where(DailyCheck.day == clock.today())),
    )
    health.findings.extend(
        [
            _about_database(health.database),
            *(_about_process(kind, health) for kind in ("web", "live", "worker")),
            _about_queue(health.queue),
            _about_devices(health),
            _about_backup(health),
            _about_disk(health.disk),
            _about_faults(health),
        ]
    )
    return health


def _about_database(found: dict[str, Any]) -> Finding:
    title = _l("Database")
    used = found["connections"] / found["max_connections"]
    late = [one for one in found["replicas"] if one["lag"] > OLD_TRANSACTION_SECONDS]
    if used > MANY_CONNECTIONS:
        return Finding(
            "database",
            "bad",
            title,
            _l(
                "%(used)d of %(most)d connections are in use. Put PgBouncer in front, or raise"
                " max_connections.",
                used=found["connections"],
                most=found["max_connections"],
            ),
        )
    if found["oldest_write"] > OLD_TRANSACTION_SECONDS:
        sentence = _l(
            "A transaction has been writing for %(seconds)d seconds; the sales-control grid waits"
            " for it. Find out what runs there.",
            seconds=found["oldest_write"],
        )
        return Finding("database", "warn", title, sentence)
    if late:
        sentence = _l("A replica is %(seconds)d seconds behind.", seconds=late[0]["lag"])
        return Finding("database", "warn", title, sentence)
    return Finding(
        "database",
        "ok",
        title,
        _l(
            "The database answers; %(used)d of %(most)d connections are in use.",
            used=found["connections"],
            most=found["max_connections"],
        ),
    )


_PROCESS_TITLES = {
    "web": _l("Web server"),
    "live": _l("Live screens"),
    "worker": _l("Background work"),
}
_PROCESS_SILENT = {
    "web": _l("No web process gives signs of life."),
    "live": _l("The live server is silent: screens are not kept up to date. Start it again."),
    "worker": _l("The worker is silent: holds do not end by themselves. Start it again."),
}


def _about_process(kind: str, health: Health) -> Finding:
    title = _PROCESS_TITLES[kind]
    ours = [one for one in health.processes if one["process"] == kind]
    living = [one for one in ours if queries.alive(one, health.at)]
    if not living:
        return Finding(kind, "bad", title, _PROCESS_SILENT[kind])
    versions = {one["version"] for one in health.processes if queries.alive(one, health.at)}
    if len(versions) > 1:
        sentence = _l(
            "Processes of different releases run beside each other: %(versions)s. Restart the"
            " older ones.",
            versions=", ".join(sorted(versions)),
        )
        return Finding(kind, "warn", title, sentence)
    count = sum(one["count"] for one in living)
    if kind == "live":
        streams = sum(one["streams"] for one in living)
        return Finding(kind, "ok", title, _l("Runs; %(count)d screens are open.", count=streams))
    return Finding(kind, "ok", title, _l("Runs; %(count)d processes.", count=count))


def _about_queue(found: dict[str, Any]) -> Finding:
    title = _l("Waiting jobs")
    if found["oldest"] > LATE_JOB_SECONDS:
        sentence = _l(
            "%(waiting)d jobs wait, the oldest since %(minutes)d minutes. Is the worker running?",
            waiting=found["waiting"],
            minutes=found["oldest"] // 60,
        )
        return Finding("queue", "bad", title, sentence)
    if found["failed"]:
        sentence = _l(
            "%(count)d jobs have failed. Read why in the log, then retry or discard them.",
            count=found["failed"],
        )
        return Finding("queue", "warn", title, sentence)
    return Finding(
        "queue", "ok", title, _l("%(count)d jobs wait, none is late.", count=found["waiting"])
    )


def _about_devices(health: Health) -> Finding:
    title = _l("Counters")
    used = [one for one in health.stations if one["devices"]]
    silent = [
        one for one in used if not one["seen_at"] or health.at - one["seen_at"] > DEVICE_SILENT
    ]
    waiting = health.device_jobs["failed"] + health.device_jobs["unknown"]
    if silent:
        sentence = _l(
            "%(names)s: the agent is silent. Is the PC on, and the agent started?",
            names="、".join(one["name"] for one in silent[:3]),
        )
        return Finding("devices", "warn", title, sentence)
    troubled = [one for one in used if one["troubled"]]
    if troubled:
        sentence = _l(
            "%(names)s: a device reports trouble.",
            names="、".join(one["name"] for one in troubled[:3]),
        )
        return Finding("devices", "warn", title, sentence)
    if waiting:
        sentence = _l("%(count)d papers wait for somebody to look.", count=waiting)
        return Finding("devices", "warn", title, sentence)
    return Finding("devices", "ok", title, _l("%(count)d counters are ready.", count=len(used)))


def _about_backup(health: Health) -> Finding:
    title = _l("Backup")
    last = health.backup
    if last is None or last.ended_at is None:
        sentence = _l("There is no backup yet. Set BACKUP_DIR and BACKUP_RECIPIENT.")
        return Finding("backup", "bad", title, sentence)
    if health.at - last.ended_at > BACKUP_DUE:
        hours = int((health.at - last.ended_at).total_seconds() // 3600)
        sentence = _l(
            "The last backup is %(hours)d hours old. Find out why none came.", hours=hours
        )
        return Finding("backup", "bad", title, sentence)
    rehearsed = queries.last_rehearsal()
    if rehearsed is None or health.at - rehearsed > REHEARSAL_DUE:
        sentence = _l(
            "There is a backup of today, but nobody has rehearsed restoring it within a month."
        )
        return Finding("backup", "warn", title, sentence)
    return Finding("backup", "ok", title, _l("Fresh, and restoring it has been rehearsed."))


def _about_disk(found: dict[str, Any]) -> Finding:
    left = found["free"] / found["total"]
    gigabytes = round(found["free"] / 1024**3, 1)
    state = "bad" if left < VERY_LOW_DISK else "warn" if left < LOW_DISK else "ok"
    sentence = (
        _l("%(size)s GB are free.", size=gigabytes)
        if state == "ok"
        else _l("Only %(size)s GB are free. Make room or add a disk.", size=gigabytes)
    )
    return Finding("disk", state, _l("Disk space"), sentence)


def _about_faults(health: Health) -> Finding:
    title = _l("Errors")
    fresh = [one for one in health.faults if health.at - one.last_at < timedelta(days=1)]
    if fresh:
        sentence = _l(
            "%(count)d kinds of errors within a day. Their numbers find the lines in the log.",
            count=len(fresh),
        )
        return Finding("faults", "warn", title, sentence)
    return Finding("faults", "ok", title, _l("None within a day."))

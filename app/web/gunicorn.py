"""gunicorn's settings: threads, one application image, no version in any header."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import gunicorn

gunicorn.SERVER = "xiaokong"

if os.environ.get("METRICS_TOKEN"):
    # Before anything imports prometheus_client: it decides at import where its figures lie.
    _data = Path(os.environ.get("DATA_DIR") or "var").absolute()
    _figures = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_data / "run/metrics")))
    _figures.mkdir(parents=True, exist_ok=True)

worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
preload_app = True
timeout = 120
graceful_timeout = 20
keepalive = 15
max_requests = 0
accesslog = None
errorlog = "-"
loglevel = "info"
# Nobody steers this server but its supervisor.
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat file must not wait for a disk
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
logger_class = "app.web.gunicorn_log.Logger"


def when_ready(_server: Any) -> None:
    """Throw away the figures of processes that are gone."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    for file in Path(folder).glob("*.db") if folder else ():
        number = re.search(r"_(\d+)\.db$", file.name)
        if number and not Path(f"/proc/{number[1]}").exists():
            file.unlink(missing_ok=True)


def post_worker_init(worker: Any) -> None:
    """Begin in the new process what a fork does not carry over: threads."""
    from app.web.process import process_started

    process_started(worker.wsgi, "web")


def child_exit(_server: Any, worker: Any) -> None:
    """Let the figures of a process that ended count no more among the living."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

"""gunicorn's settings: threads, one application image, no version in any header."""

from __future__ import annotations

import os

import gunicorn

gunicorn.SERVER = "xiaokong"

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

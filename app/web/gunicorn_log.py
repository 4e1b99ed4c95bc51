"""gunicorn's own messages in the shape of ours."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from app.logs.setup import start_logging


class Logger(GunicornLogger):
    """Hands gunicorn's messages to the one log of the process; requests are written by us."""

    def setup(self, cfg: Any) -> None:
        start_logging("web")
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
        self.error_log.propagate = True
        self.error_log.setLevel(self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO))
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)

    def access(self, *_args: Any, **_kwargs: Any) -> None:
        """Write nothing: app.web.tracing does, without addresses that people typed."""

    def reopen_files(self) -> None:
        """Do nothing: the supervisor or the journal keeps the file."""

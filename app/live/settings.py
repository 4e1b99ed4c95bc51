"""What the live server reads from the environment: where it listens, its key, its database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from config import data_dir, database_url, libpq_url, secret_key

DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Settings:
    """Where the server listens and what it checks tickets with."""

    host: str
    port: int
    key: str
    data: Path

    @classmethod
    def read(cls) -> Settings:
        """Read the environment as every process of the product does."""
        web_port = int(os.environ.get("PORT", str(DEFAULT_PORT)))
        data = data_dir()
        return cls(
            host=os.environ.get("HOST", "127.0.0.1"),
            port=int(os.environ.get("LIVE_PORT", str(web_port + 1))),
            key=secret_key(data),
            data=data,
        )

    def database(self) -> str:
        """Return the database's address as it is now, or nothing while it is not running.

        The embedded server has another socket after every start, so it is asked each time.
        """
        return libpq_url(os.environ.get("DATABASE_DIRECT_URL") or database_url(self.data))

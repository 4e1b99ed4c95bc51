"""Static files by an address that changes with their content, so that browsers keep them long."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, current_app, request

#: path → (modified, size, digest)
_digests: dict[str, tuple[int, int, str]] = {}


def digest_of(path: Path) -> str:
    """Return ten characters that change with the file's content; read once per modification."""
    facts = path.stat()
    kept = _digests.get(str(path))
    if kept is not None and kept[:2] == (facts.st_mtime_ns, facts.st_size):
        return kept[2]
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    _digests[str(path)] = (facts.st_mtime_ns, facts.st_size, found)
    return found


def static_url(name: str) -> str:
    """Return the address of ``static/<name>``. Raises FileNotFoundError if there is none.

    Put together by hand: a page asks for some forty icons, and the router takes its time.
    """
    path = Path(str(current_app.static_folder)) / name
    return f"{request.script_root}{current_app.static_url_path}/{name}?v={digest_of(path)}"


def init_app(app: Flask) -> None:
    """Give templates ``static_url``."""
    app.jinja_env.globals["static_url"] = static_url

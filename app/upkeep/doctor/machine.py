"""Checks of this machine: Python, packages, folders, keys, ports, proxies, catalogue."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.core.pdf import SYSTEM_PACKAGES
from app.upkeep.doctor.verdict import Verdict, bad, ok, warn
from app.upkeep.findings import LOW_DISK, VERY_LOW_DISK
from config import ROOT

OLDEST_PYTHON = (3, 11)
SHORTEST_KEY = 32
CATALOGUE = ROOT / "translations/zh/LC_MESSAGES/messages.mo"
MOST_NAMED = 5


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Verdict:
    """Python must be 3.11 or newer."""
    title, shown = _("Python"), ".".join(str(part) for part in version)
    if version < OLDEST_PYTHON:
        return bad(
            "python",
            title,
            _("This is Python %(version)s.", version=shown),
            _("Install Python 3.11 or newer and make the virtual environment anew."),
        )
    return ok("python", title, _("This is Python %(version)s.", version=shown))


def locked_versions(lock: Path) -> dict[str, str]:
    """Return name → version as the lock demands them."""
    return {
        name.lower().replace("_", "-"): version
        for name, version in re.findall(
            r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE
        )
    }


def check_packages(lock: Path = ROOT / "requirements/runtime.lock") -> Verdict:
    """What is installed must be what the lock says."""
    title = _("Packages")
    if not lock.exists():
        return warn(
            "packages",
            title,
            _("%(file)s is missing.", file=str(lock)),
            _("Take the whole release."),
        )
    wrong = []
    for name, wanted in locked_versions(lock).items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "–"
        if found != wanted:
            wrong.append(f"{name} {found} ≠ {wanted}")
    if wrong:
        return bad(
            "packages",
            title,
            _(
                "%(count)d packages differ from the lock: %(names)s.",
                count=len(wrong),
                names=", ".join(wrong[:MOST_NAMED]),
            ),
            _("pip install --require-hashes --no-deps -r requirements/runtime.lock"),
        )
    return ok("packages", title, _("All packages are as the lock says."))


def check_paper(problem: str | None) -> Verdict:
    """Papers are drawn as PDF where Pango is installed; without it all else works."""
    title = _("Papers as PDF")
    if problem is None:
        return ok("paper", title, _("This server draws PDF."))
    return warn(
        "paper",
        title,
        _("This server cannot draw PDF: %(problem)s", problem=problem),
        _("Run as root: apt install %(packages)s", packages=SYSTEM_PACKAGES),
    )


def check_data_dir(folder: Path) -> Verdict:
    """DATA_DIR must be ours to write, and nobody else's to read."""
    title = _("Data folder")
    if not folder.is_dir():
        return bad(
            "data_dir",
            title,
            _("%(folder)s does not exist.", folder=str(folder)),
            _("Make it, owned by the user that the programs run as, mode 0750."),
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return bad(
            "data_dir",
            title,
            _("%(folder)s cannot be written.", folder=str(folder)),
            _("Give it to the user that the programs run as: chown."),
        )
    if folder.stat().st_mode & stat.S_IWOTH:
        return bad(
            "data_dir",
            title,
            _("Everybody may write into %(folder)s.", folder=str(folder)),
            _("chmod o-w on the folder."),
        )
    return ok("data_dir", title, _("%(folder)s can be written.", folder=str(folder)))


def check_keys(config: Mapping[str, Any]) -> Verdict:
    """Keys must be long, different, and, kept in files, only ours to read."""
    title = _("Keys")
    for name in ("SECRET_KEY", "FIELD_KEY"):
        if len(str(config[name])) < SHORTEST_KEY:
            return bad(
                "keys",
                title,
                _("%(name)s has fewer than %(count)d characters.", name=name, count=SHORTEST_KEY),
                _(
                    "Before the first real data: openssl rand -base64 48. A FIELD_KEY that has"
                    " encrypted something must stay as it is."
                ),
            )
    if config["SECRET_KEY"] == config["FIELD_KEY"]:
        return bad(
            "keys",
            title,
            _("SECRET_KEY and FIELD_KEY are the same."),
            _("Choose another SECRET_KEY; people only have to sign in again."),
        )
    for path in sorted((Path(config["DATA_DIR"]) / "keys").glob("*")):
        if path.stat().st_mode & 0o077:
            return bad(
                "keys",
                title,
                _("Others may read %(file)s.", file=str(path)),
                _("chmod 600 %(file)s", file=str(path)),
            )
    return ok("keys", title, _("Long enough, different, and private."))


def check_disk(folder: Path, usage: Any = None) -> Verdict:
    """The disk of DATA_DIR must have room."""
    title = _("Disk space")
    while not folder.exists():
        folder = folder.parent
    total, _used, free = usage or shutil.disk_usage(folder)
    sentence = _("%(size)s GB are free.", size=round(free / 2**30, 1))
    if free / total < VERY_LOW_DISK:
        return bad("disk", title, sentence, _("Make room now: a full disk stops the database."))
    if free / total < LOW_DISK:
        return warn("disk", title, sentence, _("Make room, or add a disk."))
    return ok("disk", title, sentence)


def check_catalogue(file: Path = CATALOGUE) -> Verdict:
    """The Chinese catalogue must be compiled, and not older than its text."""
    title = _("Chinese texts")
    source = file.with_suffix(".po")
    command = "pybabel compile --use-fuzzy -d translations -l zh"
    if not file.exists():
        return bad("catalogue", title, "messages.mo is missing: pages are in English.", command)
    if source.exists() and source.stat().st_mtime > file.stat().st_mtime + 1:
        return warn("catalogue", title, _("messages.mo is older than messages.po."), command)
    return ok("catalogue", title, _("Compiled."))


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def check_ports(config: Mapping[str, Any]) -> Verdict:
    """Web and live must have ports of their own, and ones that may be used."""
    title = _("Ports")
    web, live = int(config["PORT"]), int(config["LIVE_PORT"])
    if web == live:
        return bad(
            "ports",
            title,
            _("PORT and LIVE_PORT are both %(port)d.", port=web),
            _("Choose another LIVE_PORT."),
        )
    host = os.environ.get("HOST", "127.0.0.1")
    here = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    up = [str(port) for port in (web, live) if _listens(here, port)]
    if host in ("0.0.0.0", "::") and not config["TRUSTED_PROXIES"]:  # noqa: S104
        return warn(
            "ports",
            title,
            _("The web server listens to the whole network, without a proxy in front."),
            _("Let it listen on 127.0.0.1 behind Caddy or nginx with HTTPS."),
        )
    sentence = _("In use here: %(ports)s.", ports=", ".join(up) or "–")
    return ok("ports", title, sentence)


def check_https(config: Mapping[str, Any]) -> Verdict:
    """Behind a proxy: cookies only over HTTPS, and the proxy's word believed exactly as often."""
    title = _("HTTPS")
    proxies, secure = int(config["TRUSTED_PROXIES"]), bool(config["SESSION_COOKIE_SECURE"])
    live = str(config.get("LIVE_URL") or "")
    if secure and live.startswith("http://"):
        return bad(
            "https",
            title,
            _("LIVE_URL is http:// while pages come over HTTPS: browsers block the live screens."),
            _("LIVE_URL=https://… as the proxy offers it."),
        )
    if secure and not proxies:
        return bad(
            "https",
            title,
            _(
                "HTTPS_ONLY=1 without TRUSTED_PROXIES: every caller has the proxy's address, and"
                " one wrong password too many locks everybody out."
            ),
            _("TRUSTED_PROXIES=1, or as many proxies as stand in front."),
        )
    if not secure:
        return warn(
            "https",
            title,
            _("Cookies also travel without HTTPS."),
            _("Put an HTTPS proxy in front and set HTTPS_ONLY=1 and TRUSTED_PROXIES=1."),
        )
    return ok("https", title, _("Cookies only over HTTPS, %(count)d proxies.", count=proxies))

"""Deployment settings from the environment; no logic beyond reading them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent


def data_dir() -> Path:
    """Return DATA_DIR, absolute whatever the working folder becomes later."""
    return Path(os.environ.get("DATA_DIR") or ROOT / "var").absolute()


def sqlalchemy_url(url: str) -> str:
    """Return the libpq URL with the driver named.

    SQLAlchemy 2.1 takes ``postgresql://`` for psycopg 3; this product runs on psycopg2.
    """
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg2://" + url[len(scheme) :]
    return url


def libpq_url(url: str) -> str:
    """Return the same URL as libpq and psycopg want it."""
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)


def kept_secret(folder: Path, name: str) -> str:
    """Return the secret kept in DATA_DIR, made on first use with mode 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        # Written whole under another name first: of two processes at once one gives the secret,
        # and none reads an empty file.
        draft = folder / f"{name}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def _secret(name: str, data: Path) -> str:
    given = os.environ.get(name)
    if given:
        return given
    if os.environ.get("DATABASE_URL"):
        message = f"{name} must be set when DATABASE_URL is; keep it safe and the same for ever"
        raise RuntimeError(message)
    return kept_secret(data / "keys", name.lower().replace("_", "-"))


def old_field_key(data: Path) -> str:
    """Return the FIELD_KEY of before: of the environment, or as a restore has put it down."""
    path = data / "keys" / "field-key-old"
    given = os.environ.get("FIELD_KEY_OLD", "")
    return given or (path.read_text().strip() if path.is_file() else "")


def secret_key(data: Path) -> str:
    """Return what sessions and tickets are signed with; the live server needs no more than it."""
    return _secret("SECRET_KEY", data)


def database_url(data: Path) -> str:
    """Return DATABASE_URL, else the address of the running embedded server, else nothing.

    What the supervisor starts is told the address: it begins right even while the database itself
    is being started again and nobody can say that it runs.
    """
    from app.core.embedded import running_url

    given = os.environ.get("DATABASE_URL") or os.environ.get("XIAOKONG_DATABASE")
    return given or running_url(data) or ""


#: how people prove who they are → Flask-AppBuilder's number for it
DB, LDAP, OAUTH = 1, 2, 4
AUTH_TYPES = {"db": DB, "ldap": LDAP, "oauth": OAUTH}


def auth_type() -> int:
    """Return Flask-AppBuilder's number for AUTH_TYPE: db, ldap or oauth."""
    given = (os.environ.get("AUTH_TYPE") or "db").lower()
    if given not in AUTH_TYPES:
        message = f"AUTH_TYPE is {given!r}; it may be db, ldap or oauth"
        raise RuntimeError(message)
    return AUTH_TYPES[given]


def trusted_hosts() -> list[str] | None:
    """Return the hosts that TRUSTED_HOSTS names, None for no such setting."""
    given = os.environ.get("TRUSTED_HOSTS", "").split(",")
    return [name.strip() for name in given if name.strip()] or None


def ldap_settings() -> dict[str, Any]:
    """Return every AUTH_LDAP_… of the environment under Flask-AppBuilder's own name."""
    words = {"true": True, "1": True, "false": False, "0": False}
    given = {name: value for name, value in os.environ.items() if name.startswith("AUTH_LDAP_")}
    if "AUTH_LDAP_SERVER" not in given:
        message = "AUTH_TYPE=ldap needs AUTH_LDAP_SERVER, such as ldaps://ad.example.com"
        raise RuntimeError(message)
    return {name: words.get(value.lower(), value) for name, value in given.items()}


def oauth_providers() -> list[dict[str, Any]]:
    """Return the providers declared in the JSON file that OAUTH_PROVIDERS_FILE names."""
    path = os.environ.get("OAUTH_PROVIDERS_FILE", "")
    if not path or not Path(path).is_file():
        message = "AUTH_TYPE=oauth needs OAUTH_PROVIDERS_FILE, a JSON file of providers"
        raise RuntimeError(message)
    found: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    for one in found:
        if not one.get("name") or not one.get("remote_app"):
            message = f"every provider in {path} needs a name and a remote_app"
            raise RuntimeError(message)
    return found


class Config:
    """Settings of one process; environment variables are named in docs and README."""

    def __init__(self, overrides: dict[str, Any] | None = None) -> None:
        data = data_dir()
        given = overrides or {}
        self.DATA_DIR = str(data)
        self.PORT = int(os.environ.get("PORT", "8080"))
        self.LIVE_PORT = int(os.environ.get("LIVE_PORT", str(self.PORT + 1)))
        self.LIVE_URL = os.environ.get("LIVE_URL", "")
        self.DATABASE_URL = given.get("DATABASE_URL") or database_url(data)
        self.SECRET_KEY = given.get("SECRET_KEY") or secret_key(data)
        self.FIELD_KEY = given.get("FIELD_KEY") or _secret("FIELD_KEY", data)
        #: the key of before, until ``flask keys rotate`` has gone through every row
        self.FIELD_KEY_OLD = given.get("FIELD_KEY_OLD") or old_field_key(data)
        self.SQLALCHEMY_DATABASE_URI = sqlalchemy_url(self.DATABASE_URL) or "postgresql+psycopg2://"
        self.SQLALCHEMY_ENGINE_OPTIONS = {
            "pool_size": 12,
            "max_overflow": 8,
            "pool_timeout": 10,
            # An error's text goes into the log, and its parameters are people's data.
            "hide_parameters": True,
            "connect_args": {"application_name": "xiaokong", "connect_timeout": 10},
        }
        self.SQLALCHEMY_TRACK_MODIFICATIONS = False
        self.MAX_CONTENT_LENGTH = 25 * 1024 * 1024
        #: requests and statements that take longer are written into the log; 0 writes none
        self.SLOW_REQUEST_MS = int(os.environ.get("SLOW_REQUEST_MS", "1000"))
        self.SLOW_QUERY_MS = int(os.environ.get("SLOW_QUERY_MS", "500"))
        #: without it there is no /metrics
        self.METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
        #: proxies in front of us whose word on the caller's address is believed
        self.TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
        #: hosts under which we are asked, a leading dot for all beneath; None answers any
        self.TRUSTED_HOSTS = trusted_hosts()
        self._framework()
        self._cookies()
        for name, value in given.items():
            setattr(self, name, value)

    def _framework(self) -> None:
        self.APP_NAME = "销控"
        self.AUTH_TYPE = auth_type()
        if self.AUTH_TYPE == LDAP:
            for name, value in ldap_settings().items():
                setattr(self, name, value)
        if self.AUTH_TYPE == OAUTH:
            self.OAUTH_PROVIDERS = oauth_providers()
        # Nobody holds this role: the framework would give it every permission there is.
        self.AUTH_ROLE_ADMIN = "framework-admin"
        self.AUTH_ROLE_PUBLIC = ""
        self.AUTH_USER_REGISTRATION = False
        self.AUTH_RATE_LIMITED = False
        self.FAB_CREATE_DB = False
        self.FAB_UPDATE_PERMS = False
        self.FAB_ADD_SECURITY_VIEWS = False
        self.FAB_ADD_SECURITY_PERMISSION_VIEW = False
        self.FAB_ADD_SECURITY_VIEW_MENU_VIEW = False
        self.FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW = False
        self.FAB_SECURITY_MANAGER_CLASS = "app.admin.security.SecurityManager"
        self.FAB_INDEX_VIEW = "app.web.pages.IndexView"
        self.FAB_BASE_TEMPLATE = "web/base.html"
        # Ours are in app.web.openapi: no CDN, no inline script, and for whoever is signed in.
        self.FAB_ADD_OPENAPI_VIEWS = False
        self.FAB_ADD_MENU_API = False
        self.FAB_OPENAPI_SERVERS = [{"url": "/"}]
        self.WTF_CSRF_ENABLED = True
        self.WTF_CSRF_CHECK_DEFAULT = False  # app.web.csrf checks every unsafe request itself
        self.WTF_CSRF_TIME_LIMIT = None
        self.LANGUAGES = {
            "zh": {"flag": "cn", "name": "中文"},
            "en": {"flag": "gb", "name": "English"},
        }
        self.BABEL_DEFAULT_LOCALE = "zh"
        self.BABEL_DEFAULT_TIMEZONE = "Asia/Shanghai"
        self.BABEL_TRANSLATION_DIRECTORIES = str(ROOT / "translations")

    def _cookies(self) -> None:
        self.SESSION_COOKIE_SECURE = os.environ.get("HTTPS_ONLY") == "1"
        # Browsers take a cookie of this name over HTTPS only, and for this very host.
        self.SESSION_COOKIE_NAME = "__Host-xiaokong" if self.SESSION_COOKIE_SECURE else "xiaokong"
        self.SESSION_COOKIE_HTTPONLY = True
        self.SESSION_COOKIE_SAMESITE = "Lax"
        # How long a signature is good at most; sessions end by their rows in the database.
        self.PERMANENT_SESSION_LIFETIME = 31 * 24 * 3600
        self.REMEMBER_COOKIE_HTTPONLY = True

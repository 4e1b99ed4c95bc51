"""Signing in by the company's directory (a stand-in for python-ldap) and by an OAuth provider."""

from __future__ import annotations

import json
import sys
import threading
import types
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

import config
from app import create_app
from app.admin import passwords
from app.admin.outside_sign_in import LDAP_MISSING
from app.core.actor import system_actor
from app.core.db import db
from tests import database
from tests.factories.people import PASSWORD, make_user


class Provider:
    """A small OAuth provider on the loopback: says that whoever comes is ``name``."""

    def __init__(self):
        self.name = "lisi"
        self.refuse = False
        self.server = make_server("127.0.0.1", 0, self)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __call__(self, environ, start_response):
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request):
        if request.path == "/authorize":
            back, state = request.args["redirect_uri"], request.args["state"]
            return Response(status=302, headers={"Location": f"{back}?code=good&state={state}"})
        if request.path == "/token":
            if self.refuse or request.form["code"] != "good":
                return self.json({"error": "invalid_grant"}, 400)
            return self.json({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
        return self.json({"preferred_username": self.name})

    @staticmethod
    def json(body, status=200):
        return Response(json.dumps(body), status=status, mimetype="application/json")


@pytest.fixture
def provider():
    made = Provider()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join(timeout=20)
    made.server.server_close()


@contextmanager
def application(**settings):
    """An application of its own, with these settings and two users."""
    with database.cloned("xk_outside") as url:
        made = create_app(
            {
                "DATABASE_URL": url,
                "TESTING": True,
                "WTF_CSRF_ENABLED": False,
                **database.KEYS,
                **settings,
            }
        )
        with made.app_context():
            make_user("consultant", username="lisi", password=None)
            make_user("consultant", username="local")
            make_user("consultant", username="gone", password=None, active=False)
            db.session.commit()
            db.session.remove()
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def with_oauth(provider):
    declared = {
        "name": "company",
        "title": "公司统一登录",
        "remote_app": {
            "client_id": "xiaokong",
            "client_secret": "secret",
            "authorize_url": f"{provider.url}/authorize",
            "access_token_url": f"{provider.url}/token",
            "userinfo_endpoint": f"{provider.url}/userinfo",
            "client_kwargs": {"scope": "profile"},
        },
    }
    with application(AUTH_TYPE=config.OAUTH, OAUTH_PROVIDERS=[declared]) as app:
        yield app


def come_back(client, away):
    """Follow the way to the provider and back."""
    there = requests.get(away.location, allow_redirects=False, timeout=20)
    parts = urlsplit(there.headers["Location"])
    return client.get(f"{parts.path}?{parts.query}")


@pytest.mark.commit
def test_a_provider_says_who_it_is_and_we_whether_he_gets_in(provider):
    with with_oauth(provider) as app:
        client = app.test_client()
        door = client.get("/login/?next=/account/").text
        assert "公司统一登录" in door
        assert "/login/with/company?next=/account/" in door
        away = client.get("/login/with/company?next=/account/")
        asked = parse_qs(urlsplit(away.location).query)
        assert asked["redirect_uri"] == ["http://localhost/oauth-authorized/company"]
        arrived = come_back(client, away)
        assert arrived.location == "/account/"
        assert "lisi" in client.get("/account/").text

        for name in ("nobody", "gone", ""):
            provider.name = name
            stranger = app.test_client()
            refused = come_back(stranger, stranger.get("/login/with/company"))
            assert refused.location.startswith("/login/")
            assert stranger.get("/account/").status_code == 302

        assert client.get("/login/with/other").status_code == 404
        assert client.get("/oauth-authorized/other").status_code == 404
        # A password of ours still opens, for those who have one.
        local = app.test_client()
        local.post("/login/", data={"username": "local", "password": PASSWORD})
        assert local.get("/account/").status_code == 200


@pytest.mark.commit
def test_a_forged_or_refused_way_back_leads_to_the_door(provider):
    with with_oauth(provider) as app:
        client = app.test_client()
        forged = client.get("/oauth-authorized/company?code=good&state=made-up")
        assert forged.location == "/login/"
        away = client.get("/login/with/company?next=//evil.example")
        arrived = come_back(client, away)
        assert arrived.location == "/"
        client.post("/logout/")
        provider.refuse = True
        refused = come_back(client, client.get("/login/with/company"))
        assert refused.location == "/login/"
        assert client.get("/account/").status_code == 302


LISI = "uid=lisi,ou=people,o=company"


class Directory(types.ModuleType):
    """Stands in for python-ldap: one person, one password."""

    class LDAPError(Exception):
        pass

    class INVALID_CREDENTIALS(LDAPError):  # noqa: N801 - python-ldap's name
        pass

    class SERVER_DOWN(LDAPError):  # noqa: N801 - python-ldap's name
        pass

    CONNECT_ERROR = TIMEOUT = UNAVAILABLE = SERVER_DOWN
    OPT_NETWORK_TIMEOUT, OPT_TIMEOUT, OPT_REFERRALS, SCOPE_SUBTREE = range(4)

    def __init__(self):
        super().__init__("ldap")
        self.__spec__ = types.SimpleNamespace(name="ldap", loader=None)
        self.down = False
        self.asked = []
        self.known = {LISI: "what the directory knows", "cn=reader": "what the reader knows"}

    def set_option(self, *_given):
        pass

    def initialize(self, _server):
        return self

    def unbind_s(self):
        pass

    def simple_bind_s(self, name, password):
        if self.down:
            raise self.SERVER_DOWN
        if not name:
            return
        self.asked.append(name)
        if self.known.get(name) != password:
            raise self.INVALID_CREDENTIALS

    def search_s(self, base, _scope, wanted, _fields):
        self.asked.append(wanted)
        found = [(LISI, {"cn": [b"lisi"]})] if wanted == "(uid=lisi)" else []
        return found if base == "o=company" else []


@pytest.fixture
def directory(monkeypatch):
    made = Directory()
    monkeypatch.setitem(sys.modules, "ldap", made)
    escaping = types.ModuleType("ldap.filter")
    escaping.escape_filter_chars = lambda typed: typed.replace("*", "\\2a")
    monkeypatch.setitem(sys.modules, "ldap.filter", escaping)
    return made


@pytest.mark.commit
def test_the_directory_is_asked_for_those_without_a_password_of_ours(directory):
    settings = {
        "AUTH_TYPE": config.LDAP,
        "AUTH_LDAP_SERVER": "ldaps://directory.example",
        "AUTH_LDAP_USERNAME_FORMAT": "uid=%s,ou=people,o=company",
    }
    with application(**settings) as app:
        client = app.test_client()

        def enter(username, password):
            body = {"username": username, "password": password}
            return client.post("/api/v1/security/login", json=body).status_code

        assert enter("lisi", "what the directory knows") == 200
        assert enter("lisi", "something else") == 401
        assert enter("lisi", "") == 401
        assert directory.asked == ["uid=lisi,ou=people,o=company"] * 2
        assert enter("local", PASSWORD) == 200
        assert enter("local", "what the directory knows") == 401
        assert enter("gone", "what the directory knows") == 401
        assert enter("nobody", "what the directory knows") == 401
        assert len(directory.asked) == 2
        directory.down = True
        # Nobody could say that it was wrong: it is told, and locks nobody out.
        assert {enter("lisi", "what the directory knows") for _time in range(12)} == {503}
        assert enter("local", PASSWORD) == 200
        directory.down = False
        assert enter("lisi", "what the directory knows") == 200


@pytest.mark.commit
def test_a_reader_finds_the_person_in_the_directory_first(directory):
    settings = {
        "AUTH_TYPE": config.LDAP,
        "AUTH_LDAP_SERVER": "ldaps://directory.example",
        "AUTH_LDAP_SEARCH": "o=company",
        "AUTH_LDAP_BIND_USER": "cn=reader",
        "AUTH_LDAP_BIND_PASSWORD": "what the reader knows",
    }
    with application(**settings) as app:
        client = app.test_client()
        data = {"username": "lisi", "password": "what the directory knows"}
        assert client.post("/login/", data=data).status_code == 302
        assert directory.asked == ["cn=reader", "(uid=lisi)", LISI]
        assert client.post("/login/", data={**data, "password": "x"}).status_code == 401
        directory.known["cn=reader"] = "something new"
        refused = client.post("/login/", data=data)
        assert refused.status_code == 503
        assert "公司目录" in refused.text or "directory" in refused.text


@pytest.mark.commit
def test_without_python_ldap_the_start_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ldap", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    settings = {"AUTH_TYPE": config.LDAP, "AUTH_LDAP_SERVER": "ldap://x", **database.KEYS}
    with pytest.raises(RuntimeError, match="python-ldap") as refused:
        create_app({"DATABASE_URL": database.server_url(), **settings})
    assert str(refused.value) == LDAP_MISSING


def test_a_wrong_environment_is_told_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTH_TYPE", "kerberos")
    with pytest.raises(RuntimeError, match="db, ldap or oauth"):
        config.auth_type()
    monkeypatch.setenv("AUTH_TYPE", "LDAP")
    assert config.auth_type() == config.LDAP
    with pytest.raises(RuntimeError, match="AUTH_LDAP_SERVER"):
        config.ldap_settings()
    monkeypatch.setenv("AUTH_LDAP_SERVER", "ldaps://x")
    monkeypatch.setenv("AUTH_LDAP_USE_TLS", "true")
    assert config.ldap_settings() == {"AUTH_LDAP_SERVER": "ldaps://x", "AUTH_LDAP_USE_TLS": True}
    with pytest.raises(RuntimeError, match="OAUTH_PROVIDERS_FILE"):
        config.oauth_providers()
    declared = tmp_path / "providers.json"
    declared.write_text('[{"name": "x"}]')
    monkeypatch.setenv("OAUTH_PROVIDERS_FILE", str(declared))
    with pytest.raises(RuntimeError, match="remote_app"):
        config.oauth_providers()


def test_an_administrator_leaves_a_password_to_the_directory(user_for):
    user = user_for("consultant")
    before = user.access_version
    passwords.leave_to_directory(user, actor=system_actor("test"))
    assert user.password is None
    assert user.access_version > before
    assert not passwords.matches(user, PASSWORD)

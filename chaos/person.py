"""One user over HTTP: signs in, asks, and asks again under the same key until he is answered."""

from __future__ import annotations

import random
import threading
import time
import uuid
from typing import Any

import requests

from chaos.diary import Deed, Diary
from chaos.office import PASSWORD, Office

#: connect and answer, in seconds
PATIENCE = (3.05, 20)
#: what says nothing about the deed itself
NOT_JUDGED = (502, 503, 504)


class Over(Exception):
    """The run ends: nothing new is begun."""


class Person:
    """A signed-in user of one thread."""

    def __init__(self, office: Office, diary: Diary, username: str, stop: threading.Event) -> None:
        self.username = username
        self.chance = random.Random(f"{username}{diary.number()}")
        self._office = office
        self._diary = diary
        self._stop = stop
        self._http = requests.Session()
        #: what the last attempt to sign in was answered, if it was refused
        self.refused = ""

    def read(self, path: str, **params: Any) -> Any:
        """Return what a GET answers, or None when it is refused. Raises Over."""
        while True:
            if self._stop.is_set():
                raise Over
            answer = self._send("GET", path, params=params)
            if answer is not None and answer.status_code < 400:
                return answer.json()
            if answer is not None and answer.status_code not in (401, *NOT_JUDGED):
                if answer.status_code >= 500:
                    self._diary.fault(f"GET {path}: {answer.status_code} {answer.text[:300]}")
                return None
            self._wait()

    def do(self, kind: str, path: str, body: Any = None, *, tag: str = "", about: int = 0) -> Deed:
        """Ask for a change until there is a definite answer. Raises Over if not begun."""
        if self._stop.is_set():
            raise Over
        tag = tag or self._diary.tag()
        key = uuid.uuid4().hex
        deed = Deed(tag, kind, self.username, path, body, key, about=about)
        return self.insist(self._diary.add(deed))

    def insist(self, deed: Deed) -> Deed:
        """Repeat a deed under its key until it is answered."""
        while deed.status is None:
            answer = self.post(deed)
            at = self._diary.now()
            if answer is None:
                deed.attempts.append((at, self.refused or "connection lost"))
            elif answer.status_code == 401 or answer.status_code in NOT_JUDGED:
                deed.attempts.append((at, str(answer.status_code)))
            else:
                self._judge(deed, answer, at)
            if deed.status is None:
                self._wait()
        return deed

    def _judge(self, deed: Deed, answer: requests.Response, at: float) -> None:
        try:
            found = answer.json()
        except requests.JSONDecodeError:
            found = {"error": "no JSON", "text": answer.text[:300]}
        code = found.get("error", "") if isinstance(found, dict) else ""
        deed.attempts.append((at, f"{answer.status_code} {code}".strip()))
        if code != "request_running":
            deed.answer = found
            deed.status = answer.status_code

    def post(self, deed: Deed) -> requests.Response | None:
        more: dict[str, Any] = {"headers": {"Idempotency-Key": deed.key}}
        if isinstance(deed.body, bytes):
            more["data"] = deed.body
        else:
            more["json"] = deed.body if deed.body is not None else {}
        return self._send("POST", deed.path, **more)

    def _send(self, method: str, path: str, **more: Any) -> requests.Response | None:
        address = f"{self._office.url}/api/v1/{path}"
        try:
            if "Authorization" not in self._http.headers and not self._sign_in():
                return None
            answer = self._http.request(method, address, timeout=PATIENCE, **more)
        except requests.RequestException:
            return None
        if answer.status_code == 401:
            self._http.headers.pop("Authorization", None)
        return answer

    def _sign_in(self) -> bool:
        body = {"username": self.username, "password": PASSWORD, "provider": "db"}
        answer = self._http.post(
            f"{self._office.url}/api/v1/security/login", json=body, timeout=PATIENCE
        )
        self.refused = "" if answer.ok else f"sign-in {answer.status_code}"
        if self.refused:
            return False
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def authorization(self) -> str:
        """Return the header of a present token, for who opens connections of his own."""
        while "Authorization" not in self._http.headers:
            try:
                if self._sign_in():
                    break
            except requests.RequestException:
                pass
            if self._stop.is_set():
                raise Over
            self._wait()
        return str(self._http.headers["Authorization"])

    def forget_token(self) -> None:
        self._http.headers.pop("Authorization", None)

    def _wait(self) -> None:
        time.sleep(self.chance.uniform(0.05, 0.4))

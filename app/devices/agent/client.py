"""The agent's calls to the server: what answers mean, and how long to wait before the next."""

import random
import threading
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.auth import AuthBase

from app.logs.trace import HEADER, request_id

CONNECT_SECONDS: Final = 3.05
ANSWER_SECONDS: Final = 15.0
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 10.0
# Refusals that say nothing about the call itself: it may be repeated as it is.
_NOT_JUDGED: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
# The first of two calls under one key has not ended (its web process may be gone): no judgement.
_STILL_RUNNING: Final = "request_running"
_random: Final = random.SystemRandom()


class Unavailable(Exception):
    """No answer, or none about this call: it may or may not have had its effect; repeat it."""

    def __init__(self, reason: str, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Rejected(Exception):
    """The server judged the call and refused it; repeating it would not help."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status


class Backoff:
    """Delays in seconds that double up to 10, spread so that stations do not come all at once."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    def delay(self, retry_after: float = 0) -> float:
        longest = min(FIRST_DELAY * 2.0**self._failures, LONGEST_DELAY)
        self._failures = min(self._failures + 1, 10)
        return max(longest * _random.uniform(0.5, 1), min(retry_after, LONGEST_DELAY))


class _Bearer(AuthBase):
    """Set as authentication, because requests would let a .netrc overrule a header."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class AgentClient:
    """POSTs under `{server}/api/v1/agent/`; any thread may call."""

    def __init__(self, server: str, token: str) -> None:
        self._base = f"{server.rstrip('/')}/api/v1/agent/"
        self._auth = _Bearer(token)
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def post(self, path: str, body: Mapping[str, Any], *, key: str = "") -> dict[str, Any]:
        """The answer's JSON. `key` names the call; the same one is repeated with it.

        Raises Unavailable or Rejected.
        """
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if request_id():
            headers[HEADER] = request_id()
        try:
            response = self._session.post(
                self._base + path,
                json=body,
                headers=headers,
                auth=self._auth,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unavailable(str(error)) from error
        return _answer(response)

    def close(self) -> None:
        """Close all connections; a later call opens one again."""
        for session in self._sessions:
            session.close()

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._sessions.append(self._local.session)
        session: requests.Session = self._local.session
        return session


def _answer(response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = None
    if status == HTTPStatus.OK and isinstance(body, dict):
        return body
    code = str(body.get("error", "")) if isinstance(body, dict) else ""
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_refusal and status not in _NOT_JUDGED and code != _STILL_RUNNING:
        raise Rejected(status, code)
    wait = response.headers.get("Retry-After", "")
    raise Unavailable(f"{status} {code}".strip(), float(wait) if wait.isdigit() else 0)

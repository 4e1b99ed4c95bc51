"""The few errors a business action may raise; each carries a code, a sentence and fields."""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that the user can understand: ``code`` for programs, ``message`` for people.

    ``message`` is lazy text (English msgid, Chinese in the catalogue) that names the record and
    the remedy. ``fields`` maps a field to its own sentence; ``details`` goes into REST answers.
    """

    status: ClassVar[int] = 400
    default_code: ClassVar[str] = "refused"

    def __init__(
        self,
        message: Any,
        *,
        code: str | None = None,
        fields: dict[str, Any] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.fields = fields or {}
        self.details = details or {}

    def __str__(self) -> str:
        return str(self.message)


class NotAllowed(DomainError):
    """The actor may not do this."""

    status = 403
    default_code = "not_allowed"


class NotFound(DomainError):
    """There is no such record within the actor's scope."""

    status = 404
    default_code = "not_found"


class WrongState(DomainError):
    """The record is not in a state that allows the step."""

    status = 409
    default_code = "wrong_state"


class Conflict(DomainError):
    """Somebody else was first, or the record is there already."""

    status = 409
    default_code = "conflict"


class Invalid(DomainError):
    """What was given is wrong; ``fields`` says which."""

    status = 422
    default_code = "invalid"

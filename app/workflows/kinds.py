"""What an approval kind declares, and the registry of all kinds; it knows no area."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.permissions import ROLE_TITLES
from app.workflows.conditions import check_condition

FieldType = Literal["percent", "money", "day", "number", "text", "id"]


@dataclass(frozen=True)
class Step:
    """One step of a route: a name for people, the role that decides, when it is needed.

    ``condition`` is ``{"all"|"any": [[figure, op, value], …]}`` with the operators
    ``= != > >= < <= in``, or None for always.
    """

    name: Any
    role: str
    condition: Mapping[str, Any] | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the step as an ApprovalFlow keeps it; the name is written down in words."""
        data: dict[str, Any] = {"name": str(self.name), "role": self.role}
        if self.condition:
            data["condition"] = dict(self.condition)
        return data


@dataclass(frozen=True)
class ValueField:
    """One of the values that a request carries: what a form asks for and REST accepts.

    ``percent`` and ``money`` are strings with two decimals, ``day`` is ``YYYY-MM-DD``. A field
    that is not ``editable`` comes with the call (``id`` of a customer, say) and stays.
    """

    name: str
    title: Any
    type: FieldType
    required: bool = True
    editable: bool = True
    help: Any = ""


class RequestFacts(Protocol):
    """What a kind's callbacks may read of a request (an ApprovalRequest, which stands above)."""

    @property
    def id(self) -> int: ...
    @property
    def number(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def project_id(self) -> int: ...
    @property
    def subject_type(self) -> str: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def applicant_id(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def values(self) -> dict[str, Any]: ...
    @property
    def figures(self) -> dict[str, Any]: ...


class ApprovalKind(ABC):
    """审批类型: one thing that may be asked for; its file registers one instance.

    Everything that is returned for keeping (values, figures, summary, digest source, result) is
    JSON. Decimals, days, moments and lazy texts in it are turned into strings by the engine:
    amounts with two decimals, days as ``YYYY-MM-DD``.

    After every ``on_sent`` the engine calls exactly one of ``on_approved``, ``on_rejected``,
    ``on_returned``, ``on_withdrawn`` and ``on_voided``, in the transaction of the decision.
    """

    #: snake_case, never renamed after release
    key: ClassVar[str]
    #: lazy text
    title: ClassVar[Any]
    #: one of the subject types of REST: ``room``, ``price_plan``, …
    subject_type: ClassVar[str]
    #: the route that ``flask access sync`` installs; the flow in the database decides afterwards
    default_route: ClassVar[Sequence[Step]]
    #: ``area.entity:action`` that the applicant must hold
    apply_permission: ClassVar[str]
    #: what a request's values are
    fields: ClassVar[Sequence[ValueField]] = ()
    #: lazy title of every figure: for conditions in words and for the flow's drawing
    figure_titles: ClassVar[Mapping[str, Any]] = {}
    #: lazy text: what happens at the last approval, shown as the end of the route
    outcome: ClassVar[Any] = _l("Carried out")

    @abstractmethod
    def load_subject(self, session: Session, subject_id: int) -> Any | None:
        """Return the subject through the caller's scope, or None."""

    def lock_subject(self, session: Session, subject_id: int) -> None:  # noqa: B027 - optional
        """Lock the rows that the callbacks change, in the fixed order room, deal, money.

        Called before the request itself is locked. An operation that holds such a row and then
        calls ``engine.void_requests_for`` takes its locks in the same order.
        """

    @abstractmethod
    def project_id(self, subject: Any) -> int:
        """Return the project whose approvers decide."""

    @abstractmethod
    def subject_title(self, subject: Any, values: dict[str, Any]) -> str:
        """Return what the request is about, in words, without personal data in full."""

    def subject_path(
        self,
        subject_id: int,  # noqa: ARG002 - for subclasses
        actor: Actor,  # noqa: ARG002 - for subclasses
    ) -> str | None:
        """Return the address of the subject's own page, if it has one that the actor may open."""
        return None

    @abstractmethod
    def clean(self, subject: Any, values: dict[str, Any], actor: Actor) -> dict[str, Any]:
        """Return the values as they are kept; check everything that execution will check.

        ``actor`` is the applicant. Raises Invalid with ``fields`` named as in ``values``, or
        another DomainError.
        """

    @abstractmethod
    def figures(self, subject: Any, values: dict[str, Any]) -> dict[str, Any]:
        """Return what conditions look at."""

    @abstractmethod
    def summary(self, subject: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Return rows for the approver.

        A row is ``{"label", "before", "after", "note"?, "tone"?, "needs"?}``. Either side may be
        None; ``tone`` is ``ok``, ``warn`` or ``bad``. A row with a ``note`` and neither side is
        shown as a warning mark. A row that ``needs`` a permission (a floor
        price, say) is shown only to people who hold it, and never told in a sentence.
        """

    @abstractmethod
    def digest_source(self, subject: Any, values: dict[str, Any]) -> Any:
        """Return the figures that bind the approval: any other outcome at execution voids it."""

    def own_authority(
        self,
        subject: Any,  # noqa: ARG002 - for subclasses
        values: dict[str, Any],  # noqa: ARG002 - as above
        actor: Actor,  # noqa: ARG002 - as above
    ) -> str | None:
        """Return the role by which the applicant may grant this himself, or None.

        Such a request has one step, his own, and is executed when it is sent; it stays as the
        record of who granted what and why.
        """
        return None

    def on_sent(self, request: RequestFacts, actor: Actor) -> None:  # noqa: B027 - optional
        """Freeze the subject: the request is on its way."""

    @abstractmethod
    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        """Execute through the area's operation; return what came of it (the REST ``result``).

        Runs in the transaction of the last approval. A DomainError undoes all of it, and the
        request goes back to the applicant as ``failed`` with the error's sentence.
        """

    @abstractmethod
    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        """Undo the freeze: an approver said no."""

    def on_withdrawn(self, request: RequestFacts, actor: Actor) -> None:
        """Undo the freeze: the applicant took it back. As rejected unless said otherwise."""
        self.on_rejected(request, actor)

    def on_returned(self, request: RequestFacts, actor: Actor) -> None:
        """Undo the freeze: it is with the applicant again, returned or failed."""
        self.on_rejected(request, actor)

    def on_voided(self, request: RequestFacts, actor: Actor) -> None:
        """Undo the freeze: the figures changed after sending."""
        self.on_rejected(request, actor)


_kinds: dict[str, ApprovalKind] = {}


def register_kind(kind: ApprovalKind) -> ApprovalKind:
    """Make a kind known; a definition file ends with this call.

    Raises ValueError for a key that is taken, a route without steps, an unknown role or a
    condition that cannot be read.
    """
    if kind.key in _kinds:
        message = f"approval kind {kind.key} is registered twice"
        raise ValueError(message)
    if not kind.default_route:
        message = f"approval kind {kind.key} has no route"
        raise ValueError(message)
    for step in kind.default_route:
        if step.role not in ROLE_TITLES:
            message = f"approval kind {kind.key} names an unknown role {step.role}"
            raise ValueError(message)
        check_condition(step.condition, kind.figure_titles or None)
    _kinds[kind.key] = kind
    return kind


def forget_kind(key: str) -> None:
    """Take a kind out again (tests)."""
    _kinds.pop(key, None)


def get_kind(key: str) -> ApprovalKind:
    """Return the kind. Raises NotFound for a key that nobody registered."""
    kind = _kinds.get(key)
    if kind is None:
        raise NotFound(
            _l("There is no kind of approval named %(key)s.", key=key), code="unknown_kind"
        )
    return kind


def find_kind(key: str) -> ApprovalKind | None:
    """Return the kind, or None if its definition is gone."""
    return _kinds.get(key)


def all_kinds() -> list[ApprovalKind]:
    """Return every kind, by key."""
    return [_kinds[key] for key in sorted(_kinds)]


def kind_title(key: str) -> str:
    """Return the title of a kind in words, or its key if its definition is gone."""
    kind = _kinds.get(key)
    return key if kind is None else str(kind.title)


def load_definitions(package: str = "app.workflows.definitions") -> None:
    """Import every definition file, by name; each registers its kind. Done once at the start."""
    parent = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(parent.__path__), key=lambda entry: entry.name):
        importlib.import_module(f"{package}.{found.name}")

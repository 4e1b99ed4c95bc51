"""The end of a request: carried out after the last yes, voided, failed, or simply over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, NotFound
from app.core.states import transition
from app.workflows import notices
from app.workflows.canonical import digest_of, plain
from app.workflows.kinds import ApprovalKind
from app.workflows.models import ApprovalRequest, ApprovalState
from app.workflows.tasks import drop_waiting

LONGEST_SENTENCE = 400


def end(request: ApprovalRequest, state: ApprovalState, actor: Actor) -> None:
    """Take the request to a state that it never leaves; nobody waits for it any more."""
    transition(request, state, actor=actor)
    request.ended_at = clock.now()
    drop_waiting(request, actor)


def carry_out(request: ApprovalRequest, kind: ApprovalKind, actor: Actor) -> None:
    """Execute after the last yes; void it if the figures moved, fail it if it cannot be done.

    Whatever the kind's operation did before it raised a DomainError is undone by a savepoint;
    the request then is ``failed`` with the error's sentence and back with its applicant.
    """
    db.session.flush()
    # Every figure is read afresh: what this session saw before the locks may be old.
    db.session.expire_all()
    try:
        moved = _list_moves(request, kind)
        if moved is not None:
            void(request, kind, _moved_sentence(moved), actor)
            return
        with db.session.begin_nested():
            end(request, ApprovalState.APPROVED, actor)
            request.result = plain(kind.on_approved(request, actor))
            db.session.flush()
        notices.tell_outcome(request, actor)
    except DomainError as error:
        _fail(request, kind, error, actor)


def void(request: ApprovalRequest, kind: ApprovalKind, sentence: str, actor: Actor) -> None:
    """End the request because what it was about has changed; ``sentence`` says what."""
    end(request, ApprovalState.VOIDED, actor)
    request.failure = sentence[:LONGEST_SENTENCE]
    kind.on_voided(request, actor)
    notices.tell_outcome(request, actor)


def _fail(request: ApprovalRequest, kind: ApprovalKind, error: DomainError, actor: Actor) -> None:
    transition(request, ApprovalState.FAILED, actor=actor)
    request.failure = str(error.message)[:LONGEST_SENTENCE]
    kind.on_returned(request, actor)
    notices.tell_outcome(request, actor)


def _list_moves(request: ApprovalRequest, kind: ApprovalKind) -> list[str] | None:
    """Return what differs from the figures that were approved, or None if the digest holds."""
    subject = kind.load_subject(db.session, request.subject_id)
    if subject is None:
        raise NotFound(
            _l("%(title)s is no longer there.", title=request.subject_title), code="subject_gone"
        )
    if digest_of(kind.digest_source(subject, request.values)) == request.digest:
        return None
    figures = plain(kind.figures(subject, request.values))
    summary = plain(kind.summary(subject, request.values))
    told = [
        *_compare(request.figures, figures, kind.figure_titles),
        *_compare(_shown(request.summary), _shown(summary), {}),
    ]
    return list(dict.fromkeys(told))


def _shown(summary: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    open_rows = (row for row in summary if not row.get("needs"))
    return {row["label"]: row.get("after", row.get("before")) for row in open_rows}


def _compare(
    then: Mapping[str, Any], now: Mapping[str, Any], titles: Mapping[str, Any]
) -> Iterator[str]:
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if before != after and not isinstance(after, bool):
            yield f"{titles.get(name, name)} {_word(before)} → {_word(after)}"


def _word(value: Any) -> str:
    return "–" if value is None else str(value)


def _moved_sentence(moved: list[str]) -> str:
    if not moved:
        return str(
            _l("What was approved has changed since it was sent, so the approval no longer holds.")
        )
    return str(
        _l(
            "The figures changed after sending, so the approval no longer holds: %(what)s.",
            what="；".join(moved),
        )
    )

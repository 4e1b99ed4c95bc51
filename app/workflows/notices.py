"""Whom approvals tell what: who decides next, who asked, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, settle, tell
from app.workflows.kinds import kind_title
from app.workflows.models import ApprovalRequest, ApprovalState, ApprovalTask

LONGEST_WORD = 80


@dataclass(frozen=True)
class RequestNotice(NoticeKind):
    """A notice about a request, whose kind is said in the reader's language."""

    def say(self, words: Mapping[str, Any]) -> str:
        return super().say({**words, "kind": kind_title(str(words.get("kind", "")))})


declare_notices(
    RequestNotice(
        "approval_waits",
        _l("Waits for your decision"),
        _l("%(who)s asks for %(kind)s: %(about)s."),
        icon="stamp",
        when=_l("A request has come to a step that you decide."),
    ),
    RequestNotice(
        "opinion_asked",
        _l("Your opinion is asked"),
        _l("%(who)s asks what you think of %(kind)s: %(about)s."),
        icon="stamp",
        when=_l("A colleague who decides asks you first."),
    ),
    RequestNotice(
        "opinion_given",
        _l("An opinion was given"),
        _l("%(who)s on %(kind)s, %(about)s: %(comment)s"),
        icon="stamp",
        when=_l("A colleague whom you asked has answered."),
    ),
    RequestNotice(
        "request_approved",
        _l("Your request was approved"),
        _l("%(kind)s, %(about)s, is approved and carried out (%(number)s)."),
        icon="check",
        tone="ok",
        when=_l("What you asked for has been approved and carried out."),
    ),
    RequestNotice(
        "request_rejected",
        _l("Your request was rejected"),
        _l("%(who)s rejected %(kind)s, %(about)s (%(number)s). %(comment)s"),
        icon="close",
        tone="bad",
        when=_l("What you asked for has been rejected."),
    ),
    RequestNotice(
        "request_returned",
        _l("Your request came back"),
        _l("%(who)s returned %(kind)s, %(about)s (%(number)s). %(comment)s"),
        icon="left",
        tone="warn",
        when=_l("A request of yours came back to be changed."),
    ),
    RequestNotice(
        "request_voided",
        _l("Your request is void"),
        _l("%(kind)s, %(about)s (%(number)s): %(comment)s"),
        icon="close",
        tone="warn",
        when=_l("What a request of yours was about has changed, so it ended."),
    ),
    RequestNotice(
        "request_failed",
        _l("Your request could not be carried out"),
        _l("%(kind)s, %(about)s (%(number)s): %(comment)s"),
        icon="close",
        tone="bad",
        when=_l("A request of yours was approved and could not be carried out."),
    ),
)

OUTCOMES = {
    ApprovalState.APPROVED.value: "request_approved",
    ApprovalState.REJECTED.value: "request_rejected",
    ApprovalState.RETURNED.value: "request_returned",
    ApprovalState.VOIDED.value: "request_voided",
    ApprovalState.FAILED.value: "request_failed",
}


def link_to(request_id: int) -> str:
    """Return the address of a request's page."""
    return f"/approvals/{request_id}"


def _news(key: str, request: ApprovalRequest, who: str, comment: str = "") -> News:
    words = {
        "who": who,
        "kind": request.kind,
        "about": request.subject_title,
        "number": request.number,
        "comment": comment.strip()[:LONGEST_WORD],
    }
    return News(key, link_to(request.id), words, project_id=request.project_id)


def tell_deciders(request: ApprovalRequest, user_ids: Iterable[int], actor: Actor) -> None:
    """Tell those who may decide the step that has just been opened."""
    tell(_news("approval_waits", request, request.applicant.full_name), user_ids, actor=actor)


def tell_asked(request: ApprovalRequest, user_id: int, actor: Actor, *, question: str) -> None:
    """Tell a colleague that his opinion is asked."""
    tell(_news("opinion_asked", request, actor.name, question), [user_id], actor=actor)


def tell_opinion(request: ApprovalRequest, task: ApprovalTask, actor: Actor) -> None:
    """Tell who asked that the opinion is there."""
    news = _news("opinion_given", request, actor.name, task.comment or "")
    tell(news, [task.asked_by_id], actor=actor)
    settle(link_to(request.id), kinds=("opinion_asked",), user_id=actor.id, actor=actor)


def tell_outcome(request: ApprovalRequest, actor: Actor, comment: str = "") -> None:
    """Tell the applicant what became of his request."""
    said = comment or request.failure or ""
    news = _news(OUTCOMES[request.state], request, actor.name, said)
    tell(news, [request.applicant_id], actor=actor)


def nobody_waits(request: ApprovalRequest, actor: Actor) -> None:
    """Take what waited for a decision as read: somebody has decided, or it has ended."""
    settle(link_to(request.id), actor=actor)

"""Approvals in words: how long, what was decided, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import clock
from app.workflows.models import ApprovalRequest, Decision

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: what somebody did at a step, as its title says it
DECISIONS: dict[str, Any] = {
    **Decision.titles(),
    "asked": _l("is asked for an opinion"),
}

#: what a decision led to
OUTCOMES: dict[str, Any] = {
    "running": _l("%(number)s goes on: %(step)s."),
    "approved": _l("%(number)s is approved and carried out."),
    "rejected": _l("%(number)s is rejected."),
    "returned": _l("%(number)s is back with its applicant."),
    "withdrawn": _l("%(number)s is withdrawn."),
    "voided": _l("%(number)s is void: its figures changed after sending."),
    "failed": _l("%(number)s could not be carried out; nothing was changed."),
    "draft": _l("%(number)s is kept as a draft."),
}


def duration(seconds: int | None) -> str:
    """Return a duration in its two largest units: 32 分, 3 小时 28 分, 2 天 4 小时."""
    if seconds is None:
        return ""
    if seconds < MINUTE:
        return _("less than a minute")
    days, rest = divmod(int(seconds), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes = rest // MINUTE
    if days:
        parts = [_("%(n)s d", n=days), _("%(n)s h", n=hours) if hours else ""]
    elif hours:
        parts = [_("%(n)s h", n=hours), _("%(n)s min", n=minutes) if minutes else ""]
    else:
        parts = [_("%(n)s min", n=minutes)]
    return " ".join(part for part in parts if part)


def since(moment: datetime) -> str:
    """Return how long it has been since then."""
    return duration(int((clock.now() - moment).total_seconds()))


def outcome(request: ApprovalRequest) -> str:
    """Return one sentence on where a decision has brought the request."""
    step = request.route[request.step or 0]["name"] if request.route else ""
    sentence = str(OUTCOMES.get(request.state, "%(number)s"))
    return sentence % {"number": request.number, "step": step}


def outcome_category(request: ApprovalRequest) -> str:
    """Return how loudly to say it: what did not go through is a warning."""
    return "warning" if request.state in {"voided", "failed"} else "success"

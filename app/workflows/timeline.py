"""Where a request stands: its steps as people and programs read them, done, waiting and ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core import clock
from app.workflows.conditions import describe
from app.workflows.models import ApprovalRequest, ApprovalState, ApprovalTask, TaskState
from app.workflows.routes import Candidates, deciders, role_title

#: states of the request in which the step where it stood stays as it was decided
STOOD_DECIDED = {"reject": "rejected", "return": "returned", "approve": "approved"}


@dataclass(frozen=True)
class Remark:
    """What else happened at a step: handed over, an opinion, returned, decided before."""

    decision: str
    who: str
    when: datetime | None
    comment: str | None
    #: whom it went to, or who asked
    other: str | None = None
    question: str | None = None


@dataclass(frozen=True)
class StepView:
    """One step of the way.

    ``state`` is ``approved``, ``waiting``, ``ahead``, ``rejected``, ``returned`` or ``dropped``
    (the request ended before it was decided). ``seconds`` is how long it waited for its decision,
    or has been waiting until now.
    """

    number: int
    name: str
    role: str
    role_title: str
    state: str
    who: str | None = None
    when: datetime | None = None
    since: datetime | None = None
    seconds: int | None = None
    comment: str | None = None
    condition: str = ""
    covers: Sequence[str] = ()
    candidates: Sequence[str] = ()
    remarks: Sequence[Remark] = field(default_factory=tuple)


def list_steps(
    request: ApprovalRequest,
    titles: Mapping[str, Any],
    candidates: Candidates | None = None,
) -> list[StepView]:
    """Return the steps of a request that was sent; ``candidates`` name whom a step waits for."""
    tasks = list(request.tasks)
    return [
        _step(
            request,
            place,
            entry,
            [task for task in tasks if task.step == place],
            titles,
            candidates or {},
        )
        for place, entry in enumerate(request.route)
    ]


def preview_steps(route: Iterable[Mapping[str, Any]], titles: Mapping[str, Any]) -> list[StepView]:
    """Return the steps of a route that nobody has taken yet."""
    return [_ahead(number, entry, titles, ()) for number, entry in enumerate(route, start=1)]


def _step(
    request: ApprovalRequest,
    place: int,
    entry: Mapping[str, Any],
    tasks: list[ApprovalTask],
    titles: Mapping[str, Any],
    candidates: Candidates,
) -> StepView:
    state = _state(request, place, tasks)
    if state == "ahead":
        people = [one.name for one in deciders(entry, candidates)]
        return _ahead(place + 1, entry, titles, people)
    own = [task for task in tasks if task.purpose == "step"]
    main = own[-1]
    decided = main.decided_at
    return StepView(
        number=place + 1,
        name=entry["name"],
        role=entry["role"],
        role_title=str(role_title(entry["role"])),
        state=state,
        who=main.decided_by.full_name if main.decided_by else None,
        when=decided,
        since=main.created_at,
        seconds=_seconds(main),
        comment=main.comment,
        condition=describe(entry.get("condition"), titles),
        covers=entry.get("covers", ()),
        candidates=_waiting_for(main, candidates) if state == "waiting" else (),
        remarks=tuple(_remarks(tasks, main)),
    )


def _ahead(
    number: int, entry: Mapping[str, Any], titles: Mapping[str, Any], people: Sequence[str]
) -> StepView:
    return StepView(
        number=number,
        name=entry["name"],
        role=entry["role"],
        role_title=str(role_title(entry["role"])),
        state="ahead",
        condition=describe(entry.get("condition"), titles),
        covers=entry.get("covers", ()),
        candidates=people,
    )


def _state(request: ApprovalRequest, place: int, tasks: list[ApprovalTask]) -> str:
    """Return the state of a step from where the request stands; older rounds do not count."""
    stands = request.step if request.step is not None else -1
    if place > stands or not any(task.purpose == "step" for task in tasks):
        return "ahead"
    if place < stands:
        return "approved"
    if request.state == ApprovalState.RUNNING.value:
        return "waiting"
    last = [task for task in tasks if task.purpose == "step"][-1]
    return STOOD_DECIDED.get(last.decision or "", "dropped")


def _seconds(task: ApprovalTask) -> int | None:
    if task.state == TaskState.DROPPED.value:
        return None
    return int(((task.decided_at or clock.now()) - task.created_at).total_seconds())


def _waiting_for(task: ApprovalTask, candidates: Candidates) -> list[str]:
    if task.user is not None:
        return [task.user.full_name]
    return [one.name for one in candidates.get(task.role or "", ())]


def _remarks(tasks: list[ApprovalTask], main: ApprovalTask) -> Iterator[Remark]:
    for place, task in enumerate(tasks):
        if task is main or task.state == TaskState.DROPPED.value:
            continue
        yield Remark(
            decision=task.decision or "asked",
            who=_name(task.decided_by or task.user) or "",
            when=task.decided_at,
            comment=task.comment,
            other=_receiver(tasks[place + 1 :], task) or _name(task.asked_by),
            question=task.question,
        )


def _receiver(later: list[ApprovalTask], task: ApprovalTask) -> str | None:
    """Return to whom a step was handed over."""
    if task.decision != "delegate":
        return None
    handed = (one for one in later if one.purpose == "step" and one.user is not None)
    return _name(next(handed, task).user)


def _name(user: Any) -> str | None:
    return None if user is None else str(user.full_name)

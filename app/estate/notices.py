"""What people are told before the days that count: opening checklists, milestones of buildings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.settings import get_setting
from app.core.states import State
from app.estate.milestones import MilestoneKind
from app.estate.models import LaunchBatch, Milestone, OpeningItem
from app.estate.opening import OpeningKind
from app.estate.policies import MILESTONE
from app.estate.settings import MOST_WARN_DAYS, WARN_DAYS
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell_each
from app.workflows.routes import find_colleagues


@dataclass(frozen=True)
class StateNotice(NoticeKind):
    """A notice in whose words a state stands, which is said in the reader's language."""

    word: str = ""
    states: type[State | MilestoneKind] = OpeningKind

    def say(self, words: Mapping[str, Any]) -> str:
        code = str(words.get(self.word, ""))
        known = {one.value: one.title for one in self.states}
        return super().say({**words, self.word: known.get(code, code)})


#: rows that one run of the worker looks at, people who are told of one milestone
BATCH, MOST_PEOPLE = 500, 20

declare_notices(
    StateNotice(
        "opening_item_due",
        _l("An item of the opening checklist is due"),
        _l("%(item)s for %(batch)s is to be ready by %(day)s."),
        icon="tasks",
        tone="warn",
        when=_l("Some days before an item of an opening checklist of yours is due."),
        word="item",
    ),
    StateNotice(
        "milestone_due",
        _l("A milestone is near"),
        _l("%(building)s is to reach %(stage)s on %(day)s. Enter the actual day when it does."),
        icon="flow",
        tone="warn",
        when=_l("Some days before the planned day of a building's milestone."),
        word="stage",
        states=MilestoneKind,
    ),
)


def remind_of_days(*, actor: Actor) -> int:
    """Tell people once of what is due within the project's days; return how many were told.

    For the worker. Any number of runs may go on at once: the same thing is told only once.
    """
    return tell_each([*_openings(), *_milestones()], actor=actor)


def _openings() -> list[tuple[News, int]]:
    found = db.session.scalars(
        select(OpeningItem)
        .join(LaunchBatch, LaunchBatch.id == OpeningItem.batch_id)
        .where(
            OpeningItem.done_at.is_(None),
            OpeningItem.responsible_id.is_not(None),
            OpeningItem.due_on <= _last_day(),
            LaunchBatch.launched_on.is_(None),
        )
        .options(joinedload(OpeningItem.batch))
        .order_by(OpeningItem.due_on, OpeningItem.id)
        .limit(BATCH)
    )
    return [
        (
            News(
                "opening_item_due",
                f"/opening-items/show/{item.id}",
                {
                    "item": item.kind,
                    "batch": item.batch.name,
                    "day": item.due_on.isoformat(),
                },
                project_id=item.project_id,
                once=f"opening_item_due:{item.id}:{item.due_on.isoformat()}",
            ),
            item.responsible_id,
        )
        for item in found
        if item.due_on and item.responsible_id and _is_near(item, item.due_on)
    ]


def _milestones() -> list[tuple[News, int]]:
    found = db.session.scalars(
        select(Milestone)
        .where(
            Milestone.actual_on.is_(None),
            Milestone.planned_on.between(clock.today(), _last_day()),
        )
        .options(joinedload(Milestone.building))
        .order_by(Milestone.planned_on, Milestone.id)
        .limit(BATCH)
    )
    told: list[tuple[News, int]] = []
    people: dict[int, list[int]] = {}
    for milestone in found:
        planned_on = milestone.planned_on
        if planned_on is None or not _is_near(milestone, planned_on):
            continue
        project_id = milestone.project_id
        if project_id not in people:
            people[project_id] = _who_enters(project_id)
        news = News(
            "milestone_due",
            f"/milestones/show/{milestone.id}",
            {
                "building": milestone.building.name,
                "stage": milestone.kind,
                "day": planned_on.isoformat(),
            },
            project_id=project_id,
            once=f"milestone_due:{milestone.id}:{planned_on.isoformat()}",
        )
        told += [(news, user_id) for user_id in people[project_id]]
    return told


def _who_enters(project_id: int) -> list[int]:
    right = f"{MILESTONE}:edit"
    found = find_colleagues(
        "", project_id=project_id, permission=right, without=(), most=MOST_PEOPLE
    )
    return [one.id for one in found]


def _is_near(row: OpeningItem | Milestone, day: date) -> bool:
    return (day - clock.today()).days <= get_setting(WARN_DAYS, row.project_id)


def _last_day() -> date:
    return clock.today() + timedelta(days=MOST_WARN_DAYS)

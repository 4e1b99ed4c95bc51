"""What those who draft price plans are told: a plan came into force on its day, or could not."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core.actor import Actor
from app.core.db import db
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell
from app.pricing.models import BaseDataChange, PricePlan, PricePlanRow
from app.pricing.policies import BASE_DATA_CHANGE
from app.workflows.models import ApprovalRequest
from app.workflows.routes import find_colleagues

#: people who are told of one change
MOST_PEOPLE = 50

declare_notices(
    NoticeKind(
        "prices_in_force",
        _l("Prices took effect"),
        _l("%(plan)s is in force: %(rooms)s rooms priced, %(left)s left alone."),
        icon="tag",
        tone="ok",
        when=_l("A price plan of yours took effect on its day."),
    ),
    NoticeKind(
        "prices_overtaken",
        _l("A price plan came to nothing"),
        _l("%(plan)s had no room left to price: all are sold or have got a newer price."),
        icon="tag",
        tone="warn",
        when=_l("A price plan of yours had no room left to price on its day."),
    ),
    NoticeKind(
        "base_data_change_approved",
        _l("A change of base data is to be carried out"),
        _l("%(change)s has been approved. Carry it out by %(day)s."),
        icon="stamp",
        tone="warn",
        when=_l("A change of base data has been approved that you may carry out."),
    ),
)


def tell_in_force(plan: PricePlan, rooms: int, *, actor: Actor) -> None:
    """Tell who drafted and who sent the plan that it is in force, and what it left alone."""
    left = db.session.scalar(
        select(func.count()).where(
            PricePlanRow.plan_id == plan.id, PricePlanRow.left_because.is_not(None)
        )
    )
    _tell("prices_in_force", plan, actor, rooms=str(rooms), left=str(left))


def tell_overtaken(plan: PricePlan, *, actor: Actor) -> None:
    """Tell who drafted and who sent the plan that it has nothing left to price."""
    _tell("prices_overtaken", plan, actor)


def _tell(kind: str, plan: PricePlan, actor: Actor, **words: str) -> None:
    asked = select(ApprovalRequest.applicant_id).where(
        ApprovalRequest.subject_type == "price_plan", ApprovalRequest.subject_id == plan.id
    )
    people = [plan.created_by_id, *db.session.scalars(asked)]
    news = News(
        kind,
        f"/price-plans/show/{plan.id}",
        {"plan": str(plan), **words},
        project_id=plan.project_id,
    )
    tell(news, people, actor=actor)


def tell_to_carry_out(change: BaseDataChange, *, actor: Actor) -> None:
    """Tell who carries changes of base data out in the project that one has been approved."""
    right = f"{BASE_DATA_CHANGE}:execute"
    people = find_colleagues(
        "", project_id=change.project_id, permission=right, without=(), most=MOST_PEOPLE
    )
    day = change.execute_by.isoformat() if change.execute_by else ""
    news = News(
        "base_data_change_approved",
        f"/base-data-changes/show/{change.id}",
        {"change": str(change), "day": day},
        project_id=change.project_id,
    )
    tell(news, [one.id for one in people], actor=actor)

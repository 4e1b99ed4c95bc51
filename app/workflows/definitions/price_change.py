"""调价 price_change: a price plan is approved and takes effect with the last yes."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid, WrongState
from app.core.money import format_yuan, plain
from app.pricing import operations, policies
from app.pricing.entries import check_day
from app.pricing.models import PricePlan, PricePlanState
from app.pricing.operations.effect import lock_rooms_of_plan
from app.pricing.queries import (
    LineFilter,
    PlanFigures,
    PlanLine,
    digest_of_plan,
    get_price_plan,
    list_plan_lines,
    list_waiting_plans,
    plan_counts,
    plan_figures,
    plan_figures_by_building,
)
from app.pricing.settings import noted_change
from app.workflows.kinds import ApprovalKind, RequestFacts, Step, register_kind

#: rooms below their floor price that the summary names one by one
NAMED_ROOMS = 10


class PriceChange(ApprovalKind):
    """调价: subject a price plan; no values.

    Result ``{"price_plan_id", "rooms"}``, with ``takes_effect_on`` for one that waits for its day.
    """

    key = "price_change"
    title = _l("Price change")
    subject_type = "price_plan"
    apply_permission = f"{policies.PLAN}:submit"
    outcome = _l("The prices take effect")
    figure_titles: ClassVar[dict[str, Any]] = {
        "rooms": _l("Rooms"),
        "list_total": _l("Sum of list totals"),
        "average_change_percent": _l("Change of the average, percent"),
        "average_falls": _l("The average falls"),
        "below_floor": _l("Rooms below their floor price"),
        "rooms_below_floor": _l("Number of rooms below their floor price"),
    }
    default_route = (
        Step(_l("Sales manager"), "manager"),
        Step(_l("Finance manager"), "finance_manager"),
        Step(_l("Marketing director"), "director"),
        Step(
            _l("General manager"),
            "gm",
            {"any": [["average_falls", "=", True], ["below_floor", "=", True]]},
        ),
    )

    def load_subject(self, session: Session, subject_id: int) -> PricePlan | None:
        return session.scalar(select(PricePlan).where(PricePlan.id == subject_id))

    def lock_subject(self, session: Session, subject_id: int) -> None:
        """Lock the plan's rooms in the order of their ids, then the plan."""
        wanted = select(PricePlan.id).where(PricePlan.id == subject_id)
        if session.scalar(wanted) is not None:
            lock_rooms_of_plan(subject_id)
            session.scalar(wanted.with_for_update())

    def project_id(self, subject: PricePlan) -> int:
        return subject.project_id

    def subject_title(self, subject: PricePlan, values: dict[str, Any]) -> str:  # noqa: ARG002
        return str(subject)

    def subject_path(self, subject_id: int, actor: Actor) -> str | None:
        return f"/price-plans/show/{subject_id}" if actor.may(f"{policies.PLAN}:see") else None

    def clean(
        self,
        subject: PricePlan,
        values: dict[str, Any],  # noqa: ARG002 - a price change asks for nothing but the plan
        actor: Actor,  # noqa: ARG002 - the permission has been checked
    ) -> dict[str, Any]:
        if not policies.is_open(subject):
            raise WrongState(
                _l(
                    "%(plan)s is %(state)s and cannot be sent for approval.",
                    plan=str(subject),
                    state=PricePlanState(subject.state).title,
                )
            )
        found = plan_figures(subject.id)
        if not found.rooms:
            raise Invalid(_l("%(plan)s has no rooms.", plan=str(subject)))
        if found.blank:
            first = list_plan_lines(subject.id, limit=1, only=LineFilter.BLANK)[0]
            raise Invalid(
                _l(
                    "%(count)d rooms of %(plan)s have no price yet, the first is %(room)s. Enter"
                    " them in the plan's table, or take the rooms out.",
                    count=found.blank,
                    plan=str(subject),
                    room=first.title,
                )
            )
        check_day(subject.takes_effect_on)
        return {}

    def figures(self, subject: PricePlan, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        found = plan_figures(subject.id)
        return {
            "rooms": found.rooms,
            "list_total": found.list_total,
            "average_change_percent": found.change_percent,
            "average_falls": found.falls,
            "below_floor": found.below_floor > 0,
            "rooms_below_floor": found.below_floor,
        }

    def summary(
        self,
        subject: PricePlan,
        values: dict[str, Any],  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        whole = plan_figures(subject.id)
        rows = [
            {"label": _l("Takes effect"), "before": None, "after": day_words(subject)},
            {"label": _l("Rooms"), "before": None, "after": str(whole.rooms)},
            {
                "label": _l("Sum of list totals, yuan"),
                "before": None,
                "after": format_yuan(whole.list_total),
            },
            {
                "label": _l("Average list price, yuan per m²"),
                "before": None,
                "after": format_yuan(whole.average),
            },
        ]
        if whole.known_rooms:
            rows.append(_change_row(_l("Average of the rooms priced before"), whole))
        rows += [_building_row(part) for part in plan_figures_by_building(subject.id)]
        rows += _moved_rows(subject) + _waiting_rows(subject.id)
        return [*rows, *_floor_rows(subject.id, whole.below_floor)]

    def digest_source(self, subject: PricePlan, values: dict[str, Any]) -> Any:  # noqa: ARG002
        source = {"plan": subject.id, "rows": digest_of_plan(subject.id)}
        day = subject.takes_effect_on
        # At once digests as before there were days: what was sent then still holds.
        return source if day is None else {**source, "takes_effect_on": day}

    def on_sent(self, request: RequestFacts, actor: Actor) -> None:
        operations.freeze_plan(request.subject_id, actor=actor)

    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        plan = get_price_plan(request.subject_id)
        rooms = operations.put_in_force(plan, actor=actor)
        done = {"price_plan_id": request.subject_id, "rooms": rooms}
        day = get_price_plan(request.subject_id).takes_effect_on
        return done if rooms or day is None else {**done, "takes_effect_on": day}

    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        operations.reopen_plan(request.subject_id, rejected=True, actor=actor)

    def on_withdrawn(self, request: RequestFacts, actor: Actor) -> None:
        operations.reopen_plan(request.subject_id, rejected=False, actor=actor)

    def on_returned(self, request: RequestFacts, actor: Actor) -> None:
        operations.reopen_plan(request.subject_id, rejected=False, actor=actor)

    def on_voided(self, request: RequestFacts, actor: Actor) -> None:
        operations.reopen_plan(request.subject_id, rejected=False, actor=actor)


def _change_row(label: Any, figures: PlanFigures) -> dict[str, Any]:
    percent = figures.change_percent
    sign = "+" if percent > 0 else ""
    return {
        "label": label,
        "before": format_yuan(figures.average_before or 0),
        "after": format_yuan(figures.average_after or 0),
        "note": f"{sign}{plain(percent)}%",
        "tone": "bad" if figures.falls else "ok",
    }


def _building_row(figures: PlanFigures) -> dict[str, Any]:
    if figures.known_rooms:
        return _change_row(figures.name, figures)
    return {
        "label": figures.name,
        "before": None,
        "after": format_yuan(figures.average),
        "note": str(_l("%(count)d rooms, not priced before", count=figures.rooms)),
    }


def day_words(plan: PricePlan) -> str:
    """Return from when the plan's prices hold, in words."""
    if plan.takes_effect_on is None:
        return str(_l("At once, with the last yes"))
    return str(_l("On %(day)s at 0:00", day=plan.takes_effect_on.isoformat()))


def _moved_rows(plan: PricePlan) -> list[dict[str, Any]]:
    beyond = noted_change(plan.project_id)
    counts = plan_counts(plan.id, beyond=beyond)
    told = (
        (_l("Rooms that fall by more than %(percent)s%%", percent=plain(beyond)), counts.fell),
        (_l("Rooms that rise by more than %(percent)s%%", percent=plain(beyond)), counts.rose),
    )
    return [
        {"label": str(label), "before": None, "after": str(count)} for label, count in told if count
    ]


def _waiting_rows(plan_id: int) -> list[dict[str, Any]]:
    return [
        {
            "label": other.number,
            "before": None,
            "after": None,
            "note": str(
                _l(
                    "waits for %(day)s and prices %(count)d of these rooms too. The plan that is"
                    " approved later decides their price.",
                    day=other.takes_effect_on.isoformat(),
                    count=other.rooms,
                )
            ),
            "tone": "bad",
        }
        for other in list_waiting_plans(plan_id)
    ]


def _floor_rows(plan_id: int, below_floor: int) -> list[dict[str, Any]]:
    if not below_floor:
        return []
    warning = {
        "label": _l("Below the floor price"),
        "before": None,
        "after": None,
        "note": str(_l("%(count)d rooms are priced below their floor price.", count=below_floor)),
        "tone": "bad",
    }
    named = list_plan_lines(plan_id, limit=NAMED_ROOMS, only=LineFilter.BELOW_FLOOR)
    return [warning, *(_floor_row(line) for line in named)]


def _floor_row(line: PlanLine) -> dict[str, Any]:
    return {
        "label": line.title,
        "before": format_yuan(line.total_before or 0),
        "after": format_yuan(line.list_total or 0),
        "note": str(_l("floor %(total)s", total=format_yuan(line.floor_before or 0))),
        "tone": "bad",
        # Requests are also seen by people who do not see floor prices: the administrator.
        "needs": f"{policies.FLOOR}:see",
    }


register_kind(PriceChange())

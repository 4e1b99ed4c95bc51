"""The worker's job for prices: plans whose day has come, and rooms that came back from a deal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from app.core.actor import Actor, acting
from app.core.db import db
from app.core.uow import unit_of_work
from app.logs.trace import traced
from app.pricing import operations

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("xiaokong.worker")
TASK: Final = "pricing.carry_out_plans"


def carry_out(app: Flask, actor: Actor) -> int:
    """Put due plans in force and price rooms that came back; return how many rooms were priced.

    Each plan has a transaction of its own, so that one that cannot be carried out keeps no other
    from its day. After the worker was down all that is due follows at once, in order of the days.
    """
    with app.app_context(), traced():
        try:
            with acting(actor):
                due = operations.find_due_plans()
            count = sum(
                _alone(partial(operations.carry_out_due_plan, plan_id, actor=actor), actor, plan_id)
                for plan_id in due
            )
            return count + _alone(
                partial(operations.price_returned_rooms, actor=actor), actor, None
            )
        finally:
            db.leave()


def _alone(work: Callable[[], int], actor: Actor, plan_id: int | None) -> int:
    db.undo()
    try:
        with unit_of_work(actor):
            rooms = work()
    except Exception:
        # Said in the log and tried again in ten seconds; the other plans go on.
        log.exception("job failed", extra={"facts": {"job": TASK, "plan": plan_id}})
        return 0
    if rooms:
        log.info("job done", extra={"facts": {"job": TASK, "plan": plan_id, "rows": rooms}})
    return rooms

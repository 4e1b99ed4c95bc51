"""Finding approval requests by what people know of them: number, room, customer, applicant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, and_, false, func, or_, select, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import joinedload

from app.admin.models import AppUser
from app.core.actor import Actor
from app.core.db import db
from app.customers.policies import SEE as SEE_CUSTOMERS
from app.customers.queries import search_customers
from app.sales.models import SubscriptionBuyer
from app.workflows import policies
from app.workflows.models import ApprovalRequest, ApprovalTask

MOST_FOUND: Final = 20
#: of what was typed; the rest is not looked at
MOST_WORDS: Final = 4
LONGEST_WORD: Final = 40
#: signs that the index knows of a word's beginning (workflows_search_words in the migration)
INDEXED: Final = 6
#: people and customers that are looked up for one typed word
MOST_PEOPLE: Final = 50
#: newest requests that are looked at before the index is asked
WINDOW: Final = 300
#: newest requests of each way in which somebody is concerned who does not see all
MOST_CONCERNED: Final = 2000
_BETWEEN: Final = re.compile(r"[-\s·•・*，、。（）()/]+")
#: what the index is made of
_RUNS: Final = re.compile(r"[0-9a-z]+|[^\x00-\x7f·•・，、。（）]+")


def find_requests(typed: str, *, actor: Actor, project_id: int | None) -> list[ApprovalRequest]:
    """Return the newest requests that the actor may see and that fit, at most twenty.

    Who does not see all is shown those among the newest thousands that concern him.
    """
    fits = _Fits.of(typed, actor=actor, project_id=project_id)
    if fits is None:
        return []
    here = () if project_id is None else (ApprovalRequest.project_id == project_id,)
    if not actor.may(policies.SEE_ALL):
        return _newest(_concerning(actor, here), actor, fits.compared)
    # What fits most requests fits enough of the newest; what fits few is read from the index.
    found = _newest(_last(here, WINDOW), actor, fits.compared)
    return found if len(found) == MOST_FOUND else _newest(_those(fits.indexed, *here), actor)


def matching(typed: str, *, actor: Actor, project_id: int | None) -> ColumnElement[bool] | None:
    """Return the predicate "every typed word fits", or None if nothing was typed.

    A word fits that begins a word of the number or of what the request is about, the name of its
    applicant, or one of its customers by anything that the actor finds customers by. Who may see
    the request is not asked here.
    """
    fits = _Fits.of(typed, actor=actor, project_id=project_id)
    return None if fits is None else fits.indexed


def _newest(
    among: Select[Any], actor: Actor, *predicates: ColumnElement[bool]
) -> list[ApprovalRequest]:
    # Materialized: else the planner walks all requests from the newest on to find the few.
    ids = among.cte("among").prefix_with("MATERIALIZED")
    found = (
        select(ApprovalRequest)
        .where(ApprovalRequest.id.in_(select(ids.c.id)), *predicates, policies.visible_to(actor))
        .options(joinedload(ApprovalRequest.applicant))
        .order_by(ApprovalRequest.id.desc())
        .limit(MOST_FOUND)
    )
    return list(db.session.scalars(found))


def _those(*predicates: ColumnElement[bool]) -> Select[Any]:
    return select(ApprovalRequest.id).where(*predicates)


def _last(predicates: tuple[ColumnElement[bool], ...], most: int) -> Select[Any]:
    return _those(*predicates).order_by(ApprovalRequest.id.desc()).limit(most)


def _concerning(actor: Actor, here: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    """Return the newest requests of the actor and the newest whose steps were or are his."""
    task, roles = ApprovalTask, sorted(actor.roles)
    of_role = (task.user_id.is_(None), task.role.in_(roles))
    ways = (of_role, (task.user_id == actor.id,), (task.decided_by_id == actor.id,))
    own = _last((*here, ApprovalRequest.applicant_id == actor.id), MOST_CONCERNED)
    steps = [
        select(task.request_id.label("id"))
        .where(*way)
        .order_by(task.request_id.desc())
        .limit(MOST_CONCERNED)
        for way in ways
    ]
    parts = [select(part.subquery().c.id) for part in (own, *steps)]
    return select(union(*parts).subquery().c.id)


@dataclass(frozen=True)
class _Fits:
    """The same predicate twice: by comparing the few rows at hand, and by the index."""

    compared: ColumnElement[bool]
    indexed: ColumnElement[bool]

    @classmethod
    def of(cls, typed: str, *, actor: Actor, project_id: int | None) -> _Fits | None:
        """Return what every typed word asks for, or None if nothing was typed."""
        words = [word[:LONGEST_WORD] for word in _BETWEEN.split(typed.lower()) if word]
        if not words:
            return cls(false(), false()) if typed.strip() else None
        compared, indexed = [], []
        for word in words[:MOST_WORDS]:
            said, held = _said(word)
            others = [*_by_people(word), *_about_customers(word, project_id, actor)]
            compared.append(or_(said, *others))
            indexed.append(or_(and_(said, held), *others))
        return cls(and_(*compared), and_(*indexed))


def _said(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return that number or subject have the word, and what the index knows of that."""
    runs = [run[:INDEXED] for run in _RUNS.findall(word)]
    if not runs:
        return false(), false()
    words = func.lower(ApprovalRequest.number + " " + ApprovalRequest.subject_title)
    said: ColumnElement[bool] = words.contains(word, autoescape=True)
    if word[0].isascii():
        said = and_(said, words.regexp_match("(^|[^0-9a-z])" + re.escape(word)))
    held = func.workflows_search_words(
        ApprovalRequest.number, ApprovalRequest.subject_title, type_=ARRAY(Text)
    )
    return said, held.contains(runs)


def _by_people(word: str) -> list[ColumnElement[bool]]:
    people = _people_named(word)
    return [ApprovalRequest.applicant_id.in_(people)] if people else []


def _people_named(word: str) -> list[int]:
    """Return the people whose name holds the word; a name has no digits."""
    if word.isascii():
        return []
    named = (AppUser.first_name + AppUser.last_name).ilike(f"%{_plain(word)}%", escape="\\")
    return list(db.session.scalars(select(AppUser.id).where(named).limit(MOST_PEOPLE)))


def _plain(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)


def _about_customers(word: str, project_id: int | None, actor: Actor) -> list[ColumnElement[bool]]:
    if not actor.may(SEE_CUSTOMERS):
        return []
    found = search_customers(word, project_id=project_id, limit=MOST_PEOPLE)
    if not found:
        return []
    ids = [customer.id for customer in found]
    deals = select(SubscriptionBuyer.subscription_id).where(SubscriptionBuyer.customer_id.in_(ids))
    return [
        ApprovalRequest.values["customer_id"].astext.in_([str(one) for one in ids]),
        and_(
            ApprovalRequest.subject_type == "subscription",
            ApprovalRequest.subject_id.in_(deals),
        ),
    ]

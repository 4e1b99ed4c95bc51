"""Reads customers, always within the caller's scope but for the search for duplicates."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, Text, and_, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import selectinload

from app.admin.models import AppUser
from app.core.actor import current_actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.secrets import fingerprints
from app.customers.models import Customer
from app.customers.search_keys import LONGEST_KEY, plain

MOBILE_LENGTH = 11
#: shortest part of a phone that is looked for within one's own customers' phones
SHORTEST_PART = 3
#: how long the beginnings of keys are that the index holds (customers_prefixes)
INDEXED = 6
SHORTEST_DOCUMENT = 5
COUNT_BOUND = 1000


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A customer that is there already; says whose it is and nothing about the person."""

    customer_id: int
    project_id: int
    owner_id: int
    owner_name: str
    since: datetime
    #: ``mobile`` or ``id_number``: what is the same
    field: str


def get_customer(customer_id: int) -> Customer:
    """Return the customer. Raises NotFound if there is none within the actor's scope."""
    found: Customer | None = db.session.scalar(
        select(Customer).where(Customer.id == customer_id).options(selectinload(Customer.owner))
    )
    if found is None:
        raise NotFound(_l("There is no such customer within your scope."))
    return found


def list_customers(customer_ids: Collection[int]) -> list[Customer]:
    """Return those of the customers that are within scope, by id."""
    found = select(Customer).where(Customer.id.in_(customer_ids)).order_by(Customer.id)
    return list(db.session.scalars(found))


def search_customers(
    q: str, *, project_id: int | None = None, limit: int = 50, before: int | None = None
) -> list[Customer]:
    """Return the newest customers within scope that fit ``q``, at most ``limit``.

    ``q`` is as ``matching`` says; empty for all. ``before`` is the id of the last one of the page
    before.
    """
    found = _searched(select(Customer), q, project_id).options(selectinload(Customer.owner))
    if before is not None:
        found = found.where(Customer.id < before)
    return list(db.session.scalars(found.order_by(Customer.id.desc()).limit(limit)))


def count_customers(q: str, *, project_id: int | None = None) -> tuple[int, bool]:
    """Return how many customers within scope fit ``q``, up to 1,000, and whether there are more."""
    some = _searched(select(Customer.id), q, project_id).limit(COUNT_BOUND + 1).subquery()
    found = int(db.session.scalar(select(func.count()).select_from(some)) or 0)
    return min(found, COUNT_BOUND), found > COUNT_BOUND


def _searched(statement: Select[Any], q: str, project_id: int | None) -> Select[Any]:
    if project_id is not None:
        statement = statement.where(Customer.project_id == project_id)
    fits = matching(q)
    return statement if fits is None else statement.where(fits)


def matching(q: str) -> ColumnElement[bool] | None:
    """Return the predicate "fits what was typed", or None if nothing was.

    What fits: the name from any sign on, its pinyin or initials, the last digits of the phone or
    of the document, the whole of either. The middle of a phone only finds one's own customers:
    others' are shown masked, and a search must not be a way to guess what the mask hides.
    """
    if not q.strip():
        return None
    wanted = plain(q)[:LONGEST_KEY]
    if not wanted:
        return false()
    fits: list[ColumnElement[bool]] = [_begins_key(wanted)]
    digits = wanted.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        if len(digits) >= MOBILE_LENGTH and digits[-MOBILE_LENGTH:].startswith("1"):
            fits.append(Customer.mobile == digits[-MOBILE_LENGTH:])
        elif len(digits) >= SHORTEST_PART:
            fits += _part_of_own_phone(digits)
    # Every number of a document has digits; asked for pinyin too, it would cost more than the rest.
    if len(wanted) >= SHORTEST_DOCUMENT and wanted.isascii() and re.search(r"\d", wanted):
        fits.append(Customer.id_number_hash.in_(fingerprints(wanted.upper())))
    return or_(*fits)


def _begins_key(wanted: str) -> ColumnElement[bool]:
    held = func.customers_prefixes(Customer.search_keys, type_=ARRAY(Text))
    # The comparison first: it is cheaper than the function where the index is not used.
    return and_(
        Customer.search_keys.contains(f" {wanted}", autoescape=True),
        held.contains([wanted[:INDEXED]]),
    )


def _part_of_own_phone(digits: str) -> list[ColumnElement[bool]]:
    actor = current_actor()
    if actor is None or actor.kind != "user" or actor.watched_by:
        return []
    return [and_(Customer.owner_id == actor.id, Customer.mobile.contains(digits, autoescape=True))]


def find_duplicate(
    *,
    project_id: int,
    mobile: str,
    id_kind: str | None,
    id_hashes: Collection[str] = (),
    except_id: int | None = None,
) -> Duplicate | None:
    """Return the customer of the project with the same phone or document, whoever owns it."""
    same = [Customer.mobile == mobile]
    if id_hashes:
        same.append(and_(Customer.id_kind == id_kind, Customer.id_number_hash.in_(id_hashes)))
    found = (
        select(
            Customer.id,
            Customer.owner_id,
            AppUser.first_name + AppUser.last_name,
            Customer.created_at,
            Customer.mobile == mobile,
        )
        .join(AppUser, AppUser.id == Customer.owner_id)
        .where(Customer.project_id == project_id, or_(*same))
        .order_by(Customer.id)
    )
    if except_id is not None:
        found = found.where(Customer.id != except_id)
    # A colleague's customer is a duplicate too; only its owner's name leaves this function.
    row = db.session.execute(found, execution_options={"whole_group": True}).first()
    if row is None:
        return None
    return Duplicate(
        row[0], project_id, row[1], row[2], row[3], "mobile" if row[4] else "id_number"
    )

"""What a refused change says on a form: beside the field it names, else above the form."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from wtforms import Form

from app.core.errors import DomainError
from app.web.crud_forms import argument_name

log = logging.getLogger("xiaokong.web")

UNIQUE, FOREIGN = "23505", "23503"


@dataclass(frozen=True)
class Problem:
    """What stands above the form."""

    sentence: Any


def problem_of(error: DomainError | IntegrityError, form: Form | None, model: Any) -> Problem:
    """Put the error beside the fields it names and return what stands above the form.

    A constraint that spoke in place of the operation becomes a sentence; any other database error
    is raised again.
    """
    if isinstance(error, IntegrityError):
        return Problem(_constraint_sentence(error))
    if form is not None:
        named = {argument_name(field, model): field for field in form} if model else {}
        named |= {str(field.short_name): field for field in form}
        placed = [(named[name], text) for name, text in error.fields.items() if name in named]
        for field, text in placed:
            field.errors = [*field.errors, str(text)]
        if placed and len(placed) == len(error.fields):
            return Problem(_("Please correct what is marked below."))
    return Problem(error.message)


def _constraint_sentence(error: IntegrityError) -> str:
    state = getattr(error.orig, "pgcode", None)
    if state not in (UNIQUE, FOREIGN):
        raise error
    log.warning("constraint spoke instead of the operation: %s", error.orig)
    if state == UNIQUE:
        return _("There is such a record already.")
    return _("Other records still use this one.")

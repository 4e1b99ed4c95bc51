"""Several faults of one entry come in one answer, each with its field."""

from __future__ import annotations

import pytest

from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.gathering import check_all


def refuse(error):
    def check():
        raise error

    return check


def test_several_faults_are_told_at_once():
    taken = Conflict("taken", code="taken", fields={"name": "taken"})
    bad = Invalid("bad", fields={"area": "bad", "name": "later"})
    with pytest.raises(Invalid) as told:
        check_all(refuse(taken), lambda: None, refuse(bad))
    assert told.value.fields == {"name": "taken", "area": "bad"}
    assert str(told.value) == "taken"


def test_one_fault_stays_what_it_is():
    taken = Conflict("taken", code="taken", fields={"name": "taken"})
    with pytest.raises(Conflict) as told:
        check_all(lambda: None, refuse(taken))
    assert told.value is taken


def test_what_names_no_field_is_raised_at_once():
    with pytest.raises(NotAllowed):
        check_all(refuse(Invalid("bad", fields={"area": "bad"})), refuse(NotAllowed("no")))
    with pytest.raises(Conflict):
        check_all(refuse(Conflict("plain")), refuse(Invalid("bad", fields={"area": "bad"})))

"""Who may do what with money: the table of preset roles, and the predicates that pages ask."""

from __future__ import annotations

import pytest

from app.core.permissions import PRESET_ROLES
from app.finance import policies
from tests.factories.finance import make_account, make_slip

#: as in the specification's table of preset roles; B is the agency
TABLE = {
    "finance.receipt:add": "CHB",
    "finance.receipt:confirm": "H",
    "finance.receipt:reverse": "AF",
    "finance.bill:void": "AF",
    "finance.bill_book:add": "AF",
    "finance.bill_book:edit": "AF",
    "devices.station:see": "U",
    "devices.station:add": "U",
    "devices.job:see": "HAFUO",
    "devices.job:retry": "HAFU",
    "devices.job:see_log": "U",
}


@pytest.mark.parametrize("letter", PRESET_ROLES)
def test_the_preset_roles_hold_what_the_table_says(actor_for, letter):
    actor = actor_for(PRESET_ROLES[letter][0])
    held = {permission for permission in TABLE if actor.may(permission)}
    assert held == {permission for permission, letters in TABLE.items() if letter in letters}


def test_nobody_both_confirms_and_reverses(actor_for):
    for code, _title in PRESET_ROLES.values():
        actor = actor_for(code)
        both = ("finance.receipt:confirm", "finance.receipt:reverse")
        assert not all(actor.may(permission) for permission in both), code


def receipt(project, **values):
    return make_slip(make_account(project), **values)


def test_slips_are_confirmed_and_withdrawn_receipts_reversed(project, actor_for):
    cashier, accountant = actor_for("cashier"), actor_for("accountant")
    slip = receipt(project)
    assert policies.can_confirm(slip, cashier)
    assert policies.can_withdraw(slip, cashier)
    assert not policies.can_reverse(slip, accountant)
    slip.state = "confirmed"
    assert not policies.can_confirm(slip, cashier)
    assert not policies.can_withdraw(slip, cashier)
    assert policies.can_reverse(slip, accountant)
    assert not policies.can_reverse(slip, cashier)


def test_own_slips_are_seen_and_withdrawn_on_their_day(project, actor_for, clock_at):
    consultant, other = actor_for("consultant"), actor_for("consultant")
    slip = receipt(project, created_by_id=consultant.id)
    assert policies.can_see(slip, consultant)
    assert policies.can_withdraw(slip, consultant)
    assert not policies.can_see(slip, other)
    assert not policies.can_withdraw(slip, other)
    clock_at(2030, 1, 1, 9)
    assert not policies.can_withdraw(slip, consultant)

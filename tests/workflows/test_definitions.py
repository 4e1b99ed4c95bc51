"""The kinds that come installed: complete, and on the routes of the specification."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.permissions import all_permissions
from app.workflows.conditions import holds
from app.workflows.kinds import ApprovalKind, all_kinds, get_kind, load_definitions, register_kind
from app.workflows.models import ApprovalFlow
from tests.factories.workflows import ToyKind

#: subject types that programs rely on
SUBJECT_TYPES = {
    "room", "price_plan", "queue_ticket", "subscription", "contract", "receipt", "customer",
    "base_data_change",
}  # fmt: skip


@pytest.fixture
def kinds(app) -> list[ApprovalKind]:  # noqa: ARG001 - the application loads the definitions
    return all_kinds()


def roles(key: str, **figures) -> list[str]:
    route = get_kind(key).default_route
    return [step.role for step in route if holds(step.condition, figures)]


def test_both_kinds_of_the_first_sale_are_there(kinds):
    assert {"price_change", "special_discount"} <= {kind.key for kind in kinds}


def test_every_kind_is_complete(kinds):
    permissions = {permission.name for permission in all_permissions()}
    for kind in kinds:
        assert kind.subject_type in SUBJECT_TYPES, kind.key
        assert kind.apply_permission in permissions, kind.key
        assert str(kind.title), kind.key
        assert str(kind.outcome), kind.key
        assert kind.figure_titles, kind.key
        assert (type(kind).__doc__ or "").strip(), kind.key


def test_every_kind_has_a_flow_in_force(kinds, session):
    flows = set(session.scalars(select(ApprovalFlow.kind).where(ApprovalFlow.is_active)))
    assert {kind.key for kind in kinds} <= flows


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(
    ("percent", "below_floor", "expected"),
    [
        ("0.50", False, ["manager"]),
        ("2.00", False, ["manager"]),
        ("2.01", False, ["manager", "director"]),
        ("3.00", False, ["manager", "director"]),
        ("3.01", False, ["manager", "director", "gm"]),
        ("1.00", True, ["manager", "director", "gm"]),
    ],
)
def test_route_of_a_special_discount(percent, below_floor, expected):
    assert roles("special_discount", percent=percent, below_floor=below_floor) == expected


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(("days", "expected"), [(30, ["manager"]), (31, ["manager", "gm"])])
def test_route_of_an_extension(days, expected):
    assert roles("extension", days=days) == expected


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(
    ("falls", "below_floor", "leader"),
    [(False, False, []), (True, False, ["gm"]), (False, True, ["gm"])],
)
def test_route_of_a_price_change(falls, below_floor, leader):
    found = roles("price_change", average_falls=falls, below_floor=below_floor)
    assert found == ["manager", "finance_manager", "director", *leader]


def test_loading_again_changes_nothing(kinds):
    load_definitions()
    assert all_kinds() == kinds


@pytest.mark.parametrize(
    "change",
    [
        {"key": "price_change"},
        {"default_route": ()},
        {"default_route": (type(ToyKind.default_route[0])("x", "nobody"),)},
        {
            "default_route": (
                type(ToyKind.default_route[0])("x", "gm", {"all": [["unknown", "=", 1]]}),
            )
        },
    ],
)
@pytest.mark.usefixtures("kinds")
def test_faulty_kind_is_refused_at_the_start(change):
    faulty = type("Faulty", (ToyKind,), {"key": "faulty", **change})
    before = all_kinds()
    with pytest.raises(Exception, match=r"price_change|faulty|unknown"):
        register_kind(faulty())
    assert all_kinds() == before

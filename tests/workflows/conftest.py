"""The toy kind, registered while the tests of this folder run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.workflows.kinds import forget_kind, register_kind
from tests.factories.workflows import ToyKind, make_flow


@pytest.fixture
def toy() -> Iterator[ToyKind]:
    """The toy kind, registered but without a flow."""
    kind = ToyKind()
    register_kind(kind)
    yield kind
    forget_kind(kind.key)


@pytest.fixture
def flow(session: Any, toy: ToyKind) -> Any:  # noqa: ARG001 - the session comes first
    """The toy kind's flow in force: manager, and above 2 % the director."""
    return make_flow(toy)

"""How structure tests fail: with every fault on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def expect_none(faults: Iterable[str], title: str = "") -> None:
    """Fail naming every fault; pass if there is none."""
    found = sorted(faults)
    if found:
        pytest.fail("\n".join([title or f"{len(found)} faults", *found]), pytrace=False)

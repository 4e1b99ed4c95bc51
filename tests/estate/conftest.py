"""Fixtures of the estate's tests."""

from __future__ import annotations

from tests.counting import counted

__all__ = ["counted"]

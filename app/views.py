"""Walks the areas in menu order and registers what each declares; defines nothing."""

from __future__ import annotations

from typing import Any


def register(appbuilder: Any) -> None:
    """Register every area's views and REST resources."""

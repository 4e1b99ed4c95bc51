"""Which permissions the product asks for, read off its sources, templates and registered pages."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

from config import ROOT
from tests.conformance.sources import Source, sources

RIGHT = re.compile(r"[a-z]+\.[a-z_]+:[a-z_]+")


@cache
def asked_for() -> dict[str, list[str]]:
    """Return every permission that sources and templates name, with the places.

    A constant that only gives a permission its short name does not ask for it, and neither does
    the declaration.
    """
    found: dict[str, list[str]] = {}
    for source in sources("app"):
        if source.name == "__main__.py":
            continue
        for node, right in _named(source):
            found.setdefault(right, []).append(f"{source.path}:{node.lineno}")  # type: ignore[attr-defined]
    for path in sorted((ROOT / "app" / "templates").rglob("*.html")):
        for match in RIGHT.finditer(path.read_text()):
            found.setdefault(match.group(0), []).append(str(path.relative_to(ROOT)))
    return found


def _named(source: Source) -> Iterator[tuple[ast.AST, str]]:
    module = importlib.import_module(_module_name(source.path))
    for statement in source.tree.body:
        if _only_names(statement) or _declares(statement):
            continue
        for node in ast.walk(statement):
            value = _text_of(node, module)
            if isinstance(value, str) and RIGHT.fullmatch(value):
                yield node, value


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _only_names(statement: ast.stmt) -> bool:
    """Tell whether a statement just gives a text a short name."""
    return isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(
        statement.value, ast.Constant | ast.JoinedStr
    )


def _declares(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and "declare_permissions(" in ast.unparse(statement)


def _text_of(node: ast.AST, module: ModuleType) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute):
        holder = _text_of(node.value, module)
        return vars(holder).get(node.attr) if isinstance(holder, ModuleType | type) else None
    if isinstance(node, ast.JoinedStr):
        parts = [_text_of(one, module) for one in node.values]
        return "".join(parts) if all(isinstance(one, str) for one in parts) else None
    if isinstance(node, ast.FormattedValue):
        return _text_of(node.value, module)
    return None

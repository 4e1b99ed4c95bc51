"""The project's own Python files, read and parsed once for all structure tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

from config import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file: its path below the project's folder, its text and its tree."""

    path: str
    text: str = field(repr=False)

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def within(self, *folders: str) -> bool:
        return any(self.path == one or self.path.startswith(f"{one}/") for one in folders)

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{node.lineno}: {what}"  # type: ignore[attr-defined]


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Return the Python files of these folders and files."""
    found = []
    for top in tops:
        path = ROOT / top
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        found += [Source(str(one.relative_to(ROOT)), one.read_text()) for one in files]
    return tuple(found)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method, also those inside others."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call with the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of names; ``?`` stands for what is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def words(node: ast.AST) -> str:
    """Return the text of a string, with ``{}`` for what is filled in; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) or "{}" for part in node.values)
    return ""

"""The data dictionary and the ER diagrams, made from the models: ``flask dictionary``.

One Markdown file an area, with a Mermaid diagram of its tables and a row for each column, and a
``README.md`` with the areas. Nothing in it is written by hand: titles come from the catalogue and
from the models' docstrings, notes from the ``#:`` comments beside the columns. The same models
give the same text.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from app.core.db import Model
from app.upkeep.dictionary_words import AREAS, COLUMNS, TABLES
from app.web.story_words import Words, model_of, table_title

#: what nearly every table has; the diagrams leave it out, since it would hide everything else
_EVERYWHERE = {"project_id": "estate_project"}
_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (BigInteger, "长整数"),
    (Integer, "整数"),
    (Boolean, "是否"),
    (DateTime, "时刻（含时区）"),
    (Date, "日期"),
    (LargeBinary, "二进制"),
    (JSONB, "JSON"),
)
_ABOUT = (
    "由 `make dictionary` 从代码中的数据模型生成，请勿手工修改。"
    "金额单位为元，面积单位为平方米，时刻按时区保存，日期为北京时间的日期。"
    "有“项目”列的表，每行属于一个项目，只有能看到该项目的人才能读到。"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class _Sheet:
    """One file of the dictionary: an area with its tables by name."""

    area: str
    tables: list[Table]

    @property
    def title(self) -> str:
        return AREAS.get(self.area, self.area)


def write_dictionary(folder: Path) -> list[Path]:
    """Write the dictionary into ``folder``, in Chinese; return the files, index first.

    Files of areas that are gone are removed. Needs an application context with the views
    registered, which name the columns. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = dictionary()
    for old in set(folder.glob("*.md")) - {folder / name for name in texts}:
        old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def dictionary() -> Mapping[str, str]:
    """Return the text of every file of the dictionary by its name."""
    with force_locale("zh"):
        sheets = _sheets()
        return {"README.md": _index(sheets)} | {f"{one.area}.md": _page(one) for one in sheets}


def _sheets() -> list[_Sheet]:
    found: dict[str, list[Table]] = {}
    for name in sorted(Model.metadata.tables):
        found.setdefault(name.partition("_")[0], []).append(Model.metadata.tables[name])
    known = [area for area in AREAS if area in found]
    return [_Sheet(area, found[area]) for area in known + sorted(set(found) - set(AREAS))]


def _index(sheets: list[_Sheet]) -> str:
    lines = [
        "# 数据字典 Data dictionary",
        "",
        _ABOUT,
        "",
        "| 领域 | 表 |",
        "| --- | --- |",
    ]
    for sheet in sheets:
        names = "、".join(_title(table.name) for table in sheet.tables)
        lines.append(f"| [{sheet.title}]({sheet.area}.md) | {names} |")
    lines += ["", "## 领域之间的引用", "", "```mermaid", "flowchart BT"]
    lines += [f'    {sheet.area}["{sheet.title}"]' for sheet in sheets]
    lines += [f"    {one} --> {other}" for one, other in sorted(_between(sheets))]
    return "\n".join([*lines, "```", ""])


def _between(sheets: list[_Sheet]) -> set[tuple[str, str]]:
    found = set()
    for sheet in sheets:
        for table in sheet.tables:
            for key in table.foreign_keys:
                found.add((sheet.area, key.column.table.name.partition("_")[0]))
    # Everything points to users: who did it says nothing about how areas hang together.
    return {(one, other) for one, other in found if other not in (one, "ab")}


def _page(sheet: _Sheet) -> str:
    lines = [f"# {sheet.title}", "", "[数据字典](README.md)", "", *_diagram(sheet)]
    for table in sheet.tables:
        lines += ["", *_table(table)]
    return "\n".join([*lines, ""])


def _diagram(sheet: _Sheet) -> list[str]:
    """Return the ER diagram of an area: its tables and what their foreign keys point to."""
    own = {table.name for table in sheet.tables}
    lines, drawn = [], set(own)
    for table in sheet.tables:
        words = Words(table.name)
        for column in sorted(table.columns, key=lambda one: one.name):
            for target in _drawn_targets(column, own):
                drawn.add(target)
                ends = "}o--o|" if column.nullable else "}o--||"
                ends = ends.replace("}o", "|o") if _is_unique(column) else ends
                label = _label(words, column)
                lines.append(f'    {table.name} {ends} {target} : "{label}"')
    entities = [f'    {name}["{_title(name)}"]' for name in sorted(drawn)]
    return ["```mermaid", "erDiagram", *entities, *lines, "```"]


def _keys(column: Column[Any]) -> list[ForeignKey]:
    """Return what the column points to, in one order for ever.

    A part of a key of several columns, which only holds a row within its project, is left out where
    the column points somewhere by itself.
    """
    keys = sorted(column.foreign_keys, key=lambda one: one.target_fullname)
    alone = [one for one in keys if one.constraint and len(one.constraint.columns) == 1]
    return alone or keys


def _drawn_targets(column: Column[Any], own: set[str]) -> Iterator[str]:
    for key in _keys(column):
        target = key.column.table.name
        if _EVERYWHERE.get(column.name) == target and (target not in own or _hangs_on(column, own)):
            continue
        if target == "ab_user" and target not in own and column.name.endswith("_by_id"):
            continue
        yield target


def _hangs_on(column: Column[Any], own: set[str]) -> bool:
    """Tell whether the column's table points to another of its area that has the same column."""
    others = {key.column.table for key in column.table.foreign_keys} - {column.table}
    return any(other.name in own and column.name in other.c for other in others)


def _table(table: Table) -> list[str]:
    words, notes = Words(table.name), _notes_of(model_of(table.name))
    model = model_of(table.name)
    _chinese, _mark, about = (model.__doc__ or "" if model else "").partition(":")
    lines = [f"## {_title(table.name)} `{table.name}`", ""]
    if about.strip():
        lines += [" ".join(about.split()), ""]
    lines += ["| 列 | 名称 | 类型 | 必填 | 说明 |", "| --- | --- | --- | --- | --- |"]
    for column in sorted(table.columns, key=lambda one: not one.primary_key):
        said = "；".join(_remarks(table, column, words, notes.get(column.key)))
        label, needed = _label(words, column), "" if column.nullable else "是"
        lines.append(f"| `{column.name}` | {label} | {_type(column.type)} | {needed} | {said} |")
    unique = [
        "＋".join(f"`{column.name}`" for column in one.columns)
        for one in table.constraints
        if isinstance(one, UniqueConstraint) and len(one.columns) > 1
    ]
    return lines + (["", f"不重复：{'；'.join(sorted(unique))}。"] if unique else [])


def _title(name: str) -> str:
    return TABLES.get(name) or table_title(name)


def _label(words: Words, column: Column[Any]) -> str:
    label = COLUMNS.get(column.name) or words.label(column.name)
    if _HAN.search(label):
        return label
    targets = [_title(key.column.table.name) for key in _keys(column)]
    return targets[0] if targets else ""


def _remarks(table: Table, column: Column[Any], words: Words, note: str | None) -> Iterable[str]:
    for key in _keys(column):
        target = key.column.table.name
        area = target.partition("_")[0]
        yield f"→ [{_title(target)}]({area}.md)"
    if _is_unique(column):
        yield "不重复"
    states = words.states.get(column.name)
    if states is not None:
        yield "、".join(f"`{one.value}` {one.title}" for one in states)
    elif column.name in ("state", "status", "kind", "usage"):
        yield "、".join(f"`{code}`" for code in _codes(table, column))
    if note:
        yield note


def _codes(table: Table, column: Column[Any]) -> list[str]:
    """Return the codes that a check of the table lets a column hold."""
    for one in table.constraints:
        text = str(getattr(one, "sqltext", ""))
        if text.startswith(f"{column.name} IN"):
            return re.findall(r"'(\w+)'", text)
    return []


def _is_unique(column: Column[Any]) -> bool:
    return bool(column.unique) or any(
        isinstance(one, UniqueConstraint) and [*one.columns] == [column]
        for one in column.table.constraints
    )


def _type(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, Numeric):
        return f"数值（{kind.precision} 位，{kind.scale} 位小数）"
    if isinstance(kind, String):
        return f"文本（≤ {kind.length} 字）" if kind.length else "文本"
    for known, title in _TYPES:
        if isinstance(kind, known):
            return title
    return str(kind)


@cache
def _notes_of(model: Any) -> Mapping[str, str]:
    """Return the ``#:`` comments above the columns of a model, by attribute."""
    notes: dict[str, str] = {}
    for cls in reversed(model.__mro__ if model else ()):
        if cls.__module__.startswith("app."):
            notes |= _notes_in(cls)
    return notes


def _notes_in(cls: type) -> Mapping[str, str]:
    lines = inspect.getsource(cls)
    comments = {
        token.start[0]: token.string[2:].strip()
        for token in tokenize.generate_tokens(io.StringIO(lines).readline)
        if token.type == tokenize.COMMENT and token.string.startswith("#:")
    }
    found = {}
    for node in ast.parse(lines).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above: list[str] = []
            row = node.lineno - 1
            while row in comments:
                above.insert(0, comments[row])
                row -= 1
            if above:
                found[node.target.id] = " ".join(above).replace("|", "\\|")
    return found

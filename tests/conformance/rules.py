"""The house rules that a source file can break: each returns the faults it finds in one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from tests.conformance.sources import Function, Source, calls, dotted, functions, words

FUNCTION_LINES = 60
CLASS_LINES = 250
FILE_LINES = 400
#: models and views may be longer, and so may tests
LONGER_FILES = {"models.py": 500, "views.py": 500}
TEST_LINES = 600
NAMELESS = {"utils.py", "util.py", "helpers.py", "helper.py", "misc.py", "common.py"}
#: the files of an area that stand in front of a request
WEB_FILES = re.compile(r"(views|api|\w+_api|forms|tiles|finds|desk|commands|security|sign_in)\.py$")
READING_THE_CLOCK = {
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time",
    "datetime.datetime.now", "datetime.datetime.today", "datetime.date.today",
}  # fmt: skip


def without_docstring(source: Source) -> list[str]:
    found = ast.get_docstring(source.tree)
    return [] if found and found.strip() else [f"{source.path}: no module docstring"]


def too_long(source: Source) -> list[str]:
    """Files, classes and functions beyond what the house allows."""
    most = TEST_LINES if source.within("tests") else LONGER_FILES.get(source.name, FILE_LINES)
    faults = []
    if source.lines > most:
        faults.append(f"{source.path}: {source.lines} lines, at most {most}")
    for node in ast.walk(source.tree):
        if not isinstance(node, Function | ast.ClassDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        allowed = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
        if length > allowed:
            faults.append(source.at(node, f"{node.name} has {length} lines, at most {allowed}"))
    return faults


def nameless(source: Source) -> list[str]:
    """Files named for nothing, where everything ends up."""
    return [f"{source.path}: name the thing"] if source.name in NAMELESS else []


def commits(source: Source) -> list[str]:
    """Transactions ended anywhere but in the unit of work."""
    faults = [
        source.at(node, "commits")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    return faults + [
        source.at(node, "commits in SQL")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"\s*(COMMIT|END|BEGIN)\b[^a-z]*", node.value)
    ]


def reads_clock(source: Source) -> list[str]:
    """Times that no test can freeze."""
    return [
        source.at(node, f"{name}(): ask core.clock")
        for node, name in calls(source.tree)
        if name in READING_THE_CLOCK
    ]


def imports(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or ""


def knows_request(source: Source) -> list[str]:
    """Rules that import the web: flask, its extensions but Babel's lazy texts, or app.web."""
    return [
        source.at(node, f"imports {name}")
        for node, name in imports(source)
        if name.partition(".")[0] in {"flask", "flask_appbuilder", "flask_login", "flask_wtf"}
        or name == "app.web"
        or name.startswith("app.web.")
    ]


def public_operations(source: Source) -> Iterator[Function]:
    """Yield what the area offers: every public function of a module or file of operations."""
    for node in source.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def without_actor(source: Source) -> list[str]:
    """Operations that do not say who acts."""
    return [
        source.at(node, f"{node.name} takes no keyword actor")
        for node in public_operations(source)
        if "actor" not in {one.arg for one in node.args.kwonlyargs}
    ]


# ---- tests ----


def is_fixture(node: Function) -> bool:
    return any("fixture" in ast.unparse(one) for one in node.decorator_list)


def _asserts(node: ast.AST) -> bool:
    if any(isinstance(one, ast.Assert) for one in ast.walk(node)):
        return True
    # ``expect`` is the browser's: it waits for what it claims, and fails without it.
    return any(name in ("pytest.fail", "pytest.raises", "expect") for _call, name in calls(node))


def uncollected(source: Source, used: Collection[str]) -> list[str]:
    """Functions of test files that assert, yet are neither run by pytest nor used by a test.

    ``used`` are the names that the test files mention beyond defining them.
    """
    faults = []
    collects = source.name.startswith("test_")
    for owner, node in _owned(source.tree):
        seen = not owner or owner.startswith("Test")
        if node.name.startswith("test") and not (collects and seen):
            faults.append(source.at(node, f"{node.name} is never collected"))
        elif collects and _asserts(node) and not node.name.startswith("test"):
            dunder = node.name.startswith("__")
            if not (is_fixture(node) or node.name in used or dunder):
                faults.append(source.at(node, f"{node.name} asserts but is never run"))
    return faults


def _owned(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield module-level functions and methods with the name of their class."""
    for node in tree.body:
        if isinstance(node, Function):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function):
                    yield node.name, inner


def mentioned(every: Iterable[Source]) -> set[str]:
    """Return the names that files use, imports and definitions apart."""
    found = set()
    for source in every:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
    return found


def cannot_fail(source: Source, checking: Collection[str]) -> list[str]:
    """Tests without an assertion; ``checking`` are names of functions that assert."""
    faults = []
    for node in functions(source.tree):
        if not node.name.startswith("test_") or not source.name.startswith("test_"):
            continue
        names = {name.rpartition(".")[2] for _call, name in calls(node)}
        if not (_asserts(node) or names & set(checking)):
            faults.append(source.at(node, f"{node.name} asserts nothing"))
    return faults


def asserting(every: Iterable[Source]) -> set[str]:
    """Return the names of functions of the tests that assert, directly or through another."""
    bodies = {node.name: node for source in every for node in functions(source.tree)}
    found = {name for name, node in bodies.items() if _asserts(node)}
    while True:
        more = {
            name
            for name, node in bodies.items()
            if name not in found
            and found & {called.rpartition(".")[2] for _call, called in calls(node)}
        }
        if not more:
            return {name for name in found if not name.startswith("test_")}
        found |= more


def skips_silently(source: Source) -> list[str]:
    """Tests that are skipped or expected to fail without a reason."""
    faults = []
    for node, name in calls(source.tree):
        if re.fullmatch(r"(pytest\.)?(mark\.)?(skip|skipif|xfail|importorskip)", name):
            named = {one.arg for one in node.keywords}
            if "reason" not in named and not (name == "pytest.skip" and node.args):
                faults.append(source.at(node, f"{name} without a reason"))
    faults += [
        source.at(node, f"{dotted(node)} without a reason")
        for function in functions(source.tree)
        for node in function.decorator_list
        if re.fullmatch(r"pytest\.mark\.(skip|xfail)", dotted(node))
    ]
    return faults


# ---- statements past the ORM ----


def statements(source: Source, tables: Collection[str]) -> dict[str, list[str]]:
    """Return the hand-written SQL over these tables: name of the place → texts of the SQL.

    The name is that of the constant or function that holds the statement.
    """
    names = "|".join(sorted(tables, key=len, reverse=True))
    wanted = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(?:ONLY\s+)?(?:{names})\b")
    found: dict[str, list[str]] = {}
    for holder, text in _texts(source.tree, ""):
        if wanted.search(text):
            found.setdefault(holder, []).append(text)
    return found


def _texts(node: ast.AST, holder: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        text = words(child)
        if text:
            yield holder, text
        elif isinstance(child, Function | ast.ClassDef):
            yield from _texts(child, child.name)
        elif isinstance(node, ast.Module) and isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            yield from _texts(child, dotted(target))
        else:
            yield from _texts(child, holder)


def is_scoped(text: str) -> bool:
    """Tell whether a statement carries the scope predicate of ``core.scope``."""
    return ":scope_projects" in text and ":scope_all" in text


def looks_beyond(source: Source) -> list[str]:
    """Statements that see beyond the scope without a comment that says why."""
    lines = source.text.splitlines()
    faults = []
    for node, name in calls(source.tree):
        asks = name.endswith(("execution_options", "execute", "scalars", "scalar"))
        said = [one for one in node.keywords if _is_whole_group(one)]
        if asks and said:
            # The comment stands above the statement, or inside it.
            first = _statement_line(source.tree, node)
            around = lines[max(0, first - 4) : node.end_lineno]
            if not any("#" in line for line in around):
                faults.append(source.at(node, "whole_group without a comment why"))
    return faults


def _is_whole_group(keyword: ast.keyword) -> bool:
    if keyword.arg == "whole_group":
        return True
    return isinstance(keyword.value, ast.Dict) and any(
        words(key) == "whole_group" for key in keyword.value.keys if key is not None
    )


def _statement_line(tree: ast.Module, wanted: ast.AST) -> int:
    """Return the first line of the statement that holds a node."""
    best = 1
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, Function | ast.ClassDef):
            end = node.end_lineno or node.lineno
            if node.lineno <= wanted.lineno <= end:  # type: ignore[attr-defined]
                best = max(best, node.lineno)
    return best

"""What an exception may say in a log: PostgreSQL's details quote whole rows, and so people."""

from __future__ import annotations

import re
from typing import Any

# "DETAIL:  Failing row contains (7, 王小明, 138…)." and "Key (mobile)=(138…) already exists."
_DETAIL = re.compile(r"(?ms)^\s*(?:DETAIL|CONTEXT|LINE \d+):.*?(?=^\[SQL|^\(Background|\Z)")
_QUOTED = re.compile(r'"[^"\n]*"')
_LEFT_OUT = "DETAIL: left out of the log\n"


def without_details(error: BaseException) -> BaseException:
    """Take what PostgreSQL quotes of rows and statements out of an exception and its causes."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = tuple(_scrubbed(part, one) for part in one.args)
        waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]
    return error


def _scrubbed(part: Any, error: BaseException) -> Any:
    if not isinstance(part, str):
        return part
    kept = _DETAIL.sub(_LEFT_OUT, part)
    return _QUOTED.sub('"…"', kept) if _quotes_a_value(error) else kept


def _quotes_a_value(error: BaseException) -> bool:
    """Tell whether the message itself repeats what was given: class 22, data exceptions."""
    code = getattr(error, "pgcode", None) or getattr(getattr(error, "orig", None), "pgcode", None)
    return str(code or "").startswith("22")

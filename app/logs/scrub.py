"""Takes out of a log line what no log may hold: numbers of people, secrets, query strings."""

from __future__ import annotations

import re

GONE = "…"

#: each pattern with what stands in its place; the order matters
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # postgresql://user:password@host
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^\s/@'\"]*@"), rf"\1{GONE}@"),
    # a query string, in an address or a path: what people search for is about people
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), f"?{GONE}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), GONE),
    (re.compile(r"AGE-SECRET-KEY-[0-9A-Z]+"), GONE),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|otp|csrf\w*"
            r"|cookie|authorization|field_key)[\w-]*)(['\"]?\s*[=:]\s*)(?!…)('[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+)"
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), GONE),
    # resident identity numbers, bank cards, and whatever else is as long
    (re.compile(r"(?<![\w.-])\d{14,19}[\dXx]?(?![\w])"), GONE),
    (re.compile(r"(?<![\w-])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\w)"), GONE),
    # telephone with area code, passports and permits
    (re.compile(r"(?<![\w.-])0\d{2,3}-\d{7,8}(?!\w)"), GONE),
    (re.compile(r"(?<![\w-])[EGDPHMC][A-Z]?\d{8}(?!\w)"), GONE),
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff][\u3400-\u9fff\uf900-\ufaff·•]*")
#: what PostgreSQL and drivers quote of rows
_ROWS = (
    # "DETAIL:  Failing row contains (7, Li Lei, 138…)." A value may go on over several lines.
    (
        re.compile(
            r"(?ms)^\s*(DETAIL|CONTEXT|HINT|QUERY|LINE \d+):.*?"
            r"(?=^\s*(?:DETAIL|CONTEXT|HINT|QUERY|LINE \d+):|^\[SQL|^\(Background|\Z)"
        ),
        rf"\1: {GONE}\n",
    ),
    (re.compile(r"(?s)Key \(([^)]*)\)=\(.*?\)"), rf"Key (\1)=({GONE})"),
    (re.compile(r"(?s)Failing row contains \(.*\)"), f"Failing row contains ({GONE})"),
    (re.compile(r"(?s)\[parameters: .*?\](?=\s|$)"), f"[parameters: {GONE}]"),
)
_QUOTED = re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
LONGEST = 4000


def scrub(text: str, *, keep_han: bool = False) -> str:
    """Return the text without numbers of people, secrets and query strings.

    Our own messages are English; Chinese in them is a name or an address, and goes too.
    """
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text if keep_han else _HAN.sub(GONE, text)


def scrub_error(text: str) -> str:
    """Return an exception's message without the values that it quotes."""
    for pattern, instead in _ROWS:
        text = pattern.sub(instead, text)
    return scrub(_QUOTED.sub(f"'{GONE}'", text))[:LONGEST]

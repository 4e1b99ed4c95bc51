"""What a customer is found by: the name from each of its signs on, its pinyin, initials, tails."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from pypinyin import Style, pinyin

#: of what was typed, and of each key; the rest is not looked at
LONGEST_KEY: Final = 60
#: signs of a name from which a key begins
MOST_STARTS: Final = 24
#: signs at the beginning of a key that may be read in several ways
MOST_READ: Final = 4
MOST_READINGS: Final = 4
MOST_WAYS: Final = 10
#: names longer than a person's are companies': their signs are seldom read unusually
LONGEST_PERSON: Final = 6
FEW_WAYS: Final = 2
#: shortest part of a tail that is a key of its own
SHORTEST_TAIL: Final = 3
#: how people read a surname where the dictionary does not know it
SURNAMES: Final = {
    "万": "mo", "乐": "yue", "仇": "qiu", "会": "gui", "俟": "qi", "冼": "xian", "区": "ou",
    "单": "shan", "召": "shao", "员": "yun", "尉": "yu", "折": "she", "曾": "zeng", "朴": "piao",
    "查": "zha", "洗": "xian", "澹": "tan", "盖": "ge", "种": "chong", "秘": "bi", "繁": "po",
    "缪": "miao", "翟": "zhai", "覃": "qin", "解": "xie", "重": "chong", "长": "zhang", "黑": "he",
}  # fmt: skip
_SEPARATORS: Final = re.compile(r"[\s\-‐-―·•・‧'’.,()（）]+")


def plain(typed: str) -> str:
    """Return a name as it is compared: one width, one case, without what stands between signs."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).lower()


def keys_of(name: str, *tails: str | None) -> str:
    """Return the keys, each with a space before it; what is typed must begin one of them."""
    signs = plain(name)
    found: dict[str, None] = {}
    for start in range(min(len(signs), MOST_STARTS)):
        found |= dict.fromkeys(_spellings(signs[start:]))
    for tail in tails:
        known = plain(tail or "")
        found |= dict.fromkeys(
            known[start:] for start in range(max(len(known) - SHORTEST_TAIL, -1) + 1)
        )
    return "".join(f" {key[:LONGEST_KEY]}" for key in found if key)


def _spellings(signs: str) -> Iterator[str]:
    """Yield the rest of a name as it stands, then pinyin and initials in each way of reading."""
    yield signs
    if signs.isascii():
        return
    for way in _ways([readings(sign) for sign in signs[:LONGEST_KEY]]):
        yield "".join(way)
        yield "".join(one[0] for one in way)


def _ways(choices: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return ways of reading, those first in which the fewest signs are read unusually."""
    rest = tuple(one[0] for one in choices[MOST_READ:])
    numbered = [list(enumerate(one)) for one in choices[:MOST_READ]]
    ways = sorted(itertools.product(*numbered), key=lambda way: sum(rank > 0 for rank, _ in way))
    most = MOST_WAYS if len(choices) <= LONGEST_PERSON else FEW_WAYS
    return [(*(one for _rank, one in way), *rest) for way in ways[:most]]


@lru_cache(maxsize=20_000)
def readings(sign: str) -> tuple[str, ...]:
    """Return the readings of a sign without tones, the usual one first; itself if it has none."""
    known = pinyin(sign, style=Style.NORMAL, heteronym=True)
    found = [one.lower() for one in known[0] if one] if known else [sign]
    if sign in SURNAMES:
        found.insert(1, SURNAMES[sign])
    # ü is typed as v, or as the u that the keyboard has.
    found += [one.replace("v", "u") for one in found if "v" in one and not sign.isascii()]
    return tuple(dict.fromkeys(found))[:MOST_READINGS] or (sign,)

"""What a device can do: states, settings, the receipt document and the drivers' protocol.

Nothing here knows the database, the web or a port: server, agent and drivers all read it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol, Self

from app.devices.errors import ERRORS, N_, OUTCOMES, DeviceError, Outcome

__all__ = [
    "ERRORS",
    "KINDS",
    "N_",
    "OUTCOMES",
    "PRINT_RECEIPT",
    "DeviceError",
    "DeviceState",
    "DeviceStatus",
    "Driver",
    "DriverSpec",
    "FeedLine",
    "Line",
    "Outcome",
    "PairLine",
    "Receipt",
    "RuleLine",
    "Setting",
    "TextLine",
    "Wire",
]

KINDS: Final[Mapping[str, str]] = {"receipt_printer": N_("Receipt printer")}

PRINT_RECEIPT: Final = "print_receipt"


class DeviceState(StrEnum):
    """What the status light of a device shows."""

    OK = "ok"
    PAPER_NEAR_END = "paper_near_end"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OFFLINE = "offline"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A state and, where it is not plain, the error code behind it."""

    state: DeviceState
    detail: str = ""


# --- the receipt document ---------------------------------------------------------------

Align = Literal["left", "center", "right"]
Size = Literal["normal", "double"]
ALIGNS: Final = ("left", "center", "right")
SIZES: Final = ("normal", "double")
MOST_LINES: Final = 500
MOST_CHARACTERS: Final = 2000
MOST_COPIES: Final = 5
MOST_REPRINTS: Final = 999
MOST_FEED: Final = 20


@dataclass(frozen=True, slots=True)
class TextLine:
    """Words, wrapped where they are too long; never clipped."""

    text: str
    align: Align = "left"
    size: Size = "normal"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class PairLine:
    """A label at the left edge and a value at the right one."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """Empty lines."""

    lines: int = 1


Line = TextLine | PairLine | RuleLine | FeedLine


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt 收据 as it is to be printed; `reprint` n ≥ 1 prints 补打第n次 at the top."""

    lines: tuple[Line, ...]
    title: str = ""
    copies: int = 1
    reprint: int = 0
    cut: bool = True
    open_drawer: bool = False

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Check the job's JSON; raises DeviceError `bad_payload` naming the faulty field."""
        values = _checked(payload, _RECEIPT_SHAPE, "payload")
        lines = values.pop("lines", [])
        receipt = cls(
            lines=tuple(_line(raw, f"lines[{at}]") for at, raw in enumerate(lines)), **values
        )
        if len(receipt.lines) > MOST_LINES:
            raise _bad(f"lines: more than {MOST_LINES}")
        _bounded(receipt.copies, 1, MOST_COPIES, "copies")
        _bounded(receipt.reprint, 0, MOST_REPRINTS, "reprint")
        return receipt


_RECEIPT_SHAPE: Final[Mapping[str, type]] = {
    "title": str,
    "lines": list,
    "copies": int,
    "reprint": int,
    "cut": bool,
    "open_drawer": bool,
}


def _bad(detail: str) -> DeviceError:
    return DeviceError("bad_payload", detail)


def _bounded(value: int, low: int, high: int, where: str) -> None:
    if not low <= value <= high:
        raise _bad(f"{where}: {value} is not within {low}..{high}")


def _checked(raw: object, shape: Mapping[str, type], where: str) -> dict[str, Any]:
    """The mapping's values, each of exactly its type; an unknown key is never dropped silently."""
    if not isinstance(raw, Mapping):
        raise _bad(f"{where}: not an object")
    for key, value in raw.items():
        if key not in shape:
            raise _bad(f"{where}.{key}: unknown")
        if type(value) is not shape[key]:
            raise _bad(f"{where}.{key}: {type(value).__name__} instead of {shape[key].__name__}")
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise _bad(f"{where}.{key}: longer than {MOST_CHARACTERS}")
    return dict(raw)


def _text_line(raw: object, where: str) -> TextLine:
    values = _checked(raw, {"text": str, "align": str, "size": str, "bold": bool}, where)
    if values.get("align", "left") not in ALIGNS or values.get("size", "normal") not in SIZES:
        raise _bad(f"{where}: unknown align or size")
    return TextLine(**values)


def _pair_line(raw: object, where: str) -> PairLine:
    values = _checked(raw, {"left": str, "right": str}, where)
    return PairLine(left=values.get("left", ""), right=values.get("right", ""))


def _rule_line(raw: object, where: str) -> RuleLine:
    if not _checked(raw, {"rule": bool}, where)["rule"]:
        raise _bad(f"{where}.rule: must be true")
    return RuleLine()


def _feed_line(raw: object, where: str) -> FeedLine:
    lines = _checked(raw, {"feed": int}, where)["feed"]
    _bounded(lines, 1, MOST_FEED, f"{where}.feed")
    return FeedLine(lines)


_LINE_READERS: Final[Mapping[str, Callable[[object, str], Line]]] = {
    "text": _text_line,
    "left": _pair_line,
    "right": _pair_line,
    "rule": _rule_line,
    "feed": _feed_line,
}


def _line(raw: object, where: str) -> Line:
    keys = raw if isinstance(raw, Mapping) else ()
    for key, read in _LINE_READERS.items():
        if key in keys:
            return read(raw, where)
    raise _bad(f"{where}: neither text, left/right, rule nor feed")


# --- drivers ------------------------------------------------------------------------------


class Wire(Protocol):
    """Takes note of the bytes that went over the line."""

    def outgoing(self, data: bytes) -> None: ...

    def incoming(self, data: bytes) -> None: ...


class Driver(Protocol):
    """One device. Calls come from one thread at a time."""

    def execute(
        self,
        command: str,
        payload: Mapping[str, Any],
        *,
        job_id: str,
        begin: Callable[[], None],
        wire: Wire,
    ) -> dict[str, Any]:
        """Carry out one job and return what is known of it; raises DeviceError.

        `begin` is called once, after the device was found ready and before the first byte that
        could leave a trace; what it raises goes through, and nothing was sent then.
        """
        ...

    def probe(self) -> DeviceStatus:
        """How the device is, asked without leaving a trace; never raises for a device's trouble."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a driver, described so that the administrator gets a field for it."""

    name: str
    title: str
    default: bool | int | str
    help: str = ""
    choices: tuple[int | str, ...] = ()
    #: how the choices are called, in their order; without them they stand as they are
    choice_titles: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 1_000_000

    def title_of(self, value: object) -> str:
        """How a choice is called, untranslated; the value itself where it has no title."""
        titles = dict(zip(map(str, self.choices), self.choice_titles, strict=False))
        return titles.get(str(value), str(value))

    def parse(self, raw: object) -> bool | int | str:
        """The value in this setting's own type, from JSON or a form; raises `bad_settings`."""
        if self.choices:
            return self._chosen(raw)
        if isinstance(self.default, bool):
            return self._flag(raw)
        if isinstance(self.default, int):
            return self._number(raw)
        if isinstance(raw, str):
            return raw
        raise DeviceError("bad_settings", f"{self.name}: {raw!r}")

    def _chosen(self, raw: object) -> int | str:
        for choice in self.choices:
            if not isinstance(raw, bool) and str(raw) == str(choice):
                return choice
        raise DeviceError("bad_settings", f"{self.name}: {raw!r} is none of {self.choices}")

    def _flag(self, raw: object) -> bool:
        words = {"true": True, "1": True, "y": True, "on": True}
        words |= {"false": False, "0": False, "n": False, "off": False, "": False}
        value = words.get(str(raw).lower())
        if value is None:
            raise DeviceError("bad_settings", f"{self.name}: {raw!r} is neither yes nor no")
        return value

    def _number(self, raw: object) -> int:
        text = str(raw)
        if isinstance(raw, bool) or not text.isascii() or not text.isdigit():
            raise DeviceError("bad_settings", f"{self.name}: {raw!r} is no whole number")
        if not self.minimum <= int(text) <= self.maximum:
            bounds = f"{self.minimum}..{self.maximum}"
            raise DeviceError("bad_settings", f"{self.name}: {text} is not within {bounds}")
        return int(text)


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """What a driver's package declares as DRIVER: its name is the package's."""

    name: str
    kind: str
    title: str
    commands: tuple[str, ...]
    settings: tuple[Setting, ...] = ()

    def parse_settings(self, values: Mapping[str, object]) -> dict[str, Any]:
        """All settings, missing ones by default; raises `bad_settings` for a bad one."""
        unknown = sorted(set(values) - {setting.name for setting in self.settings})
        if unknown:
            raise DeviceError("bad_settings", f"{unknown[0]}: unknown")
        return {
            setting.name: setting.parse(values.get(setting.name, setting.default))
            for setting in self.settings
        }

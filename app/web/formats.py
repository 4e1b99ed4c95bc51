"""How values look on a page: money, areas, moments, days and states, as Jinja filters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from app.core import clock, money
from app.core.states import State

HUNDRED_MILLION = Decimal(100_000_000)
TEN_THOUSAND = Decimal(10_000)

#: what stands where there is nothing
NOTHING = Markup('<span class="none">–</span>')

#: the tint of a state by its value, the same everywhere; what is not named here is quiet
TINTS = {
    "ok": "approved active effective confirmed succeeded paid settled done signed open in_use"
    " online granted",
    "warn": "returned overdue_soon partial short retry queued_for pending unpaid expiring",
    "bad": "rejected failed voided overdue unknown reversed expired offline blocked dead refused",
    "info": "running in_approval sent submitted confirming printing live checked",
}
_TINT_OF = {value: tint for tint, values in TINTS.items() for value in values.split()}

#: the mark beside a room's status, so that colour never stands alone
ROOM_MARKS = {
    "available": "○",
    "contracted": "■",
    "subscribed": "◆",
    "reserved": "◷",
    "held": "⊘",
    "queued": "№",
    "repricing": "!",
    "handed_over": "✓",
    "unreleased": "–",
    "merged": "⊂",
}


def yuan(amount: Any) -> str:
    """Write an amount with thousands separated and two decimals; nothing for None."""
    return "" if amount is None else with_minus(money.format_yuan(_decimal(amount)))


def with_minus(figure: str) -> str:
    """Write a negative figure with a minus, which is as wide as a digit; a hyphen is not."""
    return f"\N{MINUS SIGN}{figure[1:]}" if figure.startswith("-") else figure


def square_metres(amount: Any) -> str:
    """Write an area with two decimals, without the unit; nothing for None."""
    return "" if amount is None else money.format_yuan(_decimal(amount))


def short_yuan(amount: Any) -> str:
    """Write an amount for a counter: 万 from ten thousand, 亿 from a hundred million."""
    value = _decimal(amount or 0)
    if abs(value) >= HUNDRED_MILLION:
        return _("%(number)s hundred million", number=f"{money.yuan(value / HUNDRED_MILLION):,.2f}")
    if abs(value) >= TEN_THOUSAND:
        return _("%(number)s ten thousand", number=f"{money.yuan(value / TEN_THOUSAND):,.2f}")
    return f"{value:,.0f}"


def _decimal(amount: Any) -> Decimal:
    return amount if isinstance(amount, Decimal) else Decimal(str(amount))


def day_text(value: date | datetime | None) -> str:
    """Write a business day as 2026-11-21; a moment as its day in China."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = clock.local(value).date()
    return value.isoformat()


def moment_text(value: datetime | None, *, full: bool = False) -> str:
    """Write a moment on a Chinese clock: 今天 10:32, 昨天 10:32, 11-21 10:32, or with the year."""
    if value is None:
        return ""
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)  # the framework's own columns hold naive UTC
    here = clock.local(value)
    if full:
        return here.strftime("%Y-%m-%d %H:%M:%S")
    hour = here.strftime("%H:%M")
    today = clock.today()
    if here.date() == today:
        return _("Today %(hour)s", hour=hour)
    if here.date() == today - timedelta(days=1):
        return _("Yesterday %(hour)s", hour=hour)
    return here.strftime("%m-%d %H:%M" if here.year == today.year else "%Y-%m-%d %H:%M")


def tint(value: str) -> str:
    """Return the tint of a state: ok, warn, bad, info or mute."""
    return _TINT_OF.get(value, "mute")


def state_chip(state: Any, title: Any = None, tone: str | None = None) -> Markup:
    """Return a state as a tinted word. ``state`` is a State, or a code with its ``title``."""
    if state is None or state == "":
        return Markup("")
    code = state.value if isinstance(state, State) else str(state)
    word = title if title is not None else getattr(state, "title", state)
    return Markup('<span class="chip {}">{}</span>').format(tone or tint(code), str(word))


def room_status_chip(status: Any, title: Any = None) -> Markup:
    """Return a room's status with its mark and its own colours."""
    code = status.value if isinstance(status, State) else str(status)
    word = title if title is not None else getattr(status, "title", status)
    return Markup('<span class="chip room-status st-{}">{} {}</span>').format(
        code, ROOM_MARKS.get(code, ""), str(word)
    )


def yes_no(value: bool | None) -> Any:
    """Write a truth as 是 or 否."""
    return NOTHING if value is None else (_("Yes") if value else _("No"))


def short_money_html(amount: Decimal) -> Markup:
    """Return an amount in 万 or 亿 as a list shows it to who wants that, in full as its title.

    What is below 100,000 yuan, as prices per m² are, stays as it is.
    """
    full = with_minus(money.format_yuan(amount))
    if abs(amount) < 10 * TEN_THOUSAND:
        return Markup("{}").format(full)
    return Markup('<span title="{}">{}</span>').format(full, short_yuan(amount))


def money_html(amount: Any) -> Markup:
    """Return an amount in tabular figures."""
    return (
        Markup('<span class="num">{}</span>').format(yuan(amount))
        if amount is not None
        else NOTHING
    )


def area_html(amount: Any, unit: bool = True) -> Markup:
    """Return an area in tabular figures, with m² unless the column's head says it."""
    if amount is None:
        return NOTHING
    text = square_metres(amount)
    return Markup('<span class="num">{}</span>').format(f"{text} ㎡" if unit else text)


def initials(name: str) -> str:
    """Return what stands in the small circle for a person."""
    name = (name or "").strip()
    return str(escape(name[:1].upper())) if name else "?"


def _present(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def init_app(app: Flask) -> None:
    """Give templates the filters and the functions."""
    # The library says that a lazy sentence is markup, also with somebody's name in it: it is text.
    if "__html__" in vars(LazyString):
        del LazyString.__html__
    app.jinja_env.filters.update(
        money=yuan,
        area=square_metres,
        short_money=short_yuan,
        moment=moment_text,
        day=day_text,
        yes_no=yes_no,
        initials=initials,
        tint=tint,
    )
    app.jinja_env.globals.update(
        _state_chip=state_chip,
        _room_status_chip=room_status_chip,
        money_html=money_html,
        area_html=area_html,
        _present=_present,
    )

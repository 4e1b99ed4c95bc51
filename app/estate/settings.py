"""Business settings of projects and rooms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.settings import Setting, declare

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def clean_switch(value: object) -> bool:
    """Return a switch's value. Raises ValueError for what is neither on nor off."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ValueError(value)
    return _WORDS[word]


SELL_WITHOUT_PERMIT = declare(
    Setting(
        "estate.sell_without_permit",
        default=False,
        title=_l("Release rooms without a permit"),
        clean=clean_switch,
        help=_l(
            "Off by law: a building is released for sale only with a pre-sale permit or a"
            " completion record. Switching it on is written into the audit."
        ),
    )
)


MOST_WARN_DAYS = 60


def clean_days(value: object) -> int:
    """Return days. Raises ValueError for what is no whole number from 0 to 60."""
    days = int(str(value))
    if not 0 <= days <= MOST_WARN_DAYS:
        raise ValueError(value)
    return days


WARN_DAYS = declare(
    Setting(
        "estate.warn_days",
        default=3,
        title=_l("Days before it is due that people are warned"),
        clean=clean_days,
        help=_l("Of items of the opening checklist and of milestones of buildings."),
    )
)

"""What marshmallow says of a wrong body, in the reader's language."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from app.core.bad_value import N_

#: marshmallow's sentence → ours; groups fill in the placeholders of the same name
_SENTENCES = tuple(
    (re.compile(pattern), msgid)
    for pattern, msgid in (
        (r"Missing data for required field\.|Field may not be null\.", N_("This is needed.")),
        (r"Not a valid integer\.", N_("A whole number is wanted here.")),
        (r"Not a valid number\.|Number too large\.", N_("This is not a number that fits here.")),
        (r"Not a valid (?:utf-8 )?string\.", N_("Text is wanted here.")),
        (r"Not a valid boolean\.", N_("true or false is wanted here.")),
        (r"Not a valid list\.", N_("A list is wanted here.")),
        (r"Not a valid date\.", N_("A day such as 2026-01-31 is wanted here.")),
        (
            r"Not a valid (?:aware |naive )?datetime\.",
            N_("A moment such as 2026-01-31T09:30:00+08:00 is wanted here."),
        ),
        (
            r"Invalid (?:input )?type\.|Not a valid mapping type\.",
            N_("A JSON object is wanted here."),
        ),
        (r"Must be one of: (?P<choices>.*)\.", N_("Choose one of: %(choices)s.")),
        (
            r"Must be greater than or equal to (?P<least>\S+?)\.",
            N_("At least %(least)s is wanted here."),
        ),
        (
            r"Must be less than or equal to (?P<most>\S+?)\.",
            N_("At most %(most)s is allowed here."),
        ),
        (
            (
                r"Must be greater than or equal to (?P<least>\S+)"
                r" and less than or equal to (?P<most>\S+?)\."
            ),
            N_("From %(least)s to %(most)s is allowed here."),
        ),
        (
            r"Longer than maximum length (?P<most>\d+)\.",
            N_("This is longer than %(most)s."),
        ),
        (
            r"Shorter than minimum length (?P<least>\d+)\.",
            N_("This is shorter than %(least)s."),
        ),
        (
            r"Length must be between (?P<least>\d+) and (?P<most>\d+)\.",
            N_("The length must be from %(least)s to %(most)s."),
        ),
    )
)


def in_our_words(sentence: str) -> str:
    """Return marshmallow's sentence as we say it, and one of ours in the reader's language."""
    for pattern, msgid in _SENTENCES:
        match = pattern.fullmatch(sentence)
        if match:
            return str(_(msgid, **match.groupdict()))
    return str(_(sentence)) if sentence else sentence

"""The stages that a building reaches, in the order in which it reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.states import State


class MilestoneKind(State):
    """楼栋节点: what instalments, area settlement, handover and title wait for."""

    FOUNDATION = "foundation"
    GROUND_LEVEL = "ground_level"
    TOPPED_OUT = "topped_out"
    COMPLETION_RECORD = "completion_record"
    MEASURED_SURVEY = "measured_survey"
    TITLE_REGISTRATION = "title_registration"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        """Return the lazy title of every kind."""
        return {
            cls.FOUNDATION.value: _l("Foundation done"),
            cls.GROUND_LEVEL.value: _l("±0.00 reached"),
            cls.TOPPED_OUT.value: _l("Topped out"),
            cls.COMPLETION_RECORD.value: _l("Completion record"),
            cls.MEASURED_SURVEY.value: _l("Measured survey"),
            cls.TITLE_REGISTRATION.value: _l("Overall title registration"),
        }

"""What the areas below tell people: their exports have been written."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.lists.models import Export, ExportState
from app.lists.signals import export_ended
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell

EXPORTS = "/exports/"

declare_notices(
    NoticeKind(
        "export_done",
        _l("Your export is ready"),
        _l("%(title)s, %(rows)s rows: the file can be downloaded for 7 days."),
        icon="export",
        tone="ok",
        when=_l("A long list that you asked for has been written."),
    ),
    NoticeKind(
        "export_failed",
        _l("An export has failed"),
        _l("%(title)s could not be written. Open My exports to see why, and ask for it again."),
        icon="export",
        tone="bad",
        when=_l("A long list that you asked for could not be written."),
    ),
)


@export_ended.connect
def tell_owner(_sender: Any, *, export: Export, actor: Actor) -> None:
    """Tell its owner how an export ended."""
    ready = export.state == ExportState.DONE.value
    news = News(
        "export_done" if ready else "export_failed",
        EXPORTS,
        words={"title": export.title, "rows": f"{export.done:,}"},
        once=f"export:{export.id}",
    )
    tell(news, [export.owner_id], actor=actor)

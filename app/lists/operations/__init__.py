"""What is done with views, layouts and exports of lists."""

from app.lists.operations.exports import (
    EXPORT_TASK,
    MOST_OPEN,
    ExportOrder,
    ask_export,
    cancel_export,
    claim_export,
    fail_export,
    finish_export,
    note_progress,
    prune_exports,
    repeat_export,
    tend_exports,
)
from app.lists.operations.views import Sharing, choose_default, delete_view, keep_layout, save_view

__all__ = [
    "EXPORT_TASK",
    "MOST_OPEN",
    "ExportOrder",
    "Sharing",
    "ask_export",
    "cancel_export",
    "choose_default",
    "claim_export",
    "delete_view",
    "fail_export",
    "finish_export",
    "keep_layout",
    "note_progress",
    "prune_exports",
    "repeat_export",
    "save_view",
    "tend_exports",
]

"""Pages of the opening checklist 开盘准备."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import clock
from app.estate import operations, policies
from app.estate.models import LaunchBatch, OpeningItem
from app.estate.opening import Finding, OpeningKind, find_readiness
from app.estate.opening_gate import has_checklist
from app.web.actions import row_action
from app.web.crud import CrudView
from app.web.crud_forms import LineField


def finding_of(item: OpeningItem) -> Finding | None:
    """Return what the system sees of an item; asked once for a batch and request."""
    known: dict[int, dict[str, Finding]] = g.setdefault("readiness", {})
    if item.batch_id not in known:
        buildings = [building.id for building in item.batch.buildings]
        known[item.batch_id] = find_readiness(item.project_id, buildings)
    return known[item.batch_id].get(item.kind)


def finding_words(item: OpeningItem) -> Any:
    """Return what the system sees of an item, in words."""
    found = finding_of(item)
    return _("to be judged by people") if found is None else str(found.sentence)


def stand_of(item: OpeningItem) -> Any:
    """Return how an item stands: ready, late, or how many days are left."""
    if item.done_at is not None:
        return _l("Ready")
    if item.due_on is None:
        return _l("No day given")
    days = (item.due_on - clock.today()).days
    return _l("%(days)d days late", days=-days) if days < 0 else _l("in %(days)d days", days=days)


def _title(item: OpeningItem) -> str:
    return f"{item.batch.name} · {OpeningKind(item.kind).title}"


class OpeningItemView(CrudView):
    """开盘准备."""

    datamodel = SQLAInterface(OpeningItem)
    route_base = "/opening-items"
    permission = policies.OPENING
    list_title = _l("Opening checklist")
    empty_sentence = _l("No checklist yet. Set it up on the page of a launch batch.")
    empty_place = ("LaunchBatchView", _l("To the launch batches"))
    list_columns = (
        "kind", "stand", "finding", "responsible", "due_on", "done_by", "remarks", "batch",
    )  # fmt: skip
    search_columns = ("batch", "kind", "responsible", "due_on", "project")
    states = {"kind": OpeningKind}
    computed = {"stand": stand_of, "finding": finding_words}
    label_columns = {
        "kind": _l("What has to be ready"),
        "stand": _l("How it stands"),
        "finding": _l("What the system sees"),
        "responsible": _l("Responsible"),
        "due_on": _l("Ready by"),
        "done_at": _l("Finished on"),
        "done_by": _l("Finished by"),
        "remarks": _l("Remarks"),
        "batch": _l("Launch batch"),
    }
    help_columns = {"due_on": _l("From some days before, who is responsible is warned.")}
    load = ("batch.buildings", "responsible", "done_by")
    order = ("batch.id", "id")
    row_title = staticmethod(_title)
    show_fieldsets = (
        (
            "",
            (
                "kind", "batch", "stand", "finding", "responsible", "due_on", "done_at", "done_by",
                "remarks", "project",
            ),
        ),
    )  # fmt: skip
    edit_fieldsets = (("", ("responsible", "due_on", "remarks")),)
    form_optional = frozenset({"responsible", "due_on", "remarks"})
    edit_operation = operations.edit_opening_item
    can_edit = staticmethod(lambda item: item.done_at is None)
    row_actions = (
        row_action(
            "finish",
            _l("Ready"),
            permission="finish",
            operation=operations.finish_opening_item,
            fields={
                "remarks": LineField(
                    _l("Remarks"),
                    description=_l("Needed only where the system sees that it is not ready."),
                )
            },
            when=lambda item: item.done_at is None,
            done=_l("It is marked as ready."),
            kind="p",
            many=False,
        ),
        row_action(
            "reopen",
            _l("Not ready after all"),
            permission="finish",
            operation=operations.reopen_opening_item,
            when=lambda item: item.done_at is not None,
            confirm=_l("Take back that it is ready?"),
            done=_l("It is open again."),
            many=False,
        ),
    )
    exportable = False


def may_begin(batch: LaunchBatch) -> bool:
    """Tell whether a checklist makes sense for the batch: it waits for its day and has none."""
    return batch.launched_on is None and not has_checklist(batch.id)


BEGIN = row_action(
    "begin-opening",
    _l("Set up the opening checklist"),
    permission=f"{policies.OPENING}:edit",
    operation=operations.begin_opening,
    when=may_begin,
    confirm=_l("Set up the list of ten items, due on the planned day?"),
    done=_l("The checklist is set up. Give every item a person and a day."),
    many=False,
)

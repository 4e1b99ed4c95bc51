"""The audit page: who changed what, when and from where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import g
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.core.audit import AuditEntry
from app.core.db import Base
from app.web import frame
from app.web.crud import CrudView
from app.web.show_page import action_title, names_of_actors


class AuditView(CrudView):
    """审计."""

    datamodel = SQLAInterface(AuditEntry)
    route_base = "/audit"
    permission = "admin.audit"
    list_title = _l("Audit")
    list_columns = ["at", "who", "step", "table", "row_id", "address"]
    search_columns = ["at", "actor", "action", "table_name", "row_id"]
    quick_columns = []
    label_columns = {
        "at": _l("When"),
        "who": _l("Who"),
        "actor": _l("Who"),
        "address": _l("From"),
        "step": _l("What"),
        "action": _l("What"),
        "table": _l("Table"),
        "table_name": _l("Table"),
        "row_id": _l("Record"),
    }
    computed = {
        "who": lambda entry: g.get("actor_names", {}).get(entry.actor, entry.actor),
        "step": lambda entry: action_title(entry.action),
        "table": lambda entry: table_title(entry.table_name),
    }
    help_columns = {"actor": _l("user:7, system:worker or device:3")}
    show_fieldsets = [("", ["at", "who", "address", "step", "table", "row_id"])]
    row_title = staticmethod(
        lambda entry: f"{table_title(entry.table_name)} {entry.row_id or ''}".strip()
    )
    show_template = "admin/audit.html"
    exportable = False

    def prepare(self, rows: Sequence[Any]) -> None:
        """Find the names behind the actors of a page at once."""
        g.actor_names = names_of_actors({entry.actor for entry in rows})

    def changes(self, entry: Any) -> list[dict[str, Any]]:
        """Return what the entry changed, for its page."""
        before, after = entry.before or {}, entry.after or {}
        return [
            {"title": key, "before": json_word(before.get(key)), "after": json_word(after.get(key))}
            for key in {**before, **after}
        ]


#: tables without a model of their own
LINK_TABLES = {
    "ab_user_role": _l("Role of a user"),
    "ab_permission_view_role": _l("Permission of a role"),
}


def table_title(name: str) -> str:
    """Return what a table holds, in the reader's language."""
    if name in LINK_TABLES:
        return str(LINK_TABLES[name])
    model = next(
        (one.class_ for one in Base.registry.mappers if one.local_table.name == name), None
    )
    if model is None:
        return name
    chinese, mark, _rest = (model.__doc__ or "").partition(":")
    return chinese.strip() if mark and frame.locale() == "zh" else str(model.__name__)


def json_word(value: Any) -> str:
    """Return a value as the audit keeps it."""
    return "–" if value is None else json.dumps(value, ensure_ascii=False).strip('"')

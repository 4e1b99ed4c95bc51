"""The generated pages of an entity: list, record, forms, steps, export (docs/howto/crud.md)."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import ModelView, expose

from app.core.actor import Actor
from app.web import show_page
from app.web.access import guarded
from app.web.chosen_columns import offered_columns
from app.web.form_pages import FormPages
from app.web.list_pages import ListPages
from app.web.step_pages import StepPages

#: our actions → the framework's methods
METHOD_RIGHTS = {
    "list": "see",
    "show": "see",
    "add": "add",
    "edit": "edit",
    "delete": "delete",
    "download": "export",
    "act": "see",
}


class CrudView(ListPages, StepPages, FormPages, ModelView):
    """The pages of one entity, declared by class attributes.

    Reads go through ``app.core.scope``; changes through the declared operations inside one unit
    of work. What is not declared does not exist: without ``add_operation`` there is no form for
    adding and no address for it.
    """

    exclude_route_methods: set[str]

    def __init__(self) -> None:
        self.model: Any = self.datamodel.obj
        self.class_permission_name = self.permission
        self.method_permission_name = {
            method: self.method_rights.get(action, action)
            for method, action in METHOD_RIGHTS.items()
        }
        self.exclude_route_methods = self._absent()
        self.columns = [self.column(path) for path in self.list_columns]
        self.filter_columns = [self.column(path) for path in self.search_columns]
        self.offered = offered_columns(self)
        super().__init__()

    def _absent(self) -> set[str]:
        absent = {"action", "action_post"}
        absent |= {n for n in ("add", "edit", "delete") if getattr(self, f"{n}_operation") is None}
        if not self.exportable:
            absent.add("download")
        if not self.row_actions:
            absent.add("act")
        return absent

    # What the framework prepares for its own pages is not needed by ours.
    def _init_properties(self) -> None:
        self.related_views: list[Any] = []
        self._related_views: list[Any] = []

    def _init_forms(self) -> None:
        """Make forms when they are needed."""

    def _init_titles(self) -> None:
        self.title = self.list_title

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one record."""
        row = self.get(pk, actor)
        return self.render_template(self.show_template, page=show_page.build(self, row, actor))

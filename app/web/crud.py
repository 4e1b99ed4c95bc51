"""The generated pages of an entity: list, record, forms, steps, export (docs/howto/crud.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_appbuilder import ModelView, expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, NotFound
from app.core.scope import ProjectScoped
from app.core.states import State
from app.core.uow import unit_of_work
from app.web import export, list_page, show_page
from app.web.access import guarded
from app.web.actions import Related, RowAction
from app.web.choices import find_choices
from app.web.columns import Column, resolve
from app.web.crud_forms import ChoiceField, CrudForm, cleaned, seen_digest
from app.web.filters import active_filter, quick_search
from app.web.form_converter import make_form
from app.web.joins import Joins
from app.web.listing import Order, Query, load_options
from app.web.projects import current_project_id
from app.web.saving import problem_of
from app.web.step_pages import StepPages

Fieldsets = Sequence[tuple[Any, Sequence[str]]]

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
_FUNCTIONS = ("add_operation", "edit_operation", "delete_operation", "row_title", "can_edit")


class CrudView(StepPages, ModelView):
    """The pages of one entity, declared by class attributes.

    Reads go through ``app.core.scope``; changes through the declared operations inside one unit
    of work. What is not declared does not exist: without ``add_operation`` there is no form for
    adding and no address for it.
    """

    #: ``area.entity``; actions see, add, edit, delete, export and the named ones stand behind it
    permission: ClassVar[str] = ""
    list_title: Any = ""
    add_title: Any = None
    #: what an empty list says and invites to
    empty_sentence: Any = None
    list_columns: Sequence[str] = ()
    #: columns and relations that can be filtered by
    search_columns: Sequence[str] = ()
    #: text columns of the search box above the list; default: the text columns of search_columns
    quick_columns: Sequence[str] | None = None
    show_fieldsets: Fieldsets = ()
    form_fieldsets: Fieldsets = ()
    add_fieldsets: Fieldsets | None = None
    edit_fieldsets: Fieldsets | None = None
    label_columns: Mapping[str, Any] = {}
    help_columns: Mapping[str, Any] = {}
    states: Mapping[str, type[State]] = {}
    formatters: Mapping[str, Callable[[Any], Any]] = {}
    units: Mapping[str, Any] = {}
    form_checks: Mapping[str, list[Any]] = {}
    #: fields that the model does not have: name → WTForms field
    form_extra: Mapping[str, Any] = {}
    form_optional: frozenset[str] = frozenset()
    #: relations that properties (``title``) walk over, to be loaded with the rows
    load: Sequence[str] = ()
    #: ``("building.name", "-floor")``; a minus is descending
    order: Sequence[str] = ("-id",)
    page_size: int = 25
    #: columns whose sum stands below the page
    totals: Sequence[str] = ()
    add_operation: Callable[..., Any] | None = None
    edit_operation: Callable[..., Any] | None = None
    delete_operation: Callable[..., Any] | None = None
    row_title: Callable[[Any], Any] | None = None
    #: a row that may not be edited any more (its state forbids it)
    can_edit: Callable[[Any], bool] | None = None
    row_actions: Sequence[RowAction] = ()
    related: Sequence[Related] = ()
    exportable: bool = True
    #: the view's place among what the search box looks through; None: it is left out
    search_rank: ClassVar[int | None] = None
    #: actions whose permission is another's: ``{"add": "edit"}``
    method_rights: Mapping[str, str] = {}
    #: columns that the model does not have: name → function of the row
    computed: Mapping[str, Callable[[Any], Any]] = {}

    list_template = "web/list.html"
    show_template = "web/show.html"
    form_template = "web/form.html"

    exclude_route_methods: set[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _FUNCTIONS:
            given = cls.__dict__.get(name)
            if callable(given) and not isinstance(given, staticmethod):
                # A function in a class body would be called with the view as its first argument.
                setattr(cls, name, staticmethod(given))

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

    # ---- what the pages ask ----

    def right(self, action: str) -> str:
        """Return the permission ``area.entity:action``."""
        return f"{self.permission}:{self.method_rights.get(action, action)}"

    def may(self, actor: Actor, action: str) -> bool:
        """Tell whether the page exists and the actor may open it."""
        if action in ("add", "edit", "delete") and getattr(self, f"{action}_operation") is None:
            return False
        return actor.may(self.right(action)) and (action != "export" or self.exportable)

    def column(self, path: str) -> Column:
        """Return the column of that name with this view's label and states."""
        return resolve(
            self.model,
            path,
            labels=self.label_columns,
            states=self.states,
            formatters=self.formatters,
            computed=self.computed,
        )

    def title_of(self, row: Any) -> str:
        """Return how a row is called."""
        return str(self.row_title(row) if self.row_title is not None else row)

    def url(self, method: str, **values: Any) -> str:
        """Return the address of one of this view's pages."""
        return url_for(f"{self.endpoint}.{method}", **values)

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[Any]:
        """Return the few rows that the search box finds; a subclass may know a better way."""
        return find_choices(
            self.model, typed, actor=actor, project_id=project_id, narrow=self.narrow(actor)
        )

    def narrow(self, actor: Actor) -> Iterable[Any]:  # noqa: ARG002 - for subclasses
        """Return further predicates that every page of this view keeps to."""
        return ()

    def choice_target(self, field: str) -> Any:
        """Return the model whose rows a form field or filter offers, or None."""
        extra = self.form_extra.get(field)
        if extra is not None:
            return extra.kwargs.get("target")
        offered = {*self.search_columns, *self.field_names("add"), *self.field_names("edit")}
        offered |= {name for action in self.row_actions for name in action.fields}
        if field not in offered:
            return None
        for action in self.row_actions:
            if field in action.fields:
                return action.fields[field].kwargs.get("target")
        relations = self.column(field).relations
        return relations[-1].mapper.class_ if relations else None

    def prepare(self, rows: Sequence[Any]) -> None:
        """Read at once what ``computed`` columns of these rows need; for subclasses."""

    # ---- reading ----

    def get(self, pk: int, actor: Actor) -> Any:
        """Return the row within the actor's scope. Raises NotFound."""
        columns = [self.column(path) for _title, names in self.sections() for path in names]
        options = load_options(self.model, columns, self.load)
        found = select(self.model).where(self.model.id == pk, *self.narrow(actor))
        row = db.session.scalars(found.options(*options)).unique().one_or_none()
        if row is None:
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        return row

    def rows(self, ids: Sequence[int], actor: Actor) -> list[Any]:
        """Return these rows, all of them within the actor's scope. Raises NotFound."""
        options = load_options(self.model, self.columns, self.load)
        found = select(self.model).where(self.model.id.in_(ids), *self.narrow(actor))
        rows = list(db.session.scalars(found.options(*options).order_by(self.model.id)).unique())
        if not ids or len(rows) != len(set(ids)):
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        return rows

    def query(
        self,
        given: MultiDict[str, str],
        actor: Actor,
        *,
        project_id: int | None = None,
        columns: Sequence[Column] | None = None,
    ) -> tuple[Query, list[Any]]:
        """Return what the address asks for, and the filters that are at work."""
        joins = Joins(self.model)
        active = [active_filter(column, given, joins) for column in self.filter_columns]
        filters = [one for one in active if one is not None]
        predicates = [one.predicate for one in filters] + list(self.narrow(actor))
        quick = quick_search(self.quick(), given.get("q", ""), joins)
        if quick is not None:
            predicates.append(quick)
        if project_id is not None and issubclass(self.model, ProjectScoped):
            predicates.append(self.model.project_id == project_id)
        options = load_options(self.model, self.columns if columns is None else columns, self.load)
        order = self.order_of(given.get("order", ""))
        if not predicates and not given.get("order") and issubclass(self.model, ProjectScoped):
            # Putting a million rows of all projects in order for one page serves nobody.
            order = [Order(self.column("id"), descending=True)]
        return Query(self.model, joins, predicates, order, options), filters

    def quick(self) -> list[Column]:
        """Return the columns that the search box looks into."""
        if self.quick_columns is not None:
            return [self.column(path) for path in self.quick_columns]
        return [one for one in self.filter_columns if one.kind in ("text", "code", "long")]

    def order_of(self, wanted: str) -> list[Order]:
        """Return the order asked for, or the view's own."""
        name = wanted.removeprefix("-")
        if name in {column.path for column in self.columns if column.is_sql}:
            return [Order(self.column(name), wanted.startswith("-"))]
        return [
            Order(self.column(step.removeprefix("-")), step.startswith("-")) for step in self.order
        ]

    def project_of_list(self, given: MultiDict[str, str]) -> int | None:
        """Return the project that the list keeps to, or None for the whole scope."""
        if not issubclass(self.model, ProjectScoped) or given.get("everywhere") == "1":
            return None
        return current_project_id()

    def sections(self) -> Fieldsets:
        """Return the sections of the record's page."""
        return self.show_fieldsets or [("", self.list_columns)]

    # ---- forms ----

    def fieldsets(self, purpose: str) -> Fieldsets:
        """Return the sections of the form for adding or editing."""
        own = self.add_fieldsets if purpose == "add" else self.edit_fieldsets
        return self.form_fieldsets if own is None else own

    def field_names(self, purpose: str) -> list[str]:
        """Return the fields of the form for adding or editing."""
        return [name for _title, names in self.fieldsets(purpose) for name in names]

    def form_class(self, purpose: str) -> type[CrudForm]:
        """Return the form for adding or editing, made once."""
        kept: dict[str, type[CrudForm]] = self.__dict__.setdefault("_forms", {})
        if purpose not in kept:
            kept[purpose] = make_form(self, self.field_names(purpose))
        return kept[purpose]

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Return values that a fresh form begins with; a subclass adds its own."""
        if purpose == "add" and "project" in self.field_names("add"):
            return {"project": current_project_id()}
        return {}

    def make(self, purpose: str, row: Any = None) -> CrudForm:
        """Return the form, filled from what was posted, else from the row."""
        posted = request.form if request.method == "POST" else None
        values = self.prefill(purpose, row)
        if purpose == "add":
            values |= {key: value for key, value in request.args.items() if value}
        form = self.form_class(purpose)(formdata=posted, obj=row, data=values)
        project = getattr(row, "project_id", None)
        for field in form:
            if isinstance(field, ChoiceField) and project is not None:
                field.address = f"{field.address}?project={project}"
        return form

    # ---- changing; the caller holds the unit of work ----

    def add_row(self, values: dict[str, Any], actor: Actor) -> Any:
        """Run the operation that adds, and return the new row."""
        return _existing(self.add_operation)(actor=actor, **values)

    def edit_row(self, row: Any, values: dict[str, Any], actor: Actor) -> None:
        """Run the operation that changes the row."""
        _existing(self.edit_operation)(row, actor=actor, **values)

    def delete_row(self, row: Any, actor: Actor) -> None:
        """Run the operation that deletes the row."""
        _existing(self.delete_operation)(row, actor=actor)

    def check_editable(self, row: Any) -> None:
        """Raise Conflict if the row may not be changed any more."""
        if self.can_edit is not None and not self.can_edit(row):
            raise Conflict(_("%(record)s cannot be changed any more.", record=self.title_of(row)))

    # ---- pages ----

    @expose("/list/")
    @guarded("see")
    def list(self, *, actor: Actor) -> Any:
        """Show one page of rows."""
        return self.render_template(self.list_template, page=list_page.build(self, actor))

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one record."""
        row = self.get(pk, actor)
        return self.render_template(self.show_template, page=show_page.build(self, row, actor))

    @expose("/add", methods=["GET", "POST"])
    @guarded("add")
    def add(self, *, actor: Actor) -> Any:
        """Show the form for a new record, or add it."""
        form = self.make("add")
        problem = None
        if request.method == "POST" and form.validate():
            try:
                with unit_of_work(actor):
                    row = self.add_row(cleaned(form, self.model), actor)
                    target, name = self._after(row, actor), self.title_of(row)
            except (DomainError, IntegrityError) as error:
                problem = problem_of(error, form, self.model)
            else:
                flash(_("%(record)s has been added.", record=name))
                return redirect(target)
        return self._form_page(form, "add", None, problem, self.add_title or _("New"))

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded("edit")
    def edit(self, pk: int, *, actor: Actor) -> Any:
        """Show the form for a record, or change it."""
        row = self.get(pk, actor)
        self.check_editable(row)
        before = seen_digest(self.form_class("edit")(obj=row, data=self.prefill("edit", row)))
        form = self.make("edit", row)
        title = _("Change %(record)s", record=self.title_of(row))
        problem = None
        if request.method == "POST" and form.validate():
            try:
                _check_unchanged(before)
                with unit_of_work(actor):
                    self.edit_row(self.get(pk, actor), cleaned(form, self.model), actor)
            except (DomainError, IntegrityError) as error:
                problem = problem_of(error, form, self.model)
            else:
                flash(_("%(record)s has been changed.", record=self.title_of(self.get(pk, actor))))
                return redirect(self.url("show", pk=pk))
        return self._form_page(form, "edit", self.get(pk, actor), problem, title, before)

    @expose("/delete/<int:pk>", methods=["POST"])
    @guarded("delete")
    def delete(self, pk: int, *, actor: Actor) -> Any:
        """Delete a record."""
        row = self.get(pk, actor)
        name = self.title_of(row)
        try:
            with unit_of_work(actor):
                self.delete_row(self.get(pk, actor), actor)
        except (DomainError, IntegrityError) as error:
            flash(str(problem_of(error, None, self.model).sentence), "danger")
            return redirect(self.url("show", pk=pk))
        flash(_("%(record)s has been deleted.", record=name))
        return redirect(self.url("list"))

    @expose("/export/")
    @guarded("export")
    def download(self, *, actor: Actor) -> Any:
        """Send the filtered list as an Excel file."""
        query, filters = self.query(
            request.args, actor, project_id=self.project_of_list(request.args)
        )
        return export.send(self, query, filters, actor)

    def _after(self, row: Any, actor: Actor) -> str:
        return self.url("show", pk=row.id) if self.may(actor, "see") else self.url("list")

    def _form_page(
        self, form: CrudForm, purpose: str, row: Any, problem: Any, title: Any, seen: str = ""
    ) -> Any:
        sections = [
            (label, [form[name] for name in names]) for label, names in self.fieldsets(purpose)
        ]
        page = self.render_template(
            self.form_template,
            view=self,
            form=form,
            sections=sections,
            row=row,
            problem=problem,
            title=title,
            seen=seen,
        )
        return page, 422 if problem or form.errors else 200


def _existing(operation: Callable[..., Any] | None) -> Callable[..., Any]:
    if operation is None:
        raise NotFound(_("There is nothing here, or it is not within your scope."))
    return operation


def _check_unchanged(now: str) -> None:
    if request.form.get("_seen", now) != now:
        raise Conflict(
            _(
                "Somebody changed this record after you opened it. Your entries are still below;"
                " open the record in another tab, compare, and save again."
            ),
            code="changed_meanwhile",
        )

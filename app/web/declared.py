"""What a generated entity's pages are declared by, and what they answer about themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import url_for

from app.core.actor import Actor
from app.core.states import State
from app.web.actions import PageLink, Related, RowAction
from app.web.choices import find_choices
from app.web.columns import Column, resolve

Fieldsets = Sequence[tuple[Any, Sequence[str]]]

_FUNCTIONS = (
    "add_operation",
    "edit_operation",
    "delete_operation",
    "row_title",
    "can_edit",
    "also_check",
)


class Declared:
    """The declaration of an entity's pages; ``CrudView`` draws them."""

    model: Any
    endpoint: Any
    columns: list[Column]
    filter_columns: list[Column]
    #: columns that a person may choose for the list
    offered: list[Column]
    render_template: Callable[..., Any]

    #: ``area.entity``; actions see, add, edit, delete, export and the named ones stand behind it
    permission: ClassVar[str] = ""
    list_title: Any = ""
    add_title: Any = None
    #: what an empty list says and invites to
    empty_sentence: Any = None
    #: where rows of an empty list come from, if not from its own form: a view's name and a title
    empty_place: tuple[str, Any] | None = None
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
    #: help that only the form of an existing record needs ("leave empty to keep it")
    edit_help: Mapping[str, Any] = {}
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
    #: columns that hold long text: the whole width of the record's page
    wide: Sequence[str] = ()
    #: computed columns that hold figures: right-aligned, in figures that line up
    figures: Sequence[str] = ()
    #: columns whose sum stands below the page
    totals: Sequence[str] = ()
    add_operation: Callable[..., Any] | None = None
    edit_operation: Callable[..., Any] | None = None
    delete_operation: Callable[..., Any] | None = None
    #: what the operations check of the values entered, ``also_check(values, row=row)``: asked when
    #: the form itself has faults too, with what could be read, so that one answer tells all
    also_check: Callable[..., None] | None = None
    row_title: Callable[[Any], Any] | None = None
    #: the column that stands as the record's state beside its title; default: the first state
    heading_state: str = ""
    #: a row that may not be edited any more (its state forbids it)
    can_edit: Callable[[Any], bool] | None = None
    row_actions: Sequence[RowAction] = ()
    page_links: Sequence[PageLink] = ()
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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _FUNCTIONS:
            given = cls.__dict__.get(name)
            if callable(given) and not isinstance(given, staticmethod):
                # A function in a class body would be called with the view as its first argument.
                setattr(cls, name, staticmethod(given))

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
        found = resolve(
            self.model,
            path,
            labels=self.label_columns,
            states=self.states,
            formatters=self.formatters,
            computed=self.computed,
        )
        return replace(found, kind="number") if path in self.figures else found

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

    def hint_of(self, row: Any) -> str:  # noqa: ARG002 - for subclasses
        """Return what tells a found row apart from others of its name; a subclass may know."""
        return ""

    def narrow(self, actor: Actor) -> Iterable[Any]:  # noqa: ARG002 - for subclasses
        """Return further predicates that every page of this view keeps to."""
        return ()

    def usual(self, asked: Collection[str]) -> Iterable[Any]:  # noqa: ARG002 - for subclasses
        """Return predicates of what lists show as a rule; ``asked`` are the filters at work."""
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

    @property
    def has_prepared_rows(self) -> bool:
        """Tell whether a subclass reads more for the rows that are shown."""
        return type(self).prepare is not Declared.prepare

    def sections(self) -> Fieldsets:
        """Return the sections of the record's page."""
        return self.show_fieldsets or [("", self.list_columns)]

    def fieldsets(self, purpose: str) -> Fieldsets:
        """Return the sections of the form for adding or editing."""
        own = self.add_fieldsets if purpose == "add" else self.edit_fieldsets
        return self.form_fieldsets if own is None else own

    def field_names(self, purpose: str) -> list[str]:
        """Return the fields of the form for adding or editing."""
        return [name for _title, names in self.fieldsets(purpose) for name in names]

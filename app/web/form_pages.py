"""The pages that add, change and delete one record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.errors import Conflict, DomainError, NotFound
from app.core.uow import unit_of_work
from app.web.access import guarded
from app.web.crud_forms import ChoiceField, CrudForm, cleaned, seen_digest
from app.web.form_converter import make_form
from app.web.projects import current_project_id
from app.web.reading import Reading
from app.web.saving import problem_of


class FormPages(Reading):
    """What a CrudView does with its forms."""

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

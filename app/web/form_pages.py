"""The pages that add, change and delete one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, NotFound
from app.core.uow import unit_of_work
from app.web import meanwhile
from app.web.access import guarded
from app.web.crud_forms import ChoiceField, CrudForm, argument_name, begin_with, cleaned
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

    def make(
        self, purpose: str, row: Any = None, posted: MultiDict[str, str] | None = None
    ) -> CrudForm:
        """Return the form, filled from what was posted, else from the row."""
        form = self.form_class(purpose)(formdata=posted, obj=row, data=self.prefill(purpose, row))
        if purpose == "add" and posted is None:
            begin_with(form, request.args)
        for name, sentence in self.edit_help.items() if row is not None else ():
            form[name].description = sentence
        project = getattr(row, "project_id", None)
        for field in form:
            if isinstance(field, ChoiceField) and project is not None:
                field.address = f"{field.address}?project={project}"
        return form

    def is_sound(self, form: CrudForm, row: Any = None) -> bool:
        """Tell whether the operation may be asked; else the form says all that speaks against it.

        What could be read is checked as the operation would, so that one answer tells all.
        """
        if form.validate():
            return True
        if self.also_check is not None:
            read = {argument_name(one, self.model): one.data for one in form if not one.errors}
            try:
                self.also_check(read, row=row)
            except DomainError as error:
                problem_of(error, form, self.model)
        return False

    def add_row(self, values: dict[str, Any], actor: Actor) -> Any:
        """Run the operation that adds, and return the new row."""
        return _existing(self.add_operation)(actor=actor, **values)

    def was_added(self, pk: int, actor: Actor) -> None:
        """Do what follows once a record has been added and committed; a subclass says what."""

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
        form = self.make("add", posted=_posted())
        problem = None
        if request.method == "POST" and self.is_sound(form):
            try:
                with unit_of_work(actor):
                    row = self.add_row(cleaned(form, self.model), actor)
                    pk, target, name = row.id, self._after(row, actor), self.title_of(row)
            except (DomainError, IntegrityError) as error:
                problem = problem_of(error, form, self.model)
            else:
                self.was_added(pk, actor)
                flash(_("%(record)s has been added.", record=name))
                return redirect(target)
        return self._form_page(_Drawn(form, "add", self.add_title or _("New"), problem))

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded("edit")
    def edit(self, pk: int, *, actor: Actor) -> Any:
        """Show the form for a record, or change it."""
        row = self.get(pk, actor)
        self.check_editable(row)
        form = self.make("edit", row, _posted())
        title = _("Change %(record)s", record=self.title_of(row))
        problem, others = None, None
        if request.method == "POST" and self.is_sound(form, row):
            try:
                with unit_of_work(actor):
                    others = self._changed_meanwhile(pk, form, actor)
                    if others is None:
                        self.edit_row(self.get(pk, actor), cleaned(form, self.model), actor)
            except (DomainError, IntegrityError) as error:
                problem = problem_of(error, form, self.model)
            else:
                if others is None:
                    record = self.title_of(self.get(pk, actor))
                    flash(_("%(record)s has been changed.", record=record))
                    return redirect(self.url("show", pk=pk))
        row = self.get(pk, actor)
        if others is not None:
            form = self.make("edit", row, others.posted)
        seen = meanwhile.seen_text(self.make("edit", row))
        return self._form_page(_Drawn(form, "edit", title, problem, row, seen, others))

    def _changed_meanwhile(
        self, pk: int, form: CrudForm, actor: Actor
    ) -> meanwhile.Meanwhile | None:
        """Lock the row and return what somebody else changed since the form was drawn, or None."""
        seen = request.form.get("_seen")
        if seen is None:
            return None
        lock = select(self.model.id).where(self.model.id == pk).with_for_update()
        db.session.execute(lock)
        db.session.expire_all()
        row = self.get(pk, actor)
        posted = MultiDict(request.form)
        fields = meanwhile.compare(seen, self.make("edit", row), form, posted)
        return meanwhile.told(row, fields, posted) if fields else None

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

    def _form_page(self, drawn: _Drawn) -> Any:
        form, purpose = drawn.form, drawn.purpose
        sections = [
            (label, [form[name] for name in names]) for label, names in self.fieldsets(purpose)
        ]
        page = self.render_template(self.form_template, view=self, sections=sections, **vars(drawn))
        if drawn.others is not None:
            return page, 409
        return page, 422 if drawn.problem or form.errors else 200


@dataclass(frozen=True)
class _Drawn:
    """What a form's page is drawn from."""

    form: CrudForm
    purpose: str
    title: Any
    problem: Any = None
    row: Any = None
    seen: str = ""
    others: meanwhile.Meanwhile | None = None


def _posted() -> MultiDict[str, str] | None:
    return request.form if request.method == "POST" else None


def _existing(operation: Callable[..., Any] | None) -> Callable[..., Any]:
    if operation is None:
        raise NotFound(_("There is nothing here, or it is not within your scope."))
    return operation

"""The pages of declared steps: what a step needs is asked, then it is taken with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.core.errors import DomainError, Invalid, NotFound
from app.core.uow import unit_of_work
from app.web.access import guarded, require_any
from app.web.actions import MOST_TOGETHER, RowAction
from app.web.crud_forms import ChoiceField, CrudForm, argument_name
from app.web.reading import Reading
from app.web.saving import problem_of


class StepPages(Reading):
    """What a CrudView does with its ``row_actions``."""

    @expose("/act/<name>", methods=["GET", "POST"])
    @guarded("see")
    def act(self, name: str, *, actor: Actor) -> Any:
        """Take a step with the rows, asking for what the step needs first."""
        action = next((one for one in self.row_actions if one.name == name), None)
        if action is None:
            raise NotFound(_("There is nothing here, or it is not within your scope."))
        require_any(actor, (action.right(self.permission),))
        rows = self.rows(self._meant(actor), actor)
        form = self._action_form(action)
        problem = None
        if (
            request.method == "POST"
            and ("_form" in request.form or not action.fields)
            and form.validate()
        ):
            try:
                return self._take(action, rows, form, actor)
            except (DomainError, IntegrityError) as error:
                problem = problem_of(error, form, self.model)
                rows = self.rows([row.id for row in rows], actor)
        return self.render_template(
            "web/act.html", view=self, action=action, rows=rows, form=form, problem=problem
        ), 422 if problem or form.errors else 200

    def _meant(self, actor: Actor) -> list[int]:
        """Return the ids that were selected, or those of all rows that the list found."""
        if request.values.get("all") != "1":
            return [int(one) for one in request.values.getlist("id") if one.isdecimal()]
        found = MultiDict(parse_qsl(request.values.get("found", "")))
        query, _filters = self.query(found, actor, project_id=self.project_of_list(found))
        ids = query.ids(MOST_TOGETHER + 1)
        if len(ids) > MOST_TOGETHER:
            raise Invalid(
                _(
                    "These are more than %(most)d records. Narrow the list and try again.",
                    most=MOST_TOGETHER,
                )
            )
        return ids

    def _take(self, action: RowAction, rows: Sequence[Any], form: CrudForm, actor: Actor) -> Any:
        ids = [row.id for row in rows]
        with unit_of_work(actor):
            # Read again inside the unit of work: the operation must see what is there now.
            action.run(
                self.rows(ids, actor),
                actor=actor,
                values={argument_name(field, self.model): field.data for field in form},
            )
        flash(str(action.done or _("%(step)s: done.", step=action.title)))
        back = self.url("show", pk=ids[0]) if len(ids) == 1 else self.url("list")
        return redirect(back)

    def _action_form(self, action: RowAction) -> CrudForm:
        form_class = type("ActionForm", (CrudForm,), dict(action.fields))
        posted = request.form if request.method == "POST" and "_form" in request.form else None
        form: CrudForm = form_class(formdata=posted)
        for field in form:
            if isinstance(field, ChoiceField):
                field.address = f"/choices/{self.endpoint}/{field.short_name}"
        return form

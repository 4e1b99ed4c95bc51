"""Pages of base data: reviewing and locking them, their log, and changes once they are locked."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core import audit, clock
from app.core.actor import Actor
from app.core.errors import DomainError, NotFound
from app.core.uow import unit_of_work
from app.estate import policies as estate_policies
from app.estate.base_data import find_lock, was_locked
from app.estate.base_data_steps import BaseDataStep
from app.pricing import operations, policies
from app.pricing.base_data_fields import BASE_FIELDS, KIND_TITLES, field_of
from app.pricing.models import BaseDataChange, BaseDataChangeLine, BaseDataChangeState
from app.pricing.queries.base_data import (
    base_data_figures,
    count_open_changes,
    list_base_data_entries,
    list_changes_to_carry_out,
    list_requests_of_change,
)
from app.web import show_page
from app.web.access import needs
from app.web.actions import Related, row_action
from app.web.crud import CrudView, guarded
from app.web.crud_forms import LineField
from app.web.projects import current_project, current_project_id
from app.web.rest import current
from app.web.uploads import clean_name, kind_of

SEE = f"{estate_policies.BASE_DATA}:see"
REVIEWS = {side: f"{estate_policies.BASE_DATA}:review_{side}" for side in ("sales", "finance")}
APPROVED, OPENED = BaseDataChangeState.APPROVED.value, BaseDataChangeState.OPENED.value


class BaseDataView(BaseView):
    """基础资料: what a project's base data come to, who has reviewed them, what happened since."""

    route_base = "/base-data"
    default_view = "overview"

    @expose("/")
    @needs(SEE)
    def overview(self) -> Any:
        """Show the project's base data, their reviews and their log."""
        project_id, actor = current_project_id(), current()
        if project_id is None:
            return self.render_template("pricing/base_data.html", project=None)
        lock = find_lock(project_id)
        return self.render_template(
            "pricing/base_data.html",
            project=current_project(),
            lock=lock,
            figures=base_data_figures(project_id),
            may={side: actor.may(right) for side, right in REVIEWS.items()},
            sides=operations.SIDES,
            own={side: lock and getattr(lock, f"{side}_reviewed_by_id") == actor.id
                 for side in REVIEWS},
            entries=list_base_data_entries(project_id),
            steps={step.value: step.title for step in BaseDataStep},
            to_do=list_changes_to_carry_out(project_id),
            open_changes=count_open_changes(project_id),
            today=clock.today(),
            may_ask=actor.may(f"{policies.BASE_DATA_CHANGE}:add"),
            sees_changes=actor.may(f"{policies.BASE_DATA_CHANGE}:see"),
        )  # fmt: skip

    @expose("/review/<side>", methods=["POST"])
    @needs(*REVIEWS.values())
    def review(self, side: str) -> Any:
        """Sign the base data for a side."""
        seen = request.form.get("seen", "")
        return _step(lambda project_id, actor: operations.review_base_data(
            project_id, side, seen=seen, actor=actor))  # fmt: skip

    @expose("/take-back/<side>", methods=["POST"])
    @needs(*REVIEWS.values())
    def take_back(self, side: str) -> Any:
        """Take a side's review back."""
        reason = request.form.get("reason", "")
        return _step(lambda project_id, actor: operations.take_back_review(
            project_id, side, reason=reason, actor=actor))  # fmt: skip


def _step(act: Any) -> Any:
    actor, project_id = current(), current_project_id()
    if project_id is None:
        raise NotFound(_l("There is no such project within your scope."))
    try:
        with unit_of_work(actor):
            locked = act(project_id, actor).locked_at is not None
    except NotFound:
        raise
    except DomainError as error:
        flash(str(error.message), "danger")
    else:
        flash(_("The base data are locked.") if locked else _("Saved."))
    return redirect(url_for("BaseDataView.overview"))


def _days_left(change: BaseDataChange) -> Any:
    """Return by when an approved change is to be carried out, in words."""
    if change.state not in {APPROVED, OPENED} or change.execute_by is None:
        return ""
    days = (change.execute_by - clock.today()).days
    return _l("%(days)d days late", days=-days) if days < 0 else _l("in %(days)d days", days=days)


class BaseDataChangeView(CrudView):
    """基础资料变更."""

    datamodel = SQLAInterface(BaseDataChange)
    route_base = "/base-data-changes"
    permission = policies.BASE_DATA_CHANGE
    list_title = _l("Changes of base data")
    add_title = _l("Write a change of base data")
    empty_sentence = _l("No change of base data yet. Locked base data change by one.")
    list_columns = (
        "number", "name", "state", "execute_by", "stand", "created_by", "created_at", "project",
    )  # fmt: skip
    search_columns = ("number", "name", "state", "execute_by", "created_at", "project")
    quick_columns = ("number", "name")
    states = {"state": BaseDataChangeState}
    computed = {"stand": _days_left}
    label_columns = {
        "name": _l("Change of base data"),
        "content": _l("What is to change, and why"),
        "by_hand": _l("Carried out by hand"),
        "execute_by": _l("To be carried out by"),
        "stand": _l("How it stands"),
        "approved_at": _l("Approved"),
        "executed_at": _l("Carried out on"),
        "executed_by": _l("Carried out by"),
        "closing_note": _l("What was done"),
        "created_by": _l("Written by"),
        "created_at": _l("Written on"),
    }
    help_columns = {
        "name": _l("What the approvers will know it by."),
        "content": _l("As the signed paper says."),
        "by_hand": _l(
            "For what cannot be said value by value, such as a new building: the base data are"
            " open while the steward does it, and everything is kept in the audit."
        ),
    }
    wide = ("content", "closing_note")
    load = ("project", "created_by", "executed_by", "scan", "lines")
    order = ("-id",)
    show_fieldsets = (
        (
            "",
            (
                "number", "name", "state", "by_hand", "content", "created_by", "created_at",
                "approved_at", "execute_by", "stand", "executed_at", "executed_by",
                "closing_note", "project",
            ),
        ),
    )  # fmt: skip
    add_fieldsets = (("", ("project", "name", "content", "by_hand")),)
    edit_fieldsets = (("", ("name", "content", "by_hand")),)
    add_operation = operations.add_base_data_change
    edit_operation = operations.edit_base_data_change
    delete_operation = operations.delete_base_data_change
    can_edit = staticmethod(policies.can_edit_change)
    related = (Related(_l("Values that change"), "BaseDataChangeLineView", "change"),)
    row_actions = (
        row_action(
            "execute",
            _l("Carry out"),
            permission="execute",
            operation=operations.execute_change,
            when=lambda change: change.state == APPROVED and not change.by_hand,
            confirm=_l("Write the approved values now?"),
            done=_l("Carried out."),
            kind="p",
            many=False,
        ),
        row_action(
            "open",
            _l("Open the base data"),
            permission="execute",
            operation=operations.open_for_change,
            when=lambda change: change.state == APPROVED and change.by_hand,
            confirm=_l("The base data can be changed until you say that this is done."),
            done=_l("The base data are open for this change."),
            kind="p",
            many=False,
        ),
        row_action(
            "finish",
            _l("Done, lock again"),
            permission="execute",
            operation=operations.finish_change,
            fields={"note": LineField(_l("What was done"))},
            when=lambda change: change.state == OPENED,
            done=_l("Carried out; the base data are locked again."),
            kind="p",
            many=False,
        ),
        row_action(
            "cancel",
            _l("Cancel the change"),
            permission="execute",
            operation=operations.cancel_base_data_change,
            fields={"reason": LineField(_l("Reason"))},
            when=lambda change: change.state == APPROVED,
            done=_l("Cancelled."),
            kind="d",
            many=False,
            folded=True,
        ),
    )
    show_template = "pricing/base_data_change.html"
    exportable = False

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show a change with its lines, its scan and what can be done now."""
        change = self.get(pk, actor)
        is_open = policies.can_edit_change(change)
        may_edit = is_open and actor.may(f"{policies.BASE_DATA_CHANGE}:edit")
        whole = change.scan is not None and (change.by_hand or bool(change.lines))
        may_submit = (
            is_open
            and whole
            and was_locked(change.project_id)
            and actor.may(f"{policies.BASE_DATA_CHANGE}:submit")
        )
        return self.render_template(
            self.show_template,
            page=show_page.build(self, change, actor),
            scan=change.scan,
            may_scan=may_edit,
            may_submit=may_submit,
            requests=list_requests_of_change(pk),
        )

    @expose("/<int:pk>/scan", methods=["GET"])
    @guarded("see")
    def scan(self, pk: int, *, actor: Actor) -> Any:
        """Send the scan of the signed paper; written into the audit."""
        return send_scan(self.get(pk, actor), actor)

    @expose("/<int:pk>/scan", methods=["POST"])
    @guarded("edit")
    def put_scan(self, pk: int, *, actor: Actor) -> Any:
        """Take the scan of the signed paper."""
        file = request.files.get("file")
        content = file.read() if file is not None else b""
        try:
            with unit_of_work(actor):
                operations.put_scan(
                    self.get(pk, actor),
                    name=clean_name(file.filename if file else ""),
                    media_type=kind_of(content),
                    content=content,
                    actor=actor,
                )
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        else:
            flash(_("The scan has been kept."))
        return redirect(self.url("show", pk=pk))


def send_scan(change: BaseDataChange, actor: Actor) -> Response:
    """Send the scan of a change and write down who got it. Raises NotFound if there is none."""
    scan = change.scan
    if scan is None:
        raise NotFound(_l("%(change)s has no scan yet.", change=str(change)))
    content, name, kind = scan.content, scan.file_name, scan.media_type
    with unit_of_work(actor):
        audit.record(
            "read",
            table_name=BaseDataChange.__tablename__,
            row_id=change.id,
            note={"file": name},
        )
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def field_words(line: BaseDataChangeLine) -> Any:
    """Return the title of the value that a line changes."""
    return field_of(policies.kind_of_line(line), line.field).title


def _field_choice() -> Any:
    """Return the choice of a value, told apart by the kind of record."""
    choices = [
        SelectChoice(f"{kind}.{name}", f"{KIND_TITLES[kind]} · {field.title}")
        for kind, names in BASE_FIELDS.items()
        for name, field in names.items()
    ]
    return SelectField(_l("What changes"), choices=choices, validate_choice=False)


def add_line(*, field: str, actor: Actor, **values: Any) -> BaseDataChangeLine:
    """Add the line of the form, whose field says the kind of record as well."""
    return operations.add_change_line(field=field.rpartition(".")[2], actor=actor, **values)


class BaseDataChangeLineView(CrudView):
    """变更明细."""

    datamodel = SQLAInterface(BaseDataChangeLine)
    route_base = "/base-data-change-lines"
    permission = policies.BASE_DATA_CHANGE
    list_title = _l("Values that change")
    add_title = _l("Add a value that changes")
    empty_sentence = _l("No value yet.")
    list_columns = ("record_title", "field_title", "before", "after", "change")
    search_columns = ("change", "room", "house_type", "payment_method", "discount")
    computed = {"record_title": lambda line: str(line.record), "field_title": field_words}
    label_columns = {
        "record_title": _l("Record"),
        "field_title": _l("What changes"),
        "field": _l("What changes"),
        "before": _l("Value before"),
        "after": _l("Value after"),
        "change": _l("Change of base data"),
    }
    help_columns = {
        "room": _l("Choose one record: a room, house type, payment method or discount."),
        "after": _l("As it shall be; empty for nothing."),
    }
    load = (
        "change", "room.building", "room.entrance", "house_type", "payment_method", "discount",
    )  # fmt: skip
    order = ("id",)
    row_title = staticmethod(lambda line: f"{line.record} · {field_words(line)}")
    show_fieldsets = (("", list_columns),)
    add_fieldsets = (
        (
            "",
            ("change", "room", "house_type", "payment_method", "discount", "field", "after"),
        ),
    )
    form_extra = {"field": _field_choice()}
    form_optional = frozenset({"after"})
    method_rights = {"add": "edit", "delete": "edit"}
    add_operation = add_line
    delete_operation = operations.delete_change_line
    exportable = False

    def _after(self, row: Any, actor: Actor) -> str:  # noqa: ARG002 - back to the change
        return url_for("BaseDataChangeView.show", pk=row.change_id)

"""Pages of price lists: choosing a file, the dry run, the faults, carrying it out."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

from flask import flash, jsonify, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.errors import DomainError, Invalid, NotFound
from app.core.uow import unit_of_work
from app.estate import operations as estate
from app.estate.import_queries import has_import_lines
from app.estate.models import (
    RoomImport,
    RoomImportLine,
    RoomImportLineKind,
    RoomImportRun,
    RoomImportState,
    RoomUsage,
)
from app.estate.operations import ReceivedFile, list_faults
from app.estate.policies import ROOM, ROOM_IMPORT
from app.estate.queries import get_project, get_room_import
from app.estate.sheets import Column, write_template
from app.estate.sheets.matrix_matching import KINDS, ROLES, SEPARATOR
from app.pricing import operations
from app.pricing.room_files import send_room_sheet
from app.web import show_page
from app.web.access import needs
from app.web.bodies import say_when_too_large
from app.web.crud import CrudView, guarded
from app.web.frame import locale
from app.web.projects import current_project, current_project_id
from app.web.rest import current
from app.web.uploads import clean_name

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: what a column can be taken for, as the reader chooses it; the first is "nobody knows"
COLUMN_CHOICES = {
    "": _l("Not recognised"),
    Column.BUILDING.value: _l("Building"),
    Column.ENTRANCE.value: _l("Entrance"),
    Column.FLOOR.value: _l("Floor"),
    Column.NUMBER.value: _l("Room number"),
    Column.HOUSE_TYPE.value: _l("House type"),
    Column.GROSS_AREA.value: _l("Gross area"),
    Column.INSIDE_AREA.value: _l("Inside area"),
    Column.SHARED_AREA.value: _l("Shared area"),
    Column.UNIT_PRICE.value: _l("Unit price by gross area"),
    Column.INSIDE_UNIT_PRICE.value: _l("Unit price by inside area"),
    Column.TOTAL.value: _l("Total of the room"),
    Column.ORIENTATION.value: _l("Orientation"),
    Column.VIEW.value: _l("View"),
    Column.STRUCTURE.value: _l("Structure"),
    Column.FIT_OUT.value: _l("Fit-out standard"),
    Column.USAGE.value: _l("Usage"),
    Column.PRODUCT_TYPE.value: _l("Product type"),
    Column.ZONE.value: _l("Zone"),
    Column.IGNORED.value: _l("Not used"),
}
#: what a sheet of a matrix can hold, as the reader chooses it
KIND_CHOICES = {"": COLUMN_CHOICES[""], **{kind.value: COLUMN_CHOICES[kind] for kind in KINDS}}
#: what a column of a matrix can hold
ROLE_CHOICES = {
    "": COLUMN_CHOICES[""],
    **{role: COLUMN_CHOICES.get(role, _l("A room of each floor")) for role in ROLES},
}
#: faults that saying what the columns hold may mend
HEADING_FAULTS = frozenset(
    {
        "heading_not_found",
        "missing_heading",
        "unknown_heading",
        "heading_twice",
        "sheet_kind_unknown",
        "unknown_fit_out",
        "unknown_product_type",
        "unknown_zone",
    }
)
#: which lines a count leads to; rooms that differ change only when they were asked to
KINDS_OF_COUNTS = {
    "new": ["new"],
    "changed": ["changed", "differs"],
    "unchanged": ["same"],
    "absent": ["absent"],
    "refused": ["refused"],
}
#: faults that the page shows; all of them are in the sheet
SHOWN_FAULTS = 100

TOO_LARGE = _l(
    "A price list has up to 20 MB; nothing was taken in. Split it by building, and take pictures"
    " out of it."
)
say_when_too_large("PriceListView.check", TOO_LARGE)
say_when_too_large("ProjectImportApi.take_in", TOO_LARGE)


class PriceListView(BaseView):
    """导入房源: a price list is checked first and written only when somebody says so."""

    route_base = "/price-lists"
    default_view = "choose"

    @expose("/")
    @needs(f"{ROOM}:import")
    def choose(self) -> Any:
        """Show the form that takes the file."""
        return self._form()

    @expose("/check", methods=["POST"])
    @needs(f"{ROOM}:import")
    def check(self) -> Any:
        """Make a dry run of the file and show what it would do."""
        file, second = _file("file"), _file("compare")
        if file is None:
            return self._form(_("Choose the file that holds the price list.")), 422
        actor = current()
        try:
            with unit_of_work(actor):
                result = operations.import_price_list(
                    file.content,
                    file.name,
                    project=get_project(_project_id()),
                    update=request.form.get("update") == "1",
                    dry_run=True,
                    actor=actor,
                    second=second,
                )
                record_id = result.record.id
        except NotFound:
            raise
        except DomainError as error:
            return self._form(error.message), 422
        return redirect(url_for("RoomImportView.show", pk=record_id))

    @expose("/template")
    @needs(f"{ROOM}:import")
    def template(self) -> Any:
        """Send an empty price list to fill in."""
        stream = BytesIO()
        write_template(stream)
        stream.seek(0)
        name = f"{_('Price list template')}.xlsx"
        return send_file(stream, mimetype=SHEET, as_attachment=True, download_name=name)

    @expose("/rooms.xlsx")
    @needs(f"{ROOM}:import")
    def rooms(self) -> Any:
        """Send the project's rooms as a list to edit and to import again."""
        actor = current()
        with unit_of_work(actor):
            return send_room_sheet(get_project(_project_id()), actor)

    @expose("/<int:pk>/carry-out", methods=["POST"])
    @needs(f"{ROOM}:import")
    def carry_out(self, pk: int) -> Any:
        """Write what the dry run showed."""
        actor = current()
        try:
            if get_room_import(pk).counts.get("rooms", 0) > estate.MOST_AT_ONCE:
                with unit_of_work(actor):
                    estate.ask_import_run(get_room_import(pk), locale=locale(), actor=actor)
                return redirect(url_for("RoomImportView.show", pk=pk))
            with unit_of_work(actor):
                result = operations.carry_out_import(get_room_import(pk), actor=actor)
                rooms, faults = result.outcome.rooms, len(result.faults)
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        else:
            if faults:
                flash(_("The rooms have changed since; the list was refused."), "danger")
            else:
                flash(_("%(count)d rooms have been imported.", count=rooms))
        return redirect(url_for("RoomImportView.show", pk=pk))

    @expose("/<int:pk>/columns", methods=["POST"])
    @needs(f"{ROOM}:import")
    def columns(self, pk: int) -> Any:
        """Check the file again with what the reader says of its columns."""
        actor = current()
        try:
            with unit_of_work(actor):
                record = get_room_import(pk)
                operations.match_columns(record, _said(record), actor=actor)
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        return redirect(url_for("RoomImportView.show", pk=pk))

    @expose("/<int:pk>/again", methods=["POST"])
    @needs(f"{ROOM}:import")
    def again(self, pk: int) -> Any:
        """Check the file again, against the rooms of now."""
        actor = current()
        try:
            with unit_of_work(actor):
                operations.check_again(get_room_import(pk), actor=actor)
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        return redirect(url_for("RoomImportView.show", pk=pk))

    @expose("/<int:pk>/progress")
    @needs(f"{ROOM}:import")
    def progress(self, pk: int) -> Any:
        """Answer how far the worker is with an import."""
        run = estate.find_import_run(get_room_import(pk))
        going_on = run is not None and estate.is_going_on(run)
        return jsonify(going_on=going_on, percent=_percent(run))

    def _form(self, sentence: Any = None) -> Any:
        return self.render_template(
            "pricing/import.html", sentence=sentence, project=current_project()
        )


def _said(record: RoomImport) -> dict[str, str]:
    """Return what the form says of columns, and of sheets, columns and blocks of a matrix."""
    form = request.form
    keys = [column["key"] for column in record.counts.get("columns", [])]
    names = ("key", "said"), ("block", "building"), ("block", "entrance")
    if len(form.getlist("column")) != len(keys) or any(
        len(form.getlist(one)) != len(form.getlist(other)) for one, other in names
    ):
        raise Invalid(_("Say of every column what it holds."))
    said = dict(zip(keys, form.getlist("column"), strict=True))
    said |= dict(zip(form.getlist("key"), form.getlist("said"), strict=True))
    blocks = zip(
        form.getlist("block"), form.getlist("building"), form.getlist("entrance"), strict=True
    )
    return said | {key: f"{building}{SEPARATOR}{entrance}" for key, building, entrance in blocks}


def _percent(run: RoomImportRun | None) -> int:
    """Return how far a run is; the last part is what comes after the rooms are handed over."""
    return 0 if run is None else min(95, 95 * run.done // max(run.total, 1))


def _file(name: str) -> ReceivedFile | None:
    part = request.files.get(name)
    if part is None or not part.filename:
        return None
    return ReceivedFile(clean_name(part.filename), part.read())


def _project_id() -> int:
    project_id = current_project_id()
    if project_id is None:
        raise NotFound(_("There is no such project within your scope."))
    return project_id


class RoomImportLineView(CrudView):
    """导入核对明细: what an import does to each room, before it does it."""

    datamodel = SQLAInterface(RoomImportLine)
    route_base = "/room-import-lines"
    permission = ROOM_IMPORT
    list_title = _l("Room by room")
    empty_sentence = _l("No room of this kind.")
    list_columns = ("title", "kind", "words", "sheet", "line")
    search_columns = ("kind", "title", "words", "room_import")
    quick_columns = ("title",)
    states = {"kind": RoomImportLineKind}
    label_columns = {
        "title": _l("Room"),
        "kind": _l("Result"),
        "words": _l("What changes"),
        "sheet": _l("Sheet"),
        "line": _l("Line"),
        "room": _l("Room in the system"),
        "room_import": _l("Import"),
    }
    order = ("id",)
    load = ("room_import",)
    wide = ("words",)
    exportable = False
    show_fieldsets = (
        ("", ("title", "kind", "words")),
        (_l("Where"), ("room_import", "sheet", "line", "room")),
    )


def words_of(field: str, value: Any) -> Any:
    """Return a value of a field in words."""
    if value is None:
        return "–"
    return RoomUsage(value).title if field == "usage" else value


def _sum_of(record: RoomImport) -> Decimal | None:
    """Return the sum of the list totals, which the counts keep as text."""
    kept = record.counts.get("list_total")
    return Decimal(kept) if kept else None


class RoomImportView(CrudView):
    """导入批次: what every import was and did."""

    datamodel = SQLAInterface(RoomImport)
    route_base = "/room-imports"
    permission = ROOM_IMPORT
    list_title = _l("Imports of price lists")
    empty_sentence = _l("No price list has been imported yet.")
    list_columns = ("number", "file_name", "state", "rooms", "list_total", "created_at", "project")
    search_columns = ("number", "file_name", "state", "created_at")
    states = {"state": RoomImportState}
    computed = {
        "rooms": lambda record: record.counts.get("rooms", 0),
        "list_total": _sum_of,
    }
    figures = ("rooms", "list_total")
    label_columns = {
        "file_name": _l("File"),
        "rooms": _l("Rooms"),
        "list_total": _l("Sum of list totals"),
    }
    show_fieldsets = (("", ("number", "file_name", "state", "created_at", "project")),)
    show_template = "pricing/room_import.html"
    exportable = False

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show an import: what it did or would do, or why it was refused."""
        record = self.get(pk, actor)
        run = estate.find_import_run(record)
        going_on = run is not None and estate.is_going_on(run)
        faults = list_faults(record)
        return self.render_template(
            self.show_template,
            page=show_page.build(self, record, actor),
            faults=faults[:SHOWN_FAULTS],
            column_choices=COLUMN_CHOICES,
            change_fields=estate.FIELD_TITLES,
            words_of=words_of,
            is_heading_at_fault=any(fault.code in HEADING_FAULTS for fault in faults),
            has_lines=has_import_lines(record),
            kind_choices=KIND_CHOICES,
            role_choices=ROLE_CHOICES,
            may_match=bool(record.counts.get("columns") or record.counts.get("matrix"))
            and record.dry_run
            and not going_on
            and actor.may(f"{ROOM}:import")
            and estate.has_file(record),
            may_carry_out=record.state == RoomImportState.CHECKED.value
            and not going_on
            and actor.may(f"{ROOM}:import"),
            fields={
                estate.FIELD_TITLES[name]: count
                for name, count in record.counts.get("fields", {}).items()
            },
            kinds=KINDS_OF_COUNTS,
            may_check_again=record.dry_run
            and not going_on
            and actor.may(f"{ROOM}:import")
            and estate.has_file(record),
            run=run,
            going_on=going_on,
            percent=_percent(run),
        )

"""REST: price lists taken in, their faults, dry runs carried out."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.estate import operations as estate
from app.estate.import_queries import list_import_lines
from app.estate.operations import ReceivedFile
from app.estate.policies import ROOM, ROOM_IMPORT
from app.estate.queries import get_project, get_room_import
from app.pricing import operations
from app.pricing.answers import fault_answer, import_answer, import_line_answer
from app.pricing.operations import ListImport
from app.pricing.room_files import send_line_sheet, send_room_sheet
from app.web.rest import BadRequest, Body, RestApi, clamp_limit, current, endpoint, flag, whole
from app.web.uploads import clean_name

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: parts of a multipart body that may hold the list and the list that it is compared with
FILE_PARTS = ("file", "price_list")
SECOND_PART = "compare"
#: columns, sheets and blocks of which something is said at once
MOST_SAID = 2000
#: faults that an answer carries; all of them are in the sheet
FIRST_FAULTS = 20


class ProjectImportApi(RestApi):
    """Rooms and prices of a project, from a price list."""

    resource_name = "projects"
    openapi_spec_tag = "room-imports"

    @expose("/<int:project_id>/rooms/import", methods=["POST"])
    @endpoint(f"{ROOM}:import", status=201)
    def take_in(self, project_id: int) -> Any:
        """Import a price list, or show with ``dry_run`` what it would do.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          - {in: query, name: dry_run, schema: {type: boolean}}
          - {in: query, name: update, schema: {type: boolean}}
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema:
                  type: object
                  properties:
                    file: {type: string, format: binary}
                    compare: {type: string, format: binary}
              application/octet-stream: {schema: {type: string, format: binary}}
          responses:
            201:
              description: counts, and the draft price plan
            422:
              description: the first faults with cell, sentence and remedy, and the address of the
                sheet of all of them; nothing was written
        """
        file, second = _received()
        result = operations.import_price_list(
            file.content,
            file.name,
            project=get_project(project_id),
            update=flag("update"),
            dry_run=flag("dry_run"),
            actor=current(),
            second=second,
        )
        return _import_result(result)

    @expose("/<int:project_id>/rooms/sheet.xlsx", methods=["GET"])
    @endpoint(f"{ROOM}:import")
    def sheet(self, project_id: int) -> Response:
        """Send a project's rooms as the sheet that the import takes back.

        ---
        get:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: an Excel sheet with a row for each room
              content:
                application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:
                  schema: {type: string, format: binary}
        """
        return send_room_sheet(get_project(project_id), current())


class ColumnsBody(Body):
    columns = fields.Dict(
        keys=fields.String(validate=validate.Length(max=200)),
        values=fields.String(validate=validate.Length(max=130)),
        required=True,
        validate=validate.Length(min=1, max=MOST_SAID),
    )


class RoomImportApi(RestApi):
    """Imports: what they did, their faults, carrying out a dry run."""

    resource_name = "room-imports"

    @expose("/<int:import_id>", methods=["GET"])
    @endpoint(f"{ROOM_IMPORT}:see")
    def get(self, import_id: int) -> dict[str, Any]:
        """Show an import.

        ---
        get:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: its state and counts
        """
        return import_answer(get_room_import(import_id))

    @expose("/<int:import_id>/faults.xlsx", methods=["GET"])
    @endpoint(f"{ROOM_IMPORT}:see")
    def faults(self, import_id: int) -> Response:
        """Send the sheet of faults: every faulty row, why, and how to mend it.

        ---
        get:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: an Excel sheet
              content:
                application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:
                  schema: {type: string, format: binary}
        """
        record = get_room_import(import_id)
        stream = BytesIO()
        estate.write_faults(record, stream)
        stream.seek(0)
        name = f"{record.number}.xlsx"
        return send_file(stream, mimetype=SHEET, as_attachment=True, download_name=name)

    @expose("/<int:import_id>/lines", methods=["GET"])
    @endpoint(f"{ROOM_IMPORT}:see")
    def lines(self, import_id: int) -> dict[str, Any]:
        """List what a check found of each room, in the order of its list.

        ``kind`` is new, changed, differs (left alone without ``update``), same, absent (in the
        list's buildings and not in the list) or refused; ``changes`` are field, before, after.

        ---
        get:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          - {in: query, name: kind, schema: {type: array, items: {type: string}}}
          - {in: query, name: cursor, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          responses:
            200:
              description: one page of rooms
        """
        limit = clamp_limit()
        found = list_import_lines(
            get_room_import(import_id),
            kinds=request.args.getlist("kind"),
            after=whole("cursor") or 0,
            limit=limit + 1,
        )
        rows = found[:limit]
        return {
            "result": [import_line_answer(line) for line in rows],
            "next": rows[-1].id if len(found) > limit else None,
        }

    @expose("/<int:import_id>/lines.xlsx", methods=["GET"])
    @endpoint(f"{ROOM_IMPORT}:see")
    def lines_sheet(self, import_id: int) -> Response:
        """Send what a check found of each room, with every value before and after.

        ---
        get:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: an Excel sheet
              content:
                application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:
                  schema: {type: string, format: binary}
        """
        return send_line_sheet(get_room_import(import_id))

    @expose("/<int:import_id>/check", methods=["POST"])
    @endpoint(f"{ROOM}:import")
    def check(self, import_id: int) -> Any:
        """Check the file of a dry run again, against the rooms of now.

        ---
        post:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: counts, as of the first check
            422:
              description: the list has faults
        """
        return _import_result(operations.check_again(get_room_import(import_id), actor=current()))

    @expose("/<int:import_id>/carry-out", methods=["POST"])
    @endpoint(f"{ROOM}:import", status=201)
    def carry_out(self, import_id: int) -> Any:
        """Carry out a dry run with the file that was checked.

        ---
        post:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            201:
              description: counts, and the draft price plan
            409:
              description: rooms moved since the check (changed_since_check); nothing was written
            422:
              description: the rooms changed since, and the list has faults now
        """
        record = get_room_import(import_id)
        return _import_result(operations.carry_out_import(record, actor=current()))

    @expose("/<int:import_id>/columns", methods=["POST"])
    @endpoint(f"{ROOM}:import", body=ColumnsBody)
    def columns(self, import_id: int, body: dict[str, Any]) -> Any:
        """Check the file of a dry run again with what is said of its columns.

        ``columns`` names headings as ``counts.columns`` gives their ``key``, with what each holds:
        building, entrance, floor, number, house_type, gross_area, inside_area, shared_area,
        unit_price, inside_unit_price, total, orientation, view, structure, fit_out, usage,
        product_type, zone, ignored, or an empty text for nobody knows. The
        project remembers it for lists with the same headings. Of a matrix, keys are those of
        ``counts.matrix``: a sheet holds total, unit_price, gross_area, inside_area, house_type or
        is ignored; a column is room, building, entrance, floor or ignored; a block is
        ``building|entrance``.

        ---
        post:
          parameters:
          - {in: path, name: import_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: what the list would do now
            409:
              description: it was carried out already
            422:
              description: the list has faults, or a column cannot hold that
        """
        record = get_room_import(import_id)
        said = {**operations.known_matching(record), **body["columns"]}
        return _import_result(operations.match_columns(record, said, actor=current()))


def _received() -> tuple[ReceivedFile, ReceivedFile | None]:
    """Return the file of a multipart or bare body, and the one to compare with, if there is."""
    if request.mimetype == "multipart/form-data":
        part = next((request.files[name] for name in FILE_PARTS if name in request.files), None)
        if part is None:
            raise BadRequest(_("Send the price list as the part “file”."))
        other = request.files.get(SECOND_PART)
        second = ReceivedFile(clean_name(other.filename), other.read()) if other else None
        return ReceivedFile(clean_name(part.filename), part.read()), second
    return ReceivedFile(clean_name(request.args.get("file_name")), request.get_data()), None


def _import_result(result: ListImport) -> Any:
    answer = import_answer(result.record)
    if not result.faults:
        return answer
    # Answered and not raised: the record with the faults is to stay.
    address = f"/api/v1/room-imports/{result.record.id}/faults.xlsx"
    sentence = _(
        "The file has %(count)d faults and was refused as a whole. The sheet of faults names every"
        " row and how to mend it.",
        count=len(result.faults),
    )
    refused = {"error": "faulty_file", "message": sentence, "fields": {}, "faults_url": address}
    first = [fault_answer(fault) for fault in estate.list_faults(result.record)[:FIRST_FAULTS]]
    return {**answer, **refused, "faults": len(result.faults), "first_faults": first}, 422

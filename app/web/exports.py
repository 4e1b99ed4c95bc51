"""我的导出: long lists are written by the worker; their files are fetched by their owner alone."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core import audit, clock
from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound
from app.core.uow import beside, unit_of_work
from app.lists import operations
from app.lists.models import Export, ExportState
from app.lists.queries import get_kept, get_own_export, list_exports
from app.web import export
from app.web.access import needs
from app.web.chosen_columns import chosen_columns
from app.web.formats import state_chip
from app.web.frame import locale
from app.web.rest import current

if TYPE_CHECKING:
    from app.web.list_pages import ListPages

log = logging.getLogger("xiaokong.exports")

#: up to so many rows a list is written while its reader waits
AT_ONCE = 2000
WORKER = system_actor("worker")
FOLDER = "exports"
#: letters of a list's address that an export keeps
LONGEST_CONDITIONS = 2000
#: seconds after which a file that no export names was left behind
LEFT_AFTER = 6 * 3600

blueprint = Blueprint("exports", __name__)


class Ended(Exception):
    """The export was ended while it was being written."""


def send_or_hand_over(view: ListPages, actor: Actor) -> Any:
    """Answer the list as a file, or hand a long one to the worker and return None."""
    columns = chosen_columns(view, get_kept(view.endpoint, actor).columns)
    project_id = view.project_of_list(request.args)
    query, filters = view.query(request.args, actor, project_id=project_id, columns=columns)
    count = query.count_up_to(export.MOST_ROWS)
    if count <= AT_ONCE:
        return export.send(view, query, filters, columns=columns, actor=actor)
    conditions = request.query_string.decode()
    if len(conditions) > LONGEST_CONDITIONS:
        # Cut off, they would let more rows out than the reader has seen.
        raise Invalid(_("These are too many conditions for one export. Take some of them away."))
    order = operations.ExportOrder(
        list_key=view.endpoint,
        title=str(view.list_title),
        query=conditions,
        columns=tuple(column.path for column in columns),
        project_id=project_id,
        total=count,
        locale=locale(),
    )
    with unit_of_work(actor):
        operations.ask_export(order, actor=actor)
    return None


# ---- what the worker does ----


def run(export_id: int, read_actor: Callable[[int], Actor | None]) -> None:
    """Write an export as its owner, with the rights that he has now; every end is a clear state."""
    with unit_of_work(WORKER):
        claimed = operations.claim_export(export_id, actor=WORKER)
        if claimed is None:
            return
        facts = _Facts(claimed)
    owner = read_actor(facts.owner_id)
    file_name = f"{uuid.uuid4().hex}.xlsx"
    path = folder() / file_name
    try:
        rows = _write(facts, owner, path)
        with unit_of_work(WORKER):
            kept = operations.finish_export(
                export_id,
                rows=rows,
                file_name=file_name,
                size=path.stat().st_size,
                actor=WORKER,
            )
        if not kept:
            path.unlink(missing_ok=True)
    except Ended:
        path.unlink(missing_ok=True)
    except DomainError as error:
        path.unlink(missing_ok=True)
        with force_locale(facts.locale):
            _fail(export_id, str(error.message))
    except BaseException:
        path.unlink(missing_ok=True)
        log.exception("export %s failed", export_id)
        with force_locale(facts.locale):
            _fail(export_id, _("Something went wrong on our side. Ask for the export again."))
        raise


class _Facts:
    """What the writing needs of the export, read once."""

    def __init__(self, row: Export) -> None:
        self.id, self.owner_id, self.list_key = row.id, row.owner_id, row.list_key
        self.query, self.columns, self.project_id = row.query, list(row.columns), row.project_id
        self.locale = row.locale


def _fail(export_id: int, sentence: str) -> None:
    db.session.rollback()
    with unit_of_work(WORKER):
        operations.fail_export(export_id, sentence, actor=WORKER)


def _write(facts: _Facts, owner: Actor | None, path: Path) -> int:
    view = view_named(facts.list_key)
    if owner is None or view is None or not allowed(view, owner, facts.project_id):
        raise NotAllowed(_("You may not export this list any more."))
    given: MultiDict[str, str] = MultiDict(parse_qsl(facts.query))
    # A request of nobody's: labels, formats and masks ask for the language and who is looking.
    with current_app.test_request_context(), force_locale(facts.locale), unit_of_work(owner):
        _look_as(owner)
        columns = chosen_columns(view, facts.columns)
        query, filters = view.query(given, owner, project_id=facts.project_id, columns=columns)
        with path.open("wb") as file:
            rows = export.write(view, query, file, columns, _progress(facts.id))
        export.note(view, rows, filters)
    return rows


def _look_as(owner: Actor) -> None:
    g.actor = owner
    g.by_token = True


def _progress(export_id: int) -> Callable[[int], None]:
    """Return what keeps the count in a transaction of its own, beside the one that reads."""

    def note(done: int) -> None:
        with beside(WORKER) as session:
            going_on = operations.note_progress(export_id, done, session=session, actor=WORKER)
        if not going_on:
            raise Ended

    return note


def view_named(list_key: str) -> Any:
    """Return the generated view of that endpoint, or None."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    found = (view for view in views if view.endpoint == list_key and hasattr(view, "list_columns"))
    return next(found, None)


def allowed(view: Any, actor: Actor, project_id: int | None) -> bool:
    """Tell whether the actor may export this list of this project now."""
    right = view.may(actor, "see") and view.may(actor, "export")
    return bool(right) and (project_id is None or actor.reaches(project_id))


def folder() -> Path:
    """Return the folder of the files, which nobody else may read."""
    found = Path(current_app.config["DATA_DIR"]) / FOLDER
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def expire(*, actor: Actor) -> int:
    """Delete files that have expired, and those that no export names any more.

    A file goes before its row says so: should this end in between, the next run does the rest.
    """
    names = operations.prune_exports(actor=actor)
    for name in names:
        (folder() / name).unlink(missing_ok=True)
    return len(names) + _sweep()


def _sweep() -> int:
    """Delete what a worker left that was killed between writing and saying so."""
    kept = set(db.session.scalars(select(Export.file_name).where(Export.file_name != "")))
    newest = clock.now().timestamp() - LEFT_AFTER
    left = [
        path
        for path in folder().iterdir()
        if path.name not in kept and path.stat().st_mtime < newest
    ]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


# ---- pages ----


@blueprint.get("/exports/")
@needs()
def mine() -> Any:
    """Show one's own exports."""
    rows = [
        _shown(row)
        | {
            "created": row.created_at,
            "expires": row.expires_at,
            "chip": state_chip(ExportState(row.state)),
        }
        for row in list_exports(current())
    ]
    return render_template("web/exports.html", rows=rows)


@blueprint.get("/exports/progress")
@needs()
def progress() -> Any:
    """Answer how far one's own exports are."""
    return jsonify(result=[_shown(row) for row in list_exports(current())])


def _shown(row: Export) -> dict[str, Any]:
    state = ExportState(row.state)
    problem = row.problem
    if state is ExportState.FAILED and not problem:
        problem = _("The program that wrote it was ended. Ask for the export again.")
    percent = 100 if state is ExportState.DONE else min(99, 100 * row.done // max(row.total, 1))
    return {
        "id": row.id,
        "title": row.title,
        "state": state.value,
        "state_title": str(state.title),
        "done": row.done,
        "total": row.total,
        "percent": percent,
        "size": _size(row.size),
        "problem": problem,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "url": url_for("exports.fetch", export_id=row.id) if state is ExportState.DONE else None,
    }


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1024:,.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.1f} MB"


@blueprint.get("/exports/<int:export_id>/file")
@needs()
def fetch(export_id: int) -> Any:
    """Send the file to its owner, if he may still export this list."""
    actor = current()
    row = get_own_export(export_id, actor)
    view = view_named(row.list_key)
    if view is None or not allowed(view, actor, row.project_id):
        raise NotAllowed(_("You may not export this list any more."))
    path = folder() / row.file_name
    if row.state != ExportState.DONE.value or not row.file_name or not path.is_file():
        raise NotFound(_("This file is not there any more. Ask for the export again."))
    with unit_of_work(actor):
        audit.record(
            "export", table_name=view.model.__tablename__, row_id=None, note={"fetched": row.id}
        )
        name = f"{row.title}-{row.created_at:%Y%m%d}.xlsx"
    return send_file(path, mimetype=export.XLSX, as_attachment=True, download_name=name)


@blueprint.post("/exports/<int:export_id>/cancel")
@needs()
def cancel(export_id: int) -> Any:
    """Stop an export."""
    return _do(lambda: operations.cancel_export(export_id, actor=current()))


@blueprint.post("/exports/<int:export_id>/repeat")
@needs()
def repeat(export_id: int) -> Any:
    """Ask for an export again."""
    return _do(lambda: operations.repeat_export(export_id, actor=current()))


def _do(step: Callable[[], Any]) -> Any:
    try:
        with unit_of_work(current()):
            step()
    except NotFound:
        raise
    except DomainError as error:
        flash(str(error.message), "danger")
    return redirect(url_for("exports.mine"))


def init_app(app: Flask) -> None:
    """Answer under ``/exports/``."""
    app.register_blueprint(blueprint)

"""Carrying out a big import in the worker, as the person who asked, with the rights of now."""

from __future__ import annotations

import logging
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.admin.principal import read_actor
from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.errors import DomainError, NotAllowed
from app.core.uow import beside, unit_of_work
from app.estate import operations as estate
from app.estate.models import RoomImportRun
from app.estate.policies import ROOM
from app.estate.queries import get_room_import
from app.pricing import operations

log = logging.getLogger("xiaokong.worker")

WORKER = system_actor("worker")


class Watch:
    """Keeps the progress of one import where its page can see it."""

    def __init__(self, import_id: int) -> None:
        self.import_id, self.done = import_id, 0

    def start(self, total: int) -> None:
        """Say that the file has been read."""
        del total
        self._note()

    def advance(self, rooms: int) -> None:
        """Say that so many more rooms have been handed over."""
        self.done += rooms
        self._note()

    def _note(self) -> None:
        with beside(WORKER) as session:
            estate.note_import_progress(self.import_id, self.done, session=session, actor=WORKER)


def carry_out(import_id: int) -> None:
    """Carry out an import that was asked for; every end is a clear state."""
    with unit_of_work(WORKER):
        run = db.session.scalar(select(RoomImportRun).where(RoomImportRun.import_id == import_id))
        if run is None or run.problem:
            return
        asked_by, locale = run.asked_by_id, run.locale
    actor = read_actor(asked_by)
    # A request of nobody's: what is written into names and reasons asks for the language.
    with current_app.test_request_context(), force_locale(locale):
        try:
            _carry_out(import_id, actor)
        except DomainError as error:
            _end(import_id, error.message)
        except BaseException:
            log.exception("import %s failed", import_id)
            _end(import_id, _("Something went wrong on our side; nothing was written."))
            raise


def _carry_out(import_id: int, actor: Actor | None) -> None:
    if actor is None or not actor.may(f"{ROOM}:import"):
        raise NotAllowed(_("You may not do this. Ask your administrator for the right to it."))
    with unit_of_work(actor):
        record = get_room_import(import_id)
        operations.carry_out_import(record, progress=Watch(import_id), actor=actor)


def _end(import_id: int, sentence: Any) -> None:
    db.session.rollback()
    with unit_of_work(WORKER):
        estate.end_import_run(import_id, sentence, actor=WORKER)

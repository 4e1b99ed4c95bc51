"""The worker's job that seals the audit: away from every hot path, a minute behind it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.core import audit_seal
from app.core.actor import Actor
from app.core.db import db
from app.core.uow import unit_of_work

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("xiaokong.worker")
#: seconds to wait for who still writes before leaving it to the next minute
PATIENCE = 5.0


def seal_audit(app: Flask, actor: Actor, *, pause: float = audit_seal.PAUSE) -> int:
    """Seal what has settled since the last seal; return how many entries."""
    with app.app_context():
        try:
            if not audit_seal.anything_new():
                return 0
            mark = audit_seal.take_mark(pause=pause, patience=PATIENCE)
            if mark is None:
                return 0
            with unit_of_work(actor):
                count = audit_seal.seal_up_to(mark)
                newest = audit_seal.newest_seal()
                chain = newest.chain if newest else ""
        finally:
            db.session.remove()
    if count:
        # The log lies elsewhere than the database: who takes seals away has to forge both.
        log.info("core.seal_audit: %d up to %d, chain %s", count, mark, chain)
    return count

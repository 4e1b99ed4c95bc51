"""A key is answered once, also when two requests carry it at the same moment."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict
from app.core.idempotency import claim_key, digest_of, keep_answer
from app.core.uow import unit_of_work

ACTOR = system_actor("test")
DIGEST = digest_of("POST", "/api/v1/receipts/?", b"{}")
LEFT_BY_ANOTHER = text(
    "INSERT INTO core_idempotency (actor, key, digest, status, answer, created_at)"
    " VALUES (:actor, 'k', :digest, 200, '{}', now() - CAST(:age AS interval))"
)


def leave(age: str) -> None:
    """Let a request that has ended leave its answer, so many hours ago."""
    values = {"actor": ACTOR.key, "digest": DIGEST, "age": age}
    with db.engine.begin() as other:
        other.execute(LEFT_BY_ANOTHER, values)


@pytest.mark.commit
@pytest.mark.usefixtures("committed")
def test_what_a_claim_did_not_see_yet_undoes_the_second():
    """The first ended after the second's claim had read, and before it had the lock."""
    with unit_of_work(ACTOR):
        assert claim_key("k", DIGEST, actor=ACTOR) is None
        leave("0 hours")
        with pytest.raises(Conflict) as refused:
            keep_answer("k", DIGEST, 201, {"id": 2}, actor=ACTOR)
    assert refused.value.code == "request_running"
    with unit_of_work(ACTOR):
        kept = claim_key("k", DIGEST, actor=ACTOR)
    assert kept is not None
    assert (kept.status, kept.answer) == (200, {})


@pytest.mark.commit
@pytest.mark.usefixtures("committed")
def test_an_answer_of_yesterday_gives_way():
    leave("25 hours")
    with unit_of_work(ACTOR):
        assert claim_key("k", DIGEST, actor=ACTOR) is None
        keep_answer("k", DIGEST, 201, {"id": 2}, actor=ACTOR)
    with unit_of_work(ACTOR):
        kept = claim_key("k", DIGEST, actor=ACTOR)
    assert kept is not None
    assert kept.answer == {"id": 2}

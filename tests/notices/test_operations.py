"""Telling, reading, choosing and forgetting notices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import acting
from app.core.errors import Invalid, NotFound
from app.notices import operations, queries
from app.notices.kinds import NoticeKind, all_kinds, declare_notices
from app.notices.models import Notice
from app.notices.operations import News, tell, tell_each
from tests.factories.notices import SYSTEM, make_notice
from tests.factories.people import make_project

NEWS = News("hold_lapsed", "/sales/holds/show/1", {"room": "3栋-101"})


def told(actor, **options):
    with acting(actor):
        return queries.list_notices(actor, **options).rows


def test_several_people_are_told_at_once_but_not_who_did_it(actor_for):
    doer, one, other = actor_for("manager"), actor_for("consultant"), actor_for("consultant")
    assert tell(NEWS, [one.id, other.id, one.id, doer.id, None], actor=doer) == 2
    assert [len(told(actor)) for actor in (doer, one, other)] == [0, 1, 1]
    notice = told(one)[0]
    assert "3栋-101" in notice.sentence
    assert (notice.link, notice.read_at) == ("/sales/holds/show/1", None)


def test_telling_costs_one_statement_and_nothing_for_nobody(actor_for, counted):
    doer, one, other = actor_for("manager"), actor_for("consultant"), actor_for("consultant")
    with counted() as statements:
        tell(NEWS, [doer.id, None], actor=doer)
    assert statements == []
    with counted() as statements:
        tell_each([(NEWS, one.id), (NEWS, other.id)], actor=doer)
    assert len(statements) == 1


def test_what_is_told_once_is_not_told_again(actor_for):
    one = actor_for("consultant")
    news = News("hold_ends_soon", "/x", {}, once="hold_ends_soon:1")
    assert tell(news, [one.id], actor=SYSTEM) == 1
    assert tell(news, [one.id], actor=SYSTEM) == 0
    assert len(told(one)) == 1


def test_who_does_not_want_to_hear_is_not_told(actor_for):
    one = actor_for("consultant")
    operations.choose_kinds(["hold_lapsed"], actor=one)
    assert tell(NEWS, [one.id], actor=SYSTEM) == 0
    assert queries.muted_kinds(one) == {"hold_lapsed"}
    operations.choose_kinds([], actor=one)
    assert tell(NEWS, [one.id], actor=SYSTEM) == 1


def test_an_unknown_kind_cannot_be_chosen(actor_for):
    with pytest.raises(Invalid):
        operations.choose_kinds(["nonsense"], actor=actor_for("consultant"))


def test_one_reads_ones_own_only(actor_for):
    one, other = actor_for("consultant"), actor_for("consultant")
    notice = make_notice(one.id)
    with acting(other), pytest.raises(NotFound):
        operations.mark_read(notice.id, actor=other)
    with acting(one):
        operations.mark_read(notice.id, actor=one)
        read_at = notice.read_at
        operations.mark_read(notice.id, actor=one)
    assert read_at is not None
    assert notice.read_at == read_at


def test_all_are_read_up_to_what_was_seen(actor_for):
    one, other = actor_for("consultant"), actor_for("consultant")
    seen, later, strange = make_notice(one.id), make_notice(one.id), make_notice(other.id)
    with acting(one):
        assert operations.mark_all_read(until=seen.id, actor=one) == 1
        assert queries.count_unread(one) == 1
        assert [row.id for row in queries.list_notices(one, unread=True).rows] == [later.id]
        assert operations.mark_all_read(actor=one) == 1
    with acting(other):
        assert [row.id for row in queries.list_notices(other, unread=True).rows] == [strange.id]


def test_a_project_out_of_reach_is_not_spoken_of(actor_for, project):
    one, elsewhere = actor_for("consultant"), make_project()
    here = make_notice(one.id, project_id=project.id)
    make_notice(one.id, project_id=elsewhere.id)
    everywhere = make_notice(one.id, kind="account_changed", link="/", words={})
    assert [row.id for row in told(one)] == [everywhere.id, here.id]
    with acting(one):
        assert queries.count_unread(one) == 2


def test_pages_follow_the_cursor(actor_for):
    one = actor_for("consultant")
    ids = [make_notice(one.id).id for _place in range(5)]
    with acting(one):
        first = queries.list_notices(one, limit=2)
        second = queries.list_notices(one, limit=2, before=first.next)
        last = queries.list_notices(one, limit=2, before=second.next)
    found = [row.id for page in (first, second, last) for row in page.rows]
    assert found == ids[::-1]
    assert last.next is None


def test_after_ninety_days_they_are_forgotten(actor_for, session):
    one = actor_for("consultant")
    old, young = make_notice(one.id), make_notice(one.id)
    old.made_at = clock.now() - timedelta(days=91)
    young.made_at = clock.now() - timedelta(days=89)
    session.flush()
    assert operations.prune_notices() == 1
    left = select(func.count()).select_from(Notice).where(Notice.user_id == one.id)
    assert session.scalar(left) == 1


@pytest.mark.usefixtures("app")
def test_every_kind_has_words_and_is_declared_once():
    kinds = list(all_kinds())
    assert len(kinds) > 15
    for kind in kinds:
        assert kind.say({}), kind.key
        assert str(kind.title), kind.key
        assert str(kind.when) or kind.always, kind.key
    with pytest.raises(ValueError, match="declared twice"):
        declare_notices(NoticeKind("hold_lapsed", "", ""))

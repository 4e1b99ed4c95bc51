"""customer_search_p95: what one typed word costs among 100,000 customers of one project."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from bench.measure import Measure, measure
from bench.stage import KEYS, Stage

CUSTOMERS = 100_000
ROUNDS = 3
#: one types on without waiting for what comes within a twentieth of a second
GOAL_MS = 50.0
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏"
    "魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤单仇"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文斌宇浩然子轩梓涵"
    "欣怡佳琪俊嘉雨婷雪晨思远小春海波振东晓峰"
)
#: as people type: names, parts of them, pinyin, initials, tails, parts of phones, nothing fitting
TYPED = (
    "王小明", "小明", "王", "wangxiaoming", "wangx", "wxm", "wx", "w", "zhang", "z", "shan",
    "5678", "567", "1234", "13800012345", "12345", "123x", "字", "qqqqq", "%", "5", "英",
)  # fmt: skip


def run(stage: Stage, scale: float) -> list[Measure]:
    """Search through the eyes of who sees the project, the whole group and only his own."""
    from app import create_app
    from app.admin.principal import read_actor
    from app.core.actor import acting, system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.customers.queries import search_customers
    from app.estate.models import Project
    from tests.factories.people import make_user

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        with unit_of_work(system_actor("bench")):
            project = db.session.get_one(Project, stage.project_id)
            people = [stage.users[0], make_user("manager", projects=[project]).id]
            people.append(make_user("manager", whole_group=True).id)
        fill(stage)
        taken: dict[tuple[str, str], float] = {}
        for person in people:
            actor = read_actor(person)
            assert actor is not None
            for typed in TYPED:
                with acting(actor):
                    taken[actor.name, typed] = _middle(search_customers, typed, db)
        db.session.remove()
        db.engine.dispose()
    slowest = max(taken, key=lambda one: taken[one])
    print(f"slowest search of {CUSTOMERS:,} customers: {slowest[1]}, {taken[slowest]:.1f} ms")
    p95 = statistics.quantiles(taken.values(), n=20)[-1]
    return [
        measure(
            "customer_search_p95", p95, "ms", scale=scale, better="lower", goal=GOAL_MS, by="value"
        )
    ]


def _middle(search: Any, typed: str, db: Any) -> float:
    found = []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        search(typed, limit=20)
        found.append((time.perf_counter() - begun) * 1000)
        db.session.rollback()
        db.session.expunge_all()
    return statistics.median(found)


def fill(stage: Stage) -> None:
    """Put the customers in, shared among the consultants, with the keys that the program makes."""
    import psycopg2
    from psycopg2.extras import execute_values

    from app.customers.search_keys import keys_of

    chance = random.Random(7)
    rows = []
    for number in range(CUSTOMERS):
        given = "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
        name, tail = chance.choice(SURNAMES) + given, f"{chance.randrange(10_000):04d}"
        mobile = f"13{chance.randrange(100_000):05d}{tail}"
        document = chance.choice((None, f"{chance.randrange(1000):03d}X", f"{number % 10_000:04d}"))
        keys = keys_of(name, tail, document)
        owner = chance.choice(stage.users)
        rows.append((stage.project_id, name, mobile, tail, document, owner, keys))
    connection = psycopg2.connect(stage.url)
    with connection, connection.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO customers_customer (project_id, name, mobile, mobile_tail,"
            " id_number_tail, owner_id, search_keys) VALUES %s ON CONFLICT DO NOTHING",
            rows,
            page_size=2000,
        )
    connection.close()
    stage.sql("VACUUM ANALYZE customers_customer")

"""What the people of the office do all day, each on a thread of his own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chaos.diary import Deed, Diary
from chaos.office import Office
from chaos.person import Over, Person

PROJECT = "SFMY"
#: rooms that everybody wants: here people meet
HOT = 12
FLOORS, COLUMNS = 4, 5
#: so many buildings are taken in and put on sale; a building has 20 rooms
MOST_BUILDINGS = 60


@dataclass
class Scene:
    """What the people share: the office, the diary, what waits for whom."""

    office: Office
    diary: Diary
    stop: threading.Event = field(default_factory=threading.Event)
    project: int = 0
    method: int = 0
    discount: int = 0
    slips: queue.Queue[int] = field(default_factory=queue.Queue)
    taken: queue.Queue[int] = field(default_factory=queue.Queue)
    special: dict[int, int] = field(default_factory=dict)
    #: what went wrong in a person's own code: no fault of the office, but never swallowed
    faults: list[str] = field(default_factory=list)

    def person(self, username: str) -> Person:
        return Person(self.office, self.diary, username, self.stop)

    def prepare(self) -> None:
        """Find the project and its terms; give the cashier a book that lasts."""
        steward = self.person("steward")
        projects = steward.read("projects")["result"]
        self.project = next(row["id"] for row in projects if row["code"] == PROJECT)
        methods = steward.read("payment-methods", project_id=self.project)["result"]
        self.method = methods[0]["id"]
        self.discount = steward.read("discounts", project_id=self.project)["result"][0]["id"]
        cashier = self.office.ask("SELECT id FROM ab_user WHERE username = 'cashier'")[0][0]
        book = {"project_id": self.project, "prefix": "CH", "first_number": 1}
        book |= {"last_number": 99999, "digits": 5, "cashier_id": cashier}
        made = self.person("finance_manager").do("bill book", "bill-books", book)
        assert made.succeeded, made.story()


def cast(scene: Scene) -> list[threading.Thread]:
    """Return everybody's thread, not yet started."""
    parts: list[tuple[str, Callable[[Scene, Person], None]]] = [
        ("consultant1", sell),
        ("consultant2", sell),
        ("consultant1", sell),
        ("consultant2", hold),
        ("controller", hold),
        ("cashier", take_money),
        ("cashier", take_money),
        ("accountant", take_back),
        ("cashier", see_to_papers),
        ("manager", decide),
        ("finance_manager", decide),
        ("director", decide),
        ("steward", take_in),
    ]
    threads = [
        threading.Thread(
            target=_play, args=(scene, part, scene.person(name)), name=part.__name__, daemon=True
        )
        for name, part in parts
    ]
    return [*threads, threading.Thread(target=_let_time_pass, args=(scene,), daemon=True)]


def _play(scene: Scene, part: Callable[[Scene, Person], None], person: Person) -> None:
    while not scene.stop.is_set():
        try:
            part(scene, person)
        except Over:
            return
        except Exception as error:
            scene.faults.append(f"{part.__name__} by {person.username}: {error!r}")
            scene.stop.wait(0.5)


# --- at the front desk ---


def hold(scene: Scene, person: Person) -> None:
    """Hold a room for a while; some are released, some end by themselves."""
    room = _pick(scene, person, ("available", "reserved", "held"))
    if room is None:
        return
    tag = scene.diary.tag()
    body: dict[str, Any] = {"reason": tag}
    short = person.chance.random() < 0.5
    if short:
        body["until"] = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    done = person.do("hold", f"rooms/{room}/hold", body, tag=tag)
    if not short or not done.succeeded:
        _release(scene, person, room)
    scene.stop.wait(person.chance.uniform(0, 0.3))


def _release(scene: Scene, person: Person, room: int) -> Deed:
    tag = scene.diary.tag()
    return person.do("release", f"rooms/{room}/release", {"reason": tag}, tag=tag)


def sell(scene: Scene, person: Person) -> None:
    """From a customer at the desk to a slip for the cashier, as far as it goes."""
    customer = _register(scene, person)
    room = _pick(scene, person, ("available",))
    if customer is None or room is None:
        return
    if person.chance.random() < 0.5:
        tag = scene.diary.tag()
        body = {"reason": tag, "customer_id": customer.answer["id"]}
        if not person.do("hold", f"rooms/{room}/hold", body, tag=tag).succeeded:
            return
    special = None
    if person.chance.random() < 0.35:
        special = _ask_for_discount(scene, person, room, customer.answer["id"])
    deal = _subscribe(scene, person, room, customer, special)
    if deal is not None and person.chance.random() < 0.75:
        _make_slip(scene, person, deal)


def _register(scene: Scene, person: Person) -> Deed | None:
    tag = scene.diary.tag()
    body = {
        "kind": "person",
        "name": tag,
        "mobile": f"139{scene.diary.number():08d}",
        "id_kind": "other",
        "id_number": tag,
        "consent": True,
        "project_id": scene.project,
    }
    made = person.do("customer", "customers", body, tag=tag)
    return made if made.succeeded else None


def _pick(scene: Scene, person: Person, states: tuple[str, ...]) -> int | None:
    """Return a room on sale: mostly one of those that all want, sometimes any."""
    grid = person.read(f"projects/{scene.project}/grid")
    rooms = [] if grid is None else [one["id"] for one in grid["rooms"] if one["status"] in states]
    if not rooms:
        scene.stop.wait(0.5)
        return None
    return int(person.chance.choice(rooms[:HOT] if person.chance.random() < 0.4 else rooms))


def _ask_for_discount(scene: Scene, person: Person, room: int, customer: int) -> int | None:
    tag = scene.diary.tag()
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    body = {
        "kind": "special_discount",
        "subject": {"type": "room", "id": room},
        "values": {"customer_id": customer, "percent": "1.50", "valid_until": until},
        "reason": tag,
    }
    asked = person.do("ask for discount", "approvals", body, tag=tag)
    if not asked.succeeded:
        return None
    for _look in range(40):
        if scene.stop.wait(0.25):
            break
        found = person.read(f"approvals/{asked.answer['id']}")
        if found and found["state"] != "running":
            result = found.get("result") or {}
            return result.get("special_discount_id")
    return None


def _subscribe(
    scene: Scene, person: Person, room: int, customer: Deed, special: int | None
) -> Deed | None:
    body: dict[str, Any] = {
        "room_id": room,
        "payment_method_id": scene.method,
        "discount_ids": [] if special else [scene.discount],
    }
    quote = body | ({"special_discount_id": special} if special else {})
    person.do("quote", "quotes", quote)
    body = quote | {"buyers": [{"customer_id": customer.answer["id"], "share": "100.00"}]}
    made = person.do("subscribe", "subscriptions", body, tag=customer.tag)
    return made if made.succeeded else None


def _make_slip(scene: Scene, person: Person, deal: Deed) -> None:
    tag = scene.diary.tag()
    # Most pay the whole deposit, some a part of it.
    amount = "100000.00" if person.chance.random() < 0.8 else "40000.00"
    body = {
        "subject": {"type": "subscription", "id": deal.answer["id"]},
        "amount": amount,
        "method": person.chance.choice(["transfer", "cash", "qr"]),
        "payer": tag,
    }
    slip = person.do("slip", "receipts", body, tag=tag)
    if slip.succeeded:
        for _each in range(2 if person.chance.random() < 0.2 else 1):
            # Sometimes it comes to both counters, who confirm it at the same moment.
            scene.slips.put(slip.answer["id"])


# --- at the counter ---


def take_money(scene: Scene, person: Person) -> None:
    """Confirm the next slip."""
    receipt = _next(scene, scene.slips)
    done = person.do("confirm", f"receipts/{receipt}/confirm", about=receipt)
    if done.succeeded:
        scene.taken.put(receipt)


def take_back(scene: Scene, person: Person) -> None:
    """Reverse every third receipt, sometimes twice over."""
    receipt = _next(scene, scene.taken)
    if person.chance.random() < 0.5:
        return
    for _each in range(2 if person.chance.random() < 0.2 else 1):
        tag = scene.diary.tag()
        path = f"receipts/{receipt}/reverse"
        person.do("reverse", path, {"reason": tag}, tag=tag, about=receipt)


def see_to_papers(scene: Scene, person: Person) -> None:
    """Have printed again what nobody knows of."""
    if scene.stop.wait(2):
        return
    found = scene.office.ask(
        "SELECT id, subject_id FROM devices_job WHERE state = 'unknown'"
        " AND state_at < now() - interval '3 seconds' ORDER BY random() LIMIT 1"
    )
    for job, receipt in found:
        jobs = person.read("device-jobs", subject_type="receipt", subject_id=receipt)
        if jobs is not None and person.chance.random() < 0.5:
            tag = scene.diary.tag()
            person.do(
                "print again", f"device-jobs/{job}/retry", {"reason": tag}, tag=tag, about=job
            )


def _next(scene: Scene, waiting: queue.Queue[int]) -> int:
    while True:
        try:
            return waiting.get(timeout=0.5)
        except queue.Empty:
            if scene.stop.is_set():
                raise Over from None


# --- in the offices behind ---


def decide(scene: Scene, person: Person) -> None:
    """Decide what waits: most is approved, some is refused."""
    todo = person.read("approvals/todo")
    for row in (todo or {}).get("result", []):
        tag = scene.diary.tag()
        step = "reject" if person.chance.random() < 0.1 else "approve"
        path = f"approvals/{row['id']}/{step}"
        person.do(step, path, {"comment": tag}, tag=tag, about=row["id"])
    scene.stop.wait(person.chance.uniform(0.2, 0.6))


def take_in(scene: Scene, person: Person) -> None:
    """Take in a building's price list, have its prices approved, put it on sale."""
    tag = scene.diary.tag()
    if sum(deed.kind == "import" for deed in scene.diary.all()) >= MOST_BUILDINGS:
        scene.stop.wait(5)
        return
    path = f"projects/{scene.project}/rooms/import?file_name={tag}.csv"
    taken = person.do("import", path, _price_list(tag), tag=tag)
    if not taken.succeeded:
        return
    _give_permit(scene, tag)
    for _try in range(3):
        if _price(scene, person, taken.answer["price_plan"]["id"]):
            _put_on_sale(scene, tag)
            break
    scene.stop.wait(person.chance.uniform(5, 15))


def _price_list(building: str) -> bytes:
    lines = ["楼栋,单元,楼层,房号,建筑面积,套内面积,单价"]
    lines += [
        f"{building},1单元,{floor},{floor}{column:02d},{88 + column}.50,{70 + column}.00,52000.00"
        for floor in range(1, FLOORS + 1)
        for column in range(1, COLUMNS + 1)
    ]
    return "\n".join(lines).encode()


def _price(scene: Scene, person: Person, plan: int) -> bool:
    tag = scene.diary.tag()
    subject = {"type": "price_plan", "id": plan}
    body = {"kind": "price_change", "subject": subject, "values": {}, "reason": tag}
    asked = person.do("ask for prices", "approvals", body, tag=tag)
    if not asked.succeeded:
        return False
    while not scene.stop.wait(0.5):
        found = person.read(f"approvals/{asked.answer['id']}")
        if found and found["state"] != "running":
            return bool(found["state"] == "approved")
    raise Over


def _put_on_sale(scene: Scene, building: str) -> None:
    number = scene.office.ask("SELECT id FROM estate_building WHERE name = %s", building)[0][0]
    body = {"building_id": number, "reason": "chaos"}
    director = scene.person("director")
    director.do("put on sale", "rooms/release-for-sale", body, tag=building, about=number)


def _give_permit(scene: Scene, building: str) -> None:
    """Enter the permit that the authority has granted: no part of the story, a fact around it."""
    scene.office.ask(
        "INSERT INTO estate_permit_building (project_id, permit_id, building_id)"
        " SELECT b.project_id, (SELECT min(id) FROM estate_permit p"
        " WHERE p.project_id = b.project_id), b.id FROM estate_building b WHERE b.name = %s"
        " ON CONFLICT DO NOTHING",
        building,
    )


def _let_time_pass(scene: Scene) -> None:
    """Let the time for the deposit be over for deals that nobody has paid: the worker ends them."""
    while not scene.stop.wait(1.5):
        scene.office.ask(
            "UPDATE sales_subscription SET lapses_at = now() - interval '1 second'"
            " WHERE id IN (SELECT id FROM sales_subscription WHERE state = 'awaiting_deposit'"
            " AND lapses_at > now() AND state_at < now() - interval '5 seconds'"
            " ORDER BY id LIMIT 3)"
        )

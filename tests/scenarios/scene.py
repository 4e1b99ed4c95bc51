"""A project in the middle of its sale, made over REST: what the pictures of the guides show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.core import clock
from tests.scenarios.office import Caller, Office

#: made-up people: name, first 17 digits of an identity number, mobile
PEOPLE = (
    ("王小明", "11010519491231002", "13800138001"),
    ("李小红", "44010619880808002", "13800138002"),
    ("赵大海", "44030519920315001", "13800138003"),
    ("黄志强", "44030119850612103", "13800138004"),
    ("吴晓燕", "44030319900925204", "13800138005"),
    ("孙建国", "44030419781103305", "13800138006"),
    ("杨丽娟", "44030719930417406", "13800138007"),
    ("胡文博", "44030819870729507", "13800138008"),
    ("林佩珊", "44030919950208608", "13800138009"),
    ("徐家豪", "44031019821216709", "13800138010"),
    ("郭雅婷", "44030519910503810", "13800138011"),
    ("何俊杰", "44030619860821911", "13800138012"),
)
#: rooms of building 3: (number, method, deposit paid or not)
SOLD = (
    ("3101", "一次性", True),
    ("3004", "按揭", True),
    ("2903", "按揭", True),
    ("2801", "按揭", False),
    ("2704", "一次性", True),
    ("2503", "按揭", True),
    ("2404", "按揭", True),
    ("2301", "按揭", False),
    ("2202", "一次性", True),
    ("2103", "按揭", True),
)
HELD = ("3103", "2902", "2601", "2504", "2303", "2101")
CONTROLLED = ("2804", "2401", "2204")


def identity_number(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]


class Scene:
    """A project in the middle of its sale, made over REST."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.sellers = [office.as_user("consultant1"), office.as_user("consultant2")]
        projects = self.sellers[0].get("projects")["result"]
        self.project = next(row["id"] for row in projects if row["code"] == "SFMY")
        grid = self.sellers[0].get(f"projects/{self.project}/grid")
        third = next(row["id"] for row in grid["buildings"] if row["name"] == "3栋")
        self.rooms = {
            row["number"]: row["id"] for row in grid["rooms"] if row["building_id"] == third
        }
        self.methods = self._named("payment-methods")
        self.discounts = list(self._named("discounts").values())
        self.customers: list[tuple[Caller, int, str]] = []

    def _named(self, path: str) -> dict[str, int]:
        answer = self.sellers[0].get(path, project_id=self.project)
        return {row["name"]: row["id"] for row in answer["result"]}

    def make(self) -> int:
        """Register, sell, hold; return the receipt whose paper is shown."""
        for place, (name, body, mobile) in enumerate(PEOPLE):
            self.customers.append(self._register(self.sellers[place % 2], name, body, mobile))
        first = 0
        for place, (number, method, paid) in enumerate(SOLD):
            seller, customer, name = self.customers[place]
            account = self._subscribe(seller, number, method, customer)
            if paid:
                first = self._deposit(account, name) if place == 0 else first
                if place:
                    self._deposit(account, name)
        for place, number in enumerate(HELD):
            seller, customer, _ = self.customers[place % len(self.customers)]
            seller.post(
                f"rooms/{self.rooms[number]}/hold",
                {"reason": "客户约好复看", "customer_id": customer},
            )
        controller = self.office.as_user("controller")
        for number in CONTROLLED:
            controller.post(f"rooms/{self.rooms[number]}/hold", {"reason": "样板间保留"})
        self._ask_special_discount()
        return first

    def _register(
        self, seller: Caller, name: str, body: str, mobile: str
    ) -> tuple[Caller, int, str]:
        person = {
            "project_id": self.project,
            "kind": "person",
            "name": name,
            "mobile": mobile,
            "id_kind": "resident_id",
            "id_number": identity_number(body),
            "consent": True,
        }
        return seller, seller.post("customers", person)["id"], name

    def _subscribe(self, seller: Caller, number: str, method: str, customer: int) -> dict[str, Any]:
        made = seller.post(
            "subscriptions",
            {
                "room_id": self.rooms[number],
                "payment_method_id": self.methods[method],
                "discount_ids": self.discounts if method == "按揭" else [],
                "buyers": [{"customer_id": customer, "share": "100.00"}],
            },
        )
        return {"type": "subscription", "id": made["id"]}

    def _deposit(self, subject: dict[str, Any], payer: str) -> int:
        cashier = self.office.as_user("cashier")
        slip = cashier.post(
            "receipts",
            {"subject": subject, "amount": "100000.00", "method": "transfer", "payer": payer},
        )
        cashier.post(f"receipts/{slip['id']}/confirm", {}, status=200)
        return int(slip["id"])

    def _ask_special_discount(self) -> None:
        seller, customer, _ = self.customers[2]
        seller.post(
            "approvals",
            {
                "kind": "special_discount",
                "subject": {"type": "room", "id": self.rooms["2602"]},
                "values": {
                    "customer_id": customer,
                    "percent": "2.50",
                    "valid_until": f"{clock.today() + timedelta(days=7)}",
                },
                "reason": "客户为老业主介绍，已看房三次，对面竞品降价 3%，本周可签约",
            },
        )

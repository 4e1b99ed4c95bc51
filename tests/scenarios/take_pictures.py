"""Takes the pictures of the guides: ``python -m tests.scenarios.take_pictures docs/pictures``."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from app.core import clock
from config import ROOT
from tests import database
from tests.scenarios.office import Caller, Office, free_ports
from tests.scenarios.pages import Grid, Window, launch

#: a README is read over slow lines
MOST_BYTES = 250_000
DATA = ROOT / "app/demo/data"

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


@contextmanager
def running_office() -> Iterator[Office]:
    server = database.Server()
    try:
        database.make_template(server.cluster.url)
        with database.cloned("xk_pictures") as url, tempfile.TemporaryDirectory() as folder:
            office = Office(Path(folder), url, *free_ports(2))
            try:
                office.start()
                yield office
            finally:
                office.stop()
    finally:
        server.stop()


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


class Album:
    """The folder of the pictures."""

    def __init__(self, folder: Path, browser: Browser, office: Office) -> None:
        self.folder = folder
        self.browser = browser
        self.office = office

    def window(self, username: str, *, phone: bool = False) -> Window:
        return Window(self.browser, self.office, username, phone=phone)

    def keep(self, window: Window, name: str, *, height: int | None = None) -> None:
        if height:
            window.page.set_viewport_size({"width": window.size["width"], "height": height})
        window.page.evaluate("document.activeElement?.blur()")
        window.page.wait_for_timeout(400)
        path = self.folder / f"{name}-{window.size['width']}.png"
        window.page.screenshot(path=path)
        if path.stat().st_size > MOST_BYTES:
            message = f"{path} has {path.stat().st_size} bytes"
            raise RuntimeError(message)
        window.context.close()

    def grid(self) -> None:
        window = self.window("manager")
        panel = Grid(window).open().room("3栋", "2602")
        panel.get_by_label("付款方式").select_option(label="按揭")
        panel.get_by_label("开盘优惠").check()
        expect(panel).to_contain_text("按揭款")
        self.keep(window, "grid", height=830)

    def approval(self) -> None:
        window = self.window("manager", phone=True)
        window.go("待我审批")
        window.page.get_by_role("link").filter(has_text="2602").click()
        window.sees("等待您处理")
        self.keep(window, "approval")

    def page(
        self, name: str, username: str, address: str, *, phone: bool = False, height: int = 800
    ) -> None:
        """Keep one page as that user sees it."""
        window = self.window(username, phone=phone)
        window.open(address)
        window.page.wait_for_timeout(1500)
        self.keep(window, name, height=height)

    def deal(self) -> None:
        window = self.window("consultant1")
        window.go("认购")
        window.page.locator("main tbody a").first.click()
        window.sees("应收")
        self.keep(window, "subscription", height=900)

    def subscriptions(self) -> None:
        window = self.window("director")
        window.go("认购")
        self.keep(window, "subscriptions", height=760)

    def receipt(self, number: int) -> None:
        window = self.window("cashier")
        window.open(f"/receipts/show/{number}")
        paper = window.page.get_by_role("img", name=re.compile("SJ"))
        expect(paper).to_be_visible(timeout=60_000)
        self.keep(window, "receipt", height=1180)

    def price_list(self) -> None:
        window = self.window("steward")
        window.go("导入房源")
        window.page.get_by_label("文件").set_input_files(DATA / "songfeng-rooms.xls")
        window.page.get_by_label("第二份价目表").set_input_files(DATA / "songfeng-matrix.xlsx")
        window.press("检查价目表")
        window.sees("2,134,261,656.44")
        self.keep(window, "import")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running_office() as office, sync_playwright() as playwright:
        receipt = Scene(office).make()
        browser = launch(playwright)
        album = Album(folder, browser, office)
        album.grid()
        album.approval()
        album.subscriptions()
        album.receipt(receipt)
        album.price_list()
        album.deal()
        album.page("workbench", "manager", "/work/")
        album.page("workbench", "consultant1", "/work/", phone=True, height=844)
        album.page("cashier", "cashier", "/cashier/")
        album.page("roles", "admin", "/roles/list/", height=900)
        album.page("audit", "admin", "/audit/list/", height=900)
        album.page("system", "admin", "/system/", height=900)
        album.page("account", "consultant1", "/account/", height=700)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

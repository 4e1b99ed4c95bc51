"""Takes the pictures of the guides: ``python -m tests.scenarios.take_pictures docs/pictures``."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from config import ROOT
from tests import database
from tests.scenarios.office import Office, free_ports
from tests.scenarios.pages import Grid, Window, launch
from tests.scenarios.scene import Scene

#: a README is read over slow lines
MOST_BYTES = 250_000
DATA = ROOT / "app/demo/data"


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


class Album:
    """The folder of the pictures."""

    def __init__(self, folder: Path, browser: Browser, office: Office, scene: Scene) -> None:
        self.folder = folder
        self.browser = browser
        self.office = office
        self.scene = scene

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

    def page(
        self, name: str, username: str, address: str, *, phone: bool = False, height: int = 800
    ) -> None:
        """Keep one page as that user sees it."""
        window = self.window(username, phone=phone)
        window.open(address)
        window.page.wait_for_timeout(1500)
        self.keep(window, name, height=height)

    def first(self, name: str, username: str, address: str, *, height: int) -> None:
        """Keep the page that the first row of a list leads to."""
        window = self.window(username)
        window.open(address)
        links = window.page.locator("main").locator("tbody a, a[href*='/show/']")
        links.locator("visible=true").first.click()
        window.page.wait_for_timeout(1500)
        self.keep(window, name, height=height)

    # ---- who sells ----

    def grid(self) -> None:
        window = self.window("manager")
        panel = Grid(window).open().room("3栋", "2602")
        panel.get_by_label("付款方式").select_option(label="按揭")
        panel.get_by_label("开盘优惠").check()
        expect(panel).to_contain_text("按揭款")
        self.keep(window, "grid", height=790)

    def grid_by_thumb(self) -> None:
        window = self.window("consultant1", phone=True)
        Grid(window).open()
        self.keep(window, "grid")

    def quotation(self) -> None:
        room = self.scene.rooms["2602"]
        window = self.window("consultant1")
        window.open(f"/sales/quotation/{room}")
        window.page.get_by_role("radio", name="按揭").check(force=True)
        window.page.wait_for_timeout(1500)
        self.keep(window, "quotation", height=700)

    def price_list(self) -> None:
        window = self.window("steward")
        window.go("导入房源")
        window.page.locator("#file").set_input_files(DATA / "songfeng-rooms.xls")
        window.page.get_by_label("第二份价目表").set_input_files(DATA / "songfeng-matrix.xlsx")
        window.press("检查价目表")
        window.sees("2,134,261,656.44")
        self.keep(window, "import")

    # ---- who approves ----

    def approval(self, *, phone: bool) -> None:
        window = self.window("manager", phone=phone)
        window.go("待我审批")
        window.page.get_by_role("link").filter(has_text="2602").first.click()
        window.sees("等待您处理")
        self.keep(window, "approval")

    # ---- who takes money ----

    def receipt(self, number: int) -> None:
        window = self.window("cashier")
        window.open(f"/receipts/show/{number}")
        paper = window.page.get_by_role("img", name=re.compile("SJ"))
        expect(paper).to_be_visible(timeout=60_000)
        self.keep(window, "receipt", height=1180)

    def payment(self) -> None:
        window = self.window("cashier")
        window.open("/cashier/")
        window.page.locator("main a[href^='/cashier/account/']").first.click()
        window.page.wait_for_timeout(1500)
        self.keep(window, "payment", height=900)


def take(album: Album, receipt: int) -> None:
    """Take every picture that a guide or the README shows."""
    album.grid()
    album.grid_by_thumb()
    album.page("workbench", "consultant1", "/work/", phone=True, height=844)
    album.first("customer", "consultant1", "/customers/list/", height=760)
    album.quotation()
    album.page("subscribe", "consultant1", f"/sales/subscribe/{album.scene.rooms['2602']}")
    album.first("subscription", "consultant1", "/sales/subscriptions/list/", height=680)
    album.page("subscriptions", "director", "/sales/subscriptions/list/", height=760)
    album.price_list()
    album.page("sale", "director", "/sale/", height=620)
    album.page("hold", "controller", f"/sales/hold/{album.scene.rooms['2604']}", height=700)
    album.approval(phone=True)
    album.approval(phone=False)
    album.page("workbench", "manager", "/work/")
    album.page("cashier", "cashier", "/cashier/", height=700)
    album.payment()
    album.receipt(receipt)
    album.page("jobs", "cashier", "/device-jobs/list/", height=560)
    album.page("organizations", "admin", "/organization-tree/", height=760)
    album.page("users", "admin", "/users/list/", height=760)
    album.page("roles", "admin", "/roles/list/", height=760)
    album.first("role", "admin", "/roles/list/", height=900)
    album.page("audit", "admin", "/audit/list/", height=820)
    album.page("system", "admin", "/system/", height=900)
    album.page("account", "consultant1", "/account/", height=760)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running_office() as office, sync_playwright() as playwright:
        scene = Scene(office)
        receipt = scene.make()
        browser = launch(playwright)
        take(Album(folder, browser, office, scene), receipt)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A person at a browser window: what he presses and sees, and what the browser complains of."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, Response, expect

from tests.scenarios.office import DEMO_PASSWORD, Office

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
#: patience with a busy machine; what must be quick says so where it is looked for
PATIENCE = 20_000
PICTURES = os.environ.get("XK_PICTURES")

#: Latin words that a Chinese page may show: the way to the other language, formats, codes
ALLOWED = {"English", "Excel", "No", "PDF", "SFMY", "YQYY"}
#: numbers of documents, such as RG2026-00001, DJ2026-00001-7, SJ00001
NUMBERS = re.compile(r"\b[A-Z]{2}\d{4}-\d{5}(?:-\d+)?\b|\bSJ\d{5}\b")
WORDS = re.compile(r"[A-Za-z][A-Za-z'’_-]+")

# What a reader sees, and what is read out to him or shown by the pointer.
VISIBLE = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll('[placeholder], [aria-label], [title], [alt]')]
    .filter((node) => node.checkVisibility?.() && !node.closest('[lang=en]'))
    .flatMap((node) => [node.placeholder, node.getAttribute('aria-label'), node.title, node.alt]),
].join('\\n')"""
POLICY = """addEventListener('securitypolicyviolation',
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


def launch(playwright: Playwright) -> Browser:
    expect.set_options(timeout=PATIENCE)
    program = shutil.which("chromium")
    assert program, "no Chromium on this machine: apt install chromium"
    return playwright.chromium.launch(
        executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
    )


class Window:
    """A browser window of one signed-in person; it keeps every complaint until it is looked at."""

    def __init__(
        self, browser: Browser, office: Office, username: str, *, phone: bool = False
    ) -> None:
        self.username = username
        self.size = NARROW if phone else WIDE
        self.complaints: list[str] = []
        self.refused: list[int] = []
        self.context = browser.new_context(
            base_url=office.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport=self.size,
            has_touch=phone,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(POLICY)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._answered)
        self._sign_in()

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser tells of every refused call in its own words; _answered counts those.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.url}")
        elif response.status >= 400:
            self.refused.append(response.status)

    def _sign_in(self) -> None:
        self.page.goto("/")
        self.look("sign-in")
        self.fill("用户名", self.username)
        self.fill("密码", DEMO_PASSWORD)
        self.press("登录")
        self.heading_is(re.compile("."))

    @contextmanager
    def refusal(self, status: int) -> Iterator[None]:
        """Hold what is done inside to be refused with this status, which is no complaint then."""
        assert self.refused == [], self.username
        yield
        expect_true(self.page, lambda: bool(self.refused), f"nothing was refused with {status}")
        assert set(self.refused) == {status}, (self.username, self.refused)
        self.refused.clear()

    # ---- what he does ----

    def go(self, place: str) -> None:
        """Choose a place in the menu, which a phone keeps in a drawer."""
        if self.size is NARROW:
            self.page.get_by_role("button", name="菜单").click()
        menu = self.page.get_by_role("navigation", name="菜单")
        # What waits there is counted behind the word.
        menu.get_by_role("link", name=re.compile(rf"^{place}\s*\d*$")).click()
        self.heading_is(place)

    def open(self, address: str) -> None:
        self.page.goto(address)

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Press a button, or a link that looks like one."""
        place = within or self.page.locator("main")
        button = place.get_by_role("button", name=name, exact=True)
        link = place.get_by_role("link", name=name, exact=True)
        # An empty list offers its first step twice: above, and where the rows would be.
        button.or_(link).first.click()

    def answer(self, button: str, fields: Mapping[str, str] | None = None) -> None:
        """Fill the open dialog in and press its button."""
        dialog = self.page.get_by_role("dialog")
        for label, text in (fields or {}).items():
            dialog.get_by_label(label).fill(text)
        self.press(button, within=dialog)

    def fill(self, label: str, text: str, *, at: int = 0) -> None:
        self.page.get_by_label(label, exact=False).nth(at).fill(text)

    def choose(self, label: str, typed: str, name: str, *, at: int = 0) -> None:
        """Choose from a box that searches while one types, as by keyboard."""
        box = self.page.get_by_role("combobox", name=label).nth(at)
        box.click()
        box.press_sequentially(typed)
        self.page.get_by_role("option").filter(has_text=name).click()
        expect(box).to_have_value(re.compile(name))

    def row(self, *texts: str) -> Locator:
        """Return the row of a table that holds all these texts."""
        found = self.page.get_by_role("row")
        for text in texts:
            found = found.filter(has_text=text)
        return found

    # ---- what he sees ----

    def heading_is(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        main = self.page.locator("main")
        for text in texts:
            expect(main).to_contain_text(text)

    def is_told(self, text: str) -> None:
        """See a message at the edge of the page, and put it away."""
        toast = self.page.locator(".toast").filter(has_text=text)
        expect(toast).to_be_visible()
        toast.get_by_role("button", name="关闭").click()

    def look(self, name: str, *, narrow: bool = True) -> None:
        """Hold the page to its promises at both widths; keep pictures if they are asked for."""
        self._hold_to_promises(name)
        self._picture(f"{name}-{self.size['width']}")
        if narrow and self.size is not NARROW:
            self.page.set_viewport_size(NARROW)
            self._hold_to_promises(f"{name} on a phone")
            self._picture(f"{name}-390")
            self.page.set_viewport_size(WIDE)

    def _hold_to_promises(self, name: str) -> None:
        assert self.complaints == [], (name, self.username)
        assert self.refused == [], (name, self.username)
        sideways = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{name}: {self.page.url} scrolls sideways by {sideways} px"
        words = latin_words(self.page)
        assert not words, f"{name}: {self.page.url} says {sorted(words)}"

    def _picture(self, name: str) -> None:
        if PICTURES:
            self.page.wait_for_timeout(150)
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{PICTURES}/{name}.png")


def latin_words(page: Page) -> set[str]:
    text = NUMBERS.sub("", page.evaluate(VISIBLE))
    return set(WORDS.findall(text)) - ALLOWED


def expect_true(page: Page, check: Callable[[], bool], sentence: str) -> None:
    """Wait in the page's time, so that its events are heard, until the check holds."""
    for _ in range(PATIENCE // 50):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError(sentence)


class Grid:
    """The sales-control grid in a window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page

    def open(self) -> Grid:
        self.window.go("销控表")
        expect(self.page.get_by_role("gridcell").first).to_be_visible()
        return self

    def cells(self, building: str) -> Locator:
        return self.page.get_by_role("grid", name=building, exact=True).get_by_role("gridcell")

    def cell(self, building: str, number: str) -> Locator:
        return self.cells(building).filter(has=self.page.get_by_text(number, exact=True))

    def is_status(
        self, building: str, number: str, status: str, *, within: float = PATIENCE
    ) -> None:
        expect(self.cell(building, number)).to_contain_text(status, timeout=within)

    def room(self, building: str, number: str) -> Locator:
        """Open a room; return its panel."""
        self.cell(building, number).click()
        panel = self.page.get_by_role("complementary")
        expect(panel.get_by_role("heading", level=2)).to_contain_text(number)
        expect(panel).not_to_have_class(re.compile("waiting"))
        return panel

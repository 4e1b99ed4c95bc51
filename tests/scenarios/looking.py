"""One person looking at pages in Chromium: what the browser, a ruler and axe-core complain of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response
from playwright.sync_api import Error as BrowserError

from config import ROOT
from tests.scenarios.office import DEMO_PASSWORD
from tests.scenarios.pages import NARROW, PATIENCE, POLICY, WIDE

OK = 200
AXE = (ROOT / "tests/vendor/axe-core/axe.min.js").read_text()
#: one person on one page, in all guises; the suite is content with the corners of the square
GUISES = (("light", WIDE), ("light", NARROW), ("dark", NARROW), ("dark", WIDE))
CORNERS = (GUISES[0], GUISES[2])
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

#: what can be otherwise on a phone or in the dark, for where axe has looked at the page already
OF_A_GUISE = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "target-size", "label", "button-name",
               "link-name", "scrollable-region-focusable"],
}  # fmt: skip
ASK_AXE = """async (runOnly) => {
  const found = await axe.run(document, {
    runOnly, resultTypes: ['violations'],
    ...(runOnly.type === 'tag' && {rules: {'target-size': {enabled: true}}}),
  });
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.impact} ${one.id}: ${one.nodes.length} × ${one.nodes[0].html.slice(0, 160)}
      ${one.nodes[0].any.concat(one.nodes[0].all)[0]?.message ?? ''}`);
}"""
#: what is wrong with where things lie, in sentences
MEASURE = (Path(__file__).parent / "measure.js").read_text()
HEADS = """() => ({title: document.title.trim(), heads: document.querySelectorAll('h1').length,
  empty: [...document.querySelectorAll('h1')].some((one) => !one.textContent.trim())})"""
SETTLE = """() => Promise.all(document.getAnimations().filter((one) =>
  one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => null)))"""
#: how the browser tells of an answer that was refused; the status is looked at by itself
REFUSED = "console: Failed to load resource"
LINKS = """() => [...document.querySelectorAll('a[href], [data-href]')]
  .map((node) => new URL(node.getAttribute('href') ?? node.dataset.href, location.href))
  .filter((url) => url.origin === location.origin).map((url) => url.pathname + url.search)"""


@dataclass
class Looked:
    """What was found on the pages that were looked at."""

    pages: int = 0
    guises: int = 0
    faults: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


class Onlooker:
    """A signed-in person who opens addresses and keeps every complaint, with its page."""

    def __init__(
        self,
        browser: Browser,
        base_url: str,
        username: str,
        *,
        guises: tuple[tuple[str, dict[str, int]], ...] = GUISES,
    ) -> None:
        self.username = username
        self.guises = guises
        self.found = Looked()
        self._complaints: list[str] = []
        self.context = browser.new_context(
            base_url=base_url, locale="zh-CN", timezone_id="Asia/Shanghai", viewport=WIDE
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(POLICY)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._complaints.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def sign_in(self, password: str = DEMO_PASSWORD) -> None:
        self.page.goto("/login/")
        self.page.get_by_label("用户名").fill(self.username)
        self.page.get_by_label("密码", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="登录", exact=True).click()
        self.page.wait_for_url(lambda address: "/login" not in address)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Leaving a page ends its stream and what it still asked for.
        if request.failure != "net::ERR_ABORTED":
            self._complaints.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._complaints.append(f"{response.status}: {response.url}")

    def look(self, address: str, kind: str, *, expected: int = 200) -> list[str]:
        """Open an address, look at it in every guise; return where its links lead."""
        self._complaints.clear()
        status = self._open(address)
        if status is None:
            return []
        self.found.pages += 1
        self.found.kinds[kind] += 1
        if status != expected:
            self._tell(address, f"answers {status}")
        self.page.evaluate(AXE)
        for place, (scheme, size) in enumerate(self.guises):
            self.found.guises += 1
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(SETTLE)
            where = f"{address} at {size['width']} {scheme}"
            rules = OF_A_GUISE if place else RULES
            for fault in (*self.page.evaluate(MEASURE), *self.page.evaluate(ASK_AXE, rules)):
                self._tell(where, fault)
        for fault in self._heads():
            self._tell(address, fault)
        for complaint in self._complaints:
            if expected == OK or not complaint.startswith((f"{expected}:", REFUSED)):
                self._tell(address, complaint)
        return list(self.page.evaluate(LINKS))

    def _open(self, address: str) -> int | None:
        """Open an address; return the status, None for a file to keep."""
        try:
            answer = self.page.goto(address)
        except BrowserError as error:
            if "Download is starting" not in error.message:
                self._tell(address, error.message.splitlines()[0])
            return None
        assert answer is not None
        html = "text/html" in answer.headers.get("content-type", "")
        return answer.status if html else None

    def _tell(self, where: str, fault: str) -> None:
        self.found.faults.append(f"{self.username} {where}: {fault}")

    def _heads(self) -> Iterator[str]:
        heads: dict[str, Any] = self.page.evaluate(HEADS)
        if not heads["title"]:
            yield "has no title"
        if heads["heads"] != 1 or heads["empty"]:
            yield f"has {heads['heads']} first headings"

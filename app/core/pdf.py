"""HTML to PDF: A4, with the vendored Chinese font embedded, drawn by WeasyPrint.

WeasyPrint needs Pango from the system. Where it is missing the product runs all the same:
``pdf_problem`` says so, and drawing is refused with a sentence that names what to install.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from app.core.errors import DomainError
from config import ROOT

#: what a Debian system must have for WeasyPrint
SYSTEM_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0"
VENDOR = ROOT / "app/static/vendor/noto-sans-cjk-sc-2.004"
STYLES = ROOT / "app/static/css/paper.css"

#: one paper at a time in a process: a long one takes seconds and some hundred megabytes
_drawing = threading.Lock()


class PaperUnavailable(DomainError):
    """The server cannot draw PDF."""

    status: ClassVar[int] = 503
    default_code = "paper_unavailable"


def pdf_problem() -> str | None:
    """Return why this server cannot draw PDF, as the system says it, or None if it can."""
    try:
        _weasyprint()
    except OSError as error:
        return str(error).partition("\n")[0]
    return None


def draw(html: str) -> bytes:
    """Return the page as PDF, with the styles of papers (``css/paper.css``).

    Nothing is fetched: the page may name the vendored font and nothing else. Raises
    PaperUnavailable where Pango is missing.
    """
    try:
        weasyprint = _weasyprint()
    except OSError as error:
        raise PaperUnavailable(
            _l(
                "This server cannot make PDF yet, because %(packages)s is missing. Ask the"
                " administrator to install it; until then print from the page.",
                packages=SYSTEM_PACKAGES,
            )
        ) from error
    with _drawing:
        fonts = weasyprint.text.fonts.FontConfiguration()
        fetch = _fetcher()()
        styles = weasyprint.CSS(
            string=STYLES.read_text(encoding="utf-8"),
            base_url=f"{VENDOR.as_uri()}/",
            font_config=fonts,
            url_fetcher=fetch,
        )
        paper = weasyprint.HTML(string=html, base_url="about:blank", url_fetcher=fetch)
        drawn: bytes = paper.write_pdf(stylesheets=[styles], font_config=fonts)
    return drawn


@cache
def _weasyprint() -> Any:
    """Import late: it loads Pango, takes a moment, and most requests draw nothing."""
    import weasyprint
    import weasyprint.text.fonts

    return weasyprint


@cache
def _fetcher() -> Any:
    fetcher: Any = _weasyprint().urls.URLFetcher
    allowed = f"{VENDOR.as_uri()}/"

    class Vendored(fetcher):  # type: ignore[misc]
        """Reads the vendored font; whatever else a paper names stops it."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith(allowed) or ".." in url:
                refused = _weasyprint().urls.FatalURLFetchingError
                raise refused(f"a paper may not fetch {url}")
            return super().fetch(url, headers)

    return Vendored

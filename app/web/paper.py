"""Our own forms as PDF: a template on ``web/paper.html`` becomes an answer."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, render_template, send_file

from app.core import pdf

PDF = "application/pdf"


def draw_pdf(template: str, **context: Any) -> bytes:
    """Return a paper as PDF, drawn from a template that extends ``web/paper.html``.

    Raises PaperUnavailable where this server cannot draw PDF.
    """
    return pdf.draw(render_template(template, **context))


def send_pdf(drawn: bytes, name: str, *, inline: bool = True) -> Response:
    """Answer with a PDF called ``name``; shown by the browser, or saved where not ``inline``."""
    answer: Response = send_file(
        BytesIO(drawn), mimetype=PDF, as_attachment=not inline, download_name=f"{name}.pdf"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer

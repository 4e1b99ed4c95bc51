"""Names and types of files that people hand in, and how files are sent out."""

from __future__ import annotations

import io

import pytest
from flask import Response
from flask.testing import FlaskClient

from app.web.uploads import clean_name, kind_of
from tests.conftest import application


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("价目表.xlsx", "价目表.xlsx"),
        ("C:\\Users\\张三\\价目表.xlsx", "价目表.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\r\nc\u202e.xlsx", "abc.xlsx"),
        ("...", ""),
        (None, ""),
        ("x" * 500 + ".xlsx", "x" * 115 + ".xlsx"),
    ],
)
def test_a_name_is_only_a_name(given, name):
    assert clean_name(given) == name


def test_a_file_is_what_its_content_says():
    assert kind_of(b"%PDF-1.7 ...") == "application/pdf"
    assert kind_of(b"<html><script>") is None
    assert kind_of(b"") is None


def test_a_list_that_is_something_else_is_refused_whatever_it_is_called(
    client, bearer, user_for, project
):
    page = b"<html><script>alert(1)</script></html>"
    for name in ("list.xlsx", "list.csv", "list.html", "../../x.xls"):
        answer = client.post(
            f"/api/v1/projects/{project.id}/rooms/import",
            data={"file": (io.BytesIO(page), name)},
            headers={**bearer(user_for("steward")), "Idempotency-Key": f"k-{name}"},
        )
        assert answer.status_code in (415, 422), name
        assert "<script>" not in answer.text


@pytest.fixture(scope="module")
def sending():
    with application() as app:

        @app.get("/sent/<kind>")
        def sent(kind):
            return Response(b"<script>", mimetype=kind.replace("-", "/"))

        app.test_client_class = FlaskClient
        yield app


@pytest.mark.parametrize("kind", ["application-pdf", "application-octet-stream", "image-svg+xml"])
def test_what_is_no_page_is_an_attachment(sending, kind):
    answer = sending.test_client().get(f"/sent/{kind}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_shown(sending):
    assert "Content-Disposition" not in sending.test_client().get("/login/").headers

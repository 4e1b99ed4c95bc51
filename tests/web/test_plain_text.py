"""Characters that PostgreSQL cannot hold are refused at the door, everywhere."""

from __future__ import annotations

import json

import pytest
from flask import render_template_string
from flask_babel import lazy_gettext

from tests.factories.customers import make_mobile

JSON = "application/json"


@pytest.fixture
def call(client, bearer, user_for):
    headers = bearer(user_for("consultant"))

    def send(method, path, status, *, body=None):
        # With escapes, as most programs send it: that is how such characters arrive at all.
        more = {} if body is None else {"data": json.dumps(body), "content_type": JSON}
        answer = getattr(client, method)(path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    return send


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\udfff"])
def test_in_a_body(call, project, text):
    body = {"name": text, "mobile": make_mobile(), "project_id": project.id, "consent": True}
    assert call("post", "/api/v1/customers", 400, body=body)["error"] == "bad_request"
    call("post", "/api/v1/customers", 400, body={**body, "name": "x", text: "y"})
    call("post", "/api/v1/customers", 400, body={**body, "name": "x", "more": [{"a": [text]}]})


def test_in_an_address(call):
    call("get", "/api/v1/customers?q=a%00b", 400)
    call("get", "/api/v1/customers?q%00=a", 400)


def test_in_a_form(client, sign_in, user_for):
    sign_in(client, user_for("consultant"))
    answer = client.post("/customers/add", data={"name": "a\0b", "mobile": "13800138000"})
    assert answer.status_code == 400


def test_a_pair_of_surrogates_is_a_character_like_any_other(call, project):
    body = {"name": "王😀", "mobile": make_mobile(), "project_id": project.id, "consent": True}
    assert call("post", "/api/v1/customers", 201, body=body)["name"] == "王😀"


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"a":' * 41 + "1" + "}" * 41,
        '{"name":"\\ud800","x":' + "[" * 3000 + "]" * 3000 + "}",
    ],
)
def test_a_body_nested_without_end_is_refused(client, sign_in, user_for, body):
    sign_in(client, user_for("consultant"))
    for path in ("/api/v1/customers", "/work/layout"):
        answer = client.post(path, data=body, content_type=JSON)
        assert answer.status_code == 400, answer.text


def test_a_lazy_sentence_with_a_name_in_it_is_no_markup(app):
    with app.test_request_context():
        sentence = lazy_gettext("%(name)s is late", name="<b7>")
        assert render_template_string("{{ it }}", it=sentence).startswith("&lt;b7&gt;")

"""The description of the REST interface: as OpenAPI for programs, as a page for people."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from flask import abort, current_app, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.api import BaseApi
from flask_appbuilder.api import expose as expose_api
from flask_appbuilder.api.manager import OpenApi
from flask_babel import gettext as _
from werkzeug.routing import Rule
from werkzeug.routing.converters import NumberConverter

from app.core import idempotency
from app.web import described
from app.web.access import needs
from app.web.rest import FLAGS, LARGEST_ID, RestApi

VERSION = "v1"
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?(\w+)>")
#: calls that nobody must be signed in for
OPEN = ("SecurityApi.login", "DescriptionApi.get")
METHODS = ("get", "post", "put", "patch", "delete")
#: how arguments are read: ids, cursors and limits are never below zero; flags are words
AS_READ = {
    "integer": {"type": "integer", "minimum": 0, "maximum": LARGEST_ID},
    "boolean": {"type": "string", "enum": list(FLAGS)},
}
EXTENSION = "xiaokong_openapi"
ERROR = {
    "type": "object",
    "required": ["error", "message", "fields"],
    "properties": {
        "error": {"type": "string"},
        "message": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
ERRORS = {
    "400": "The call is malformed",
    "401": "Nobody is signed in, or the token has ended",
    "403": "The caller may not do this",
    "404": "There is none within the caller's scope",
    "409": "Somebody was first, or the state does not allow it",
    "413": "The body is too large",
    "415": "The body is of another type",
    "422": "What is wrong, by field",
    "429": "Too many attempts",
    "503": "Busy; the same call again, with the same key",
}


def description() -> dict[str, Any]:
    """Return the OpenAPI description of every REST resource; made once per process."""
    kept: dict[str, Any] = current_app.extensions.setdefault(EXTENSION, {})
    if not kept:
        kept.update(_build())
    return kept


def _build() -> dict[str, Any]:
    spec: APISpec = OpenApi._create_api_spec(VERSION)  # noqa: SLF001 - the framework's recipe
    for resource in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if isinstance(resource, BaseApi) and resource.version == VERSION:
            resource.add_api_spec(spec)
    found: dict[str, Any] = spec.to_dict()
    components = found.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), "Error": ERROR}
    components["responses"] = {status: _error(text) for status, text in ERRORS.items()}
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": current_app.config["SESSION_COOKIE_NAME"],
        },
        "station": {"type": "http", "scheme": "bearer", "description": "a station's own token"},
    }
    found["security"] = [{"bearer": []}, {"cookie": []}]
    paths = {path.rstrip("/"): calls for path, calls in found["paths"].items()}
    for rule in current_app.url_map.iter_rules():
        calls = paths.get(_PARAMETER.sub(r"{\1}", rule.rule).rstrip("/"), {})
        for method in {name.lower() for name in rule.methods or ()} & calls.keys():
            _say_plainly(calls[method], rule)
            _complete(method, calls[method], rule)
    return found


def _say_plainly(call: dict[str, Any], rule: Rule) -> None:
    """Add what the code says itself: what the call does, what stands in its address, its answer."""
    function = current_app.view_functions[rule.endpoint]
    sentence = (function.__doc__ or "").strip().partition("\n")[0]
    call.setdefault("summary", sentence)
    parameters = call.setdefault("parameters", [])
    known = {one.get("name") for one in parameters}
    for name in sorted(rule.arguments - known):
        number = isinstance(rule._converters[name], NumberConverter)  # noqa: SLF001 - no other way
        schema = {"type": "integer" if number else "string"}
        parameters.append({"in": "path", "name": name, "required": True, "schema": schema})
    for one in parameters:
        one["schema"] = AS_READ.get(one["schema"].get("type"), one["schema"])
    body = described.asked(function)
    if body is not None:
        call["requestBody"] = body
    answers = call.setdefault("responses", {})
    if not any(str(status).startswith(("2", "3")) for status in answers):
        answers[str(getattr(function, "status", 200))] = {"description": sentence}
    for status, answer in answers.items():
        if str(status).startswith("2") and "content" not in answer:
            answer["content"] = {described.JSON: {"schema": described.answered(function)}}


def _error(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _complete(method: str, call: dict[str, Any], rule: Rule) -> None:
    """Add what holds for every call: its errors, and the key that makes a repeat harmless."""
    call.pop("security", None)
    if rule.endpoint in OPEN:
        call["security"] = []
    elif rule.endpoint.startswith("AgentApi."):
        call["security"] = [{"station": []}]
    answers = call.setdefault("responses", {})
    # A status that YAML has read as a number is the same status.
    answers.update({str(status): answers.pop(status) for status in list(answers)})
    usual = ["400", "401", "403", "404", "422", "503"] + (["409"] if method != "get" else [])
    for status in usual + (["413", "415"] if "requestBody" in call else []):
        said = answers.setdefault(status, {"$ref": f"#/components/responses/{status}"})
        if "$ref" not in said:
            said.setdefault("content", _error("")["content"])
    function = current_app.view_functions[rule.endpoint]
    if method != "get" and rule.endpoint not in OPEN:
        needed = getattr(function, "key", "optional") == "required"
        schema = {"type": "string", "minLength": int(needed), "maxLength": idempotency.LONGEST_KEY}
        call.setdefault("parameters", []).append(
            {"in": "header", "name": "Idempotency-Key", "required": needed, "schema": schema}
        )


class DescriptionApi(RestApi):
    """The OpenAPI description."""

    route_base = "/api"
    resource_name = "description"

    @expose_api("/<version>/_openapi")
    def get(self, version: str) -> Any:
        """Give the description of a version of the interface, to anybody: it holds no data."""
        if version != VERSION:
            abort(404)
        return self.response(200, **description())


class SwaggerView(BaseView):
    """接口说明: every call with its parameters, answers, and a place to try it."""

    route_base = "/swagger"
    default_view = "show"

    @expose("/<version>")
    @needs()
    def show(self, version: str) -> Any:
        """Show the calls by resource."""
        if version != VERSION:
            abort(404)
        groups: dict[str, list[dict[str, Any]]] = {}
        for path, methods in sorted(description()["paths"].items()):
            for method in METHODS:
                if method in methods:
                    one = _shown(path, method, methods[method])
                    groups.setdefault(one["group"], []).append(one)
        return self.render_template(
            "web/swagger.html",
            groups=sorted(groups.items()),
            spec_url=f"{request.script_root}/api/{VERSION}/_openapi",
            title=_("Interfaces"),
        )


def _shown(path: str, method: str, call: dict[str, Any]) -> dict[str, Any]:
    tags = call.get("tags") or [path.split("/")[3] if path.count("/") > 2 else "api"]  # noqa: PLR2004
    return {
        "group": tags[0],
        "path": path,
        "method": method,
        "summary": call.get("summary") or call.get("description") or "",
        "parameters": [one for one in call.get("parameters", []) if "name" in one],
        "body": "requestBody" in call,
        "answers": [
            (status, answer.get("description") or ERRORS.get(str(status), ""))
            for status, answer in sorted(call.get("responses", {}).items(), key=lambda p: str(p[0]))
        ],
    }


def register(appbuilder: Any) -> None:
    """Register the description and its page."""
    appbuilder.add_api(DescriptionApi)
    appbuilder.add_view_no_menu(SwaggerView)

"""REST: approvals."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core.actor import Actor
from app.core.errors import Invalid
from app.web.closing import still_offered
from app.web.rest import Body, RestApi, Truth, Whole, clamp_limit, current, endpoint, whole
from app.workflows import answers, engine, policies, queries, routes
from app.workflows.kinds import get_kind
from app.workflows.models import ApprovalRequest, ApprovalState

LONGEST_COMMENT = 2000


class SubjectBody(Body):
    """What a request is about."""

    type = fields.String(required=True)
    id = Whole(required=True)


class AskBody(Body):
    """A new request; with ``draft`` it is kept and not sent."""

    kind = fields.String(required=True)
    subject = fields.Nested(SubjectBody, required=True)
    values = fields.Dict(load_default=dict)
    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_COMMENT))
    draft = Truth(load_default=False)


class EditBody(Body):
    """What changes of a draft or a request that came back."""

    values = fields.Dict(load_default=None, allow_none=True)
    reason = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=LONGEST_COMMENT)
    )


class DecisionBody(Body):
    """Words, and the task that was seen, so that nobody decides a step that he did not see."""

    comment = fields.String(
        load_default="", allow_none=True, validate=validate.Length(max=LONGEST_COMMENT)
    )
    task_id = Whole(load_default=None, allow_none=True)


class ReturnBody(DecisionBody):
    """``to_step`` counts from 1, as the answer's steps do; 0 or nothing is the applicant."""

    to_step = Whole(load_default=None, allow_none=True)


class ColleagueBody(DecisionBody):
    """To whom a step is handed, or who is asked."""

    user_id = Whole(required=True)


class ApprovalApi(RestApi):
    """Approval requests and their steps."""

    resource_name = "approvals"

    @expose("/", methods=["GET"])
    @endpoint(policies.SEE)
    def list(self) -> dict[str, Any]:
        """List requests: ``which`` is mine (the default), decided or all.

        ---
        get:
          parameters:
          - {in: query, name: which, schema: {type: string}}
          - {in: query, name: state, schema: {type: string}}
          - {in: query, name: kind, schema: {type: string}}
          - {in: query, name: cursor, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          responses:
            200: {description: a page of requests, newest first}
        """
        states = request.args.getlist("state")
        if not set(states) <= {state.value for state in ApprovalState}:
            raise Invalid(_("There is no such state of an approval."), fields={"state": states})
        page = queries.list_requests(
            _which(),
            current(),
            states=states,
            kind=request.args.get("kind"),
            before=whole("cursor"),
            limit=clamp_limit(),
        )
        return _list(page, answers.request_row)

    @expose("/todo", methods=["GET"])
    @endpoint(policies.SEE)
    def todo(self) -> dict[str, Any]:
        """List what waits for the caller, the longest waiting first.

        ---
        get:
          responses:
            200: {description: a page of waiting steps with their requests}
        """
        page = queries.list_todo(current(), after=whole("cursor"), limit=clamp_limit())
        return _list(page, answers.task_row)

    @expose("/", methods=["POST"])
    @endpoint(policies.ADD, status=201, body=AskBody)
    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for approval.

        ---
        post:
          responses:
            201: {description: the request, sent}
            409: {description: a request of this kind is running for the subject}
            422: {description: the values are wrong or nobody could decide}
        """
        _check_subject(body)
        verb = engine.create_draft if body["draft"] else engine.submit
        made = verb(
            body["kind"],
            body["subject"]["id"],
            values=body["values"],
            reason=body["reason"],
            actor=current(),
        )
        return _answer(made)

    @expose("/preview", methods=["POST"])
    @endpoint(policies.ADD, body=AskBody)
    def preview(self, body: dict[str, Any]) -> dict[str, Any]:
        """Show before → after and the way ahead; write nothing.

        ---
        post:
          responses:
            200: {description: figures, summary and steps}
        """
        _check_subject(body)
        preview = engine.preview_route(
            body["kind"], body["subject"]["id"], values=body["values"], actor=current()
        )
        return answers.preview_answer(preview, current())

    @expose("/<int:request_id>", methods=["GET"])
    @endpoint(policies.SEE)
    def get(self, request_id: int) -> dict[str, Any]:
        """Return a request with its steps.

        ---
        get:
          responses:
            200: {description: the request}
        """
        return _answer(queries.get_request(request_id, current()))

    @expose("/<int:request_id>", methods=["PATCH"])
    @endpoint(policies.ADD, body=EditBody)
    def edit(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Change a draft or a request that came back.

        ---
        patch:
          responses:
            200: {description: the request}
        """
        return _answer(
            engine.edit_draft(
                request_id, values=body["values"], reason=body["reason"], actor=current()
            )
        )

    @expose("/<int:request_id>/send", methods=["POST"])
    @endpoint(policies.ADD)
    def send(self, request_id: int) -> dict[str, Any]:
        """Send a draft, or send what came back again.

        ---
        post:
          responses:
            200: {description: the request}
        """
        return _answer(engine.send(request_id, actor=current()))

    @expose("/<int:request_id>/approve", methods=["POST"])
    @endpoint(policies.SEE, key="required", body=DecisionBody)
    def approve(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Say yes to the waiting step; the last yes executes.

        ---
        post:
          responses:
            200: {description: the request with its new state}
            409: {description: somebody was first}
        """
        return _answer(engine.approve(request_id, actor=current(), **_decision(body)))

    @expose("/<int:request_id>/reject", methods=["POST"])
    @endpoint(policies.SEE, body=DecisionBody)
    def reject(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Say no.

        ---
        post:
          responses:
            200: {description: the request with its new state}
        """
        return _answer(engine.reject(request_id, actor=current(), **_decision(body)))

    @expose("/<int:request_id>/return", methods=["POST"])
    @endpoint(policies.SEE, body=ReturnBody)
    def return_to(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give it back to the applicant or to an earlier step.

        ---
        post:
          responses:
            200: {description: the request with its new state}
        """
        decision = _decision(body)
        to_step = decision.pop("to_step")
        return _answer(
            engine.return_to(
                request_id,
                to_step=to_step - 1 if to_step else None,
                actor=current(),
                **decision,
            )
        )

    @expose("/<int:request_id>/withdraw", methods=["POST"])
    @endpoint(policies.SEE, body=DecisionBody)
    def withdraw(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take one's own request back.

        ---
        post:
          responses:
            200: {description: the request with its new state}
        """
        comment = _decision(body)["comment"]
        return _answer(engine.withdraw(request_id, comment=comment, actor=current()))

    @expose("/<int:request_id>/delegate", methods=["POST"])
    @endpoint(policies.SEE, body=ColleagueBody)
    def delegate(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Hand the step over to a colleague.

        ---
        post:
          responses:
            200: {description: the request}
        """
        return _answer(engine.delegate(request_id, actor=current(), **_decision(body)))

    @expose("/<int:request_id>/consult", methods=["POST"])
    @endpoint(policies.SEE, body=ColleagueBody)
    def consult(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a colleague for an opinion.

        ---
        post:
          responses:
            200: {description: the request}
        """
        return _answer(engine.consult(request_id, actor=current(), **_decision(body)))

    @expose("/<int:request_id>/opinion", methods=["POST"])
    @endpoint(policies.SEE, body=DecisionBody)
    def opinion(self, request_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give the opinion that one was asked for.

        ---
        post:
          responses:
            200: {description: the request}
        """
        return _answer(engine.give_opinion(request_id, actor=current(), **_decision(body)))

    @expose("/<int:request_id>/colleagues", methods=["GET"])
    @endpoint(policies.DECIDE)
    def colleagues(self, request_id: int) -> dict[str, Any]:
        """List people to hand a step to (``for=delegate``) or to ask (``for=consult``).

        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: for, schema: {type: string}}
          responses:
            200: {description: at most 20 people by name}
        """
        actor = current()
        found = queries.get_request(request_id, actor)
        people = routes.find_colleagues(
            request.args.get("q", ""),
            project_id=found.project_id,
            permission=policies.SEE if request.args.get("for") == "consult" else policies.DECIDE,
            without=[found.applicant_id, actor.id or 0],
        )
        return {"result": [{"id": one.id, "name": one.name, "text": one.name} for one in people]}


def _answer(made: ApprovalRequest) -> dict[str, Any]:
    actor: Actor = current()
    answer = answers.request_answer(queries.get_request(made.id, actor), actor)
    return answer | {"actions": still_offered(answer["actions"], made.project_id, actor)}


def _list(page: queries.Page, row: Any) -> dict[str, Any]:
    return {
        "result": [row(one) for one in page.rows],
        "next": None if page.next is None else str(page.next),
        "count": page.count_text,
    }


def _which() -> str:
    which = request.args.get("which", "mine")
    if which not in queries.LISTS:
        raise Invalid(_("There is no such list."), fields={"which": which})
    return which


def _check_subject(body: dict[str, Any]) -> None:
    kind = get_kind(body["kind"])
    if body["subject"]["type"] != kind.subject_type:
        sentence = _(
            "%(kind)s is asked for a subject of the type %(type)s.",
            kind=kind.title,
            type=kind.subject_type,
        )
        raise Invalid(sentence, fields={"subject": sentence})


class ApprovalKindApi(RestApi):
    """What may be asked for."""

    resource_name = "approvals"
    openapi_spec_tag = "approvals"

    @expose("/kinds", methods=["GET"])
    @endpoint(policies.SEE)
    def kinds(self) -> dict[str, Any]:
        """List what the caller may ask for, with the values that each kind takes.

        ---
        get:
          responses:
            200: {description: the kinds}
        """
        return {"result": answers.kinds_answer(current())}


def _decision(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a decision with words, be they none."""
    return body | {"comment": body["comment"] or ""}


RESOURCES = [ApprovalApi, ApprovalKindApi]

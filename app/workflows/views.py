"""Pages of approvals: what waits for me, one request, my requests, asking, the flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.closing import closed_project, still_offered
from app.web.columns import Column, resolve
from app.web.menu import MenuItem
from app.web.story_words import StoryOf, describe_story
from app.workflows import answers, engine, forms, policies, queries, search, timeline, words
from app.workflows.kinds import ApprovalKind, find_kind, get_kind, kind_title
from app.workflows.models import (
    ApprovalRequest,
    ApprovalState,
    ApprovalTask,
    Decision,
    TaskState,
)

ROWS = 30
MOST_TYPED = 80
#: heads of what stands beside a request that was found
FOUND_LABELS = {"applicant": _l("Applicant")}
MOST_WORDS = 2000

#: what the tabs of one's own requests show
OWN_TABS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "": (_l("All"), ()),
    "running": (_l("On their way"), ("running",)),
    "back": (_l("With me"), ("draft", "returned", "failed")),
    "ended": (_l("Ended"), ("approved", "rejected", "withdrawn", "voided")),
}


def here() -> Actor:
    """Return who opened the page; ``needs`` has seen to it that somebody is signed in."""
    actor: Actor = g.actor
    return actor


def _cursor() -> int | None:
    raw = request.args.get("after", "")
    return int(raw) if raw.isdecimal() else None


def _typed() -> str:
    return request.args.get("q", "").strip()[:MOST_TYPED]


def _fits() -> ColumnElement[bool] | None:
    return search.matching(_typed(), actor=here(), project_id=None)


def _comment() -> str:
    return request.form.get("comment", "").strip()[:MOST_WORDS]


def _task_id() -> int | None:
    raw = request.form.get("task_id", "")
    return int(raw) if raw.isdecimal() else None


def _user_id() -> int:
    raw = request.form.get("user_id", "")
    if not raw.isdecimal():
        sentence = _("Choose a colleague.")
        raise Invalid(sentence, fields={"user_id": sentence})
    return int(raw)


def _to_step() -> int | None:
    raw = request.form.get("to_step", "")
    return int(raw) - 1 if raw.isdecimal() and int(raw) else None


def _decision() -> dict[str, Any]:
    return {"comment": _comment(), "task_id": _task_id()}


#: what a button of the request's page does
VERBS: dict[str, Callable[[int, Actor], ApprovalRequest]] = {
    "approve": lambda pk, actor: engine.approve(pk, actor=actor, **_decision()),
    "reject": lambda pk, actor: engine.reject(pk, actor=actor, **_decision()),
    "return": lambda pk, actor: engine.return_to(
        pk, to_step=_to_step(), actor=actor, **_decision()
    ),
    "delegate": lambda pk, actor: engine.delegate(
        pk, user_id=_user_id(), actor=actor, **_decision()
    ),
    "consult": lambda pk, actor: engine.consult(pk, user_id=_user_id(), actor=actor, **_decision()),
    "opinion": lambda pk, actor: engine.give_opinion(pk, actor=actor, **_decision()),
    "withdraw": lambda pk, actor: engine.withdraw(pk, comment=_comment(), actor=actor),
    "send": lambda pk, actor: engine.send(pk, actor=actor),
}


class ApprovalView(BaseView):
    """What waits for me, what I have decided, and the page of one request."""

    route_base = "/approvals"
    default_view = "todo"
    #: what the search box of every page asks of a view (``app.web.search``)
    search_rank = 25
    list_title = _l("Approvals")

    @property
    def columns(self) -> list[Column]:
        """Return what stands beside a request that was found."""
        return [
            resolve(ApprovalRequest, path, labels=FOUND_LABELS, states={"state": ApprovalState})
            if path != "kind"
            else replace(resolve(ApprovalRequest, path), formatter=kind_title)
            for path in ("number", "kind", "applicant", "state")
        ]

    def may(self, actor: Actor, action: str) -> bool:
        """Tell whether the actor may open these pages."""
        return actor.may(policies.SEE if action == "see" else policies.SEE_ALL)

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[ApprovalRequest]:
        """Return the few requests that the search box finds."""
        return search.find_requests(typed, actor=actor, project_id=project_id)

    def prepare(self, rows: Sequence[ApprovalRequest]) -> None:
        """Need nothing more: requests come with their applicants."""

    def title_of(self, row: ApprovalRequest) -> str:
        """Return what a request is called where it was found."""
        return f"{row.number} {row.subject_title}"

    def hint_of(self, row: ApprovalRequest) -> str:
        """Return what tells requests about one room apart."""
        state = ApprovalState(row.state).title
        return f"{kind_title(row.kind)} · {row.applicant.full_name} · {state}"

    def url(self, method: str, **values: Any) -> str:
        """Return the address of one request, or of the list that the actor may see."""
        if method == "show":
            return url_for("ApprovalView.show", **values)
        every = here().may(policies.SEE_ALL)
        return url_for("ApprovalView.every" if every else "MyRequestView.mine", **values)

    @expose("/")
    @needs(policies.SEE)
    def todo(self) -> Any:
        """Show what waits for the actor."""
        page = queries.list_todo(here(), after=_cursor(), limit=ROWS)
        return _list_page("workflows/todo.html", page, tab="todo", tabs=_tabs(here()))

    @expose("/decided")
    @needs(policies.SEE)
    def decided(self) -> Any:
        """Show what the actor has decided."""
        return self._requests("decided")

    @expose("/all")
    @needs(policies.SEE_ALL)
    def every(self) -> Any:
        """Show every request within scope."""
        return self._requests("all")

    def _requests(self, which: str) -> Any:
        page = queries.list_requests(which, here(), fits=_fits(), before=_cursor(), limit=ROWS)
        return _list_page("workflows/requests.html", page, tab=which, tabs=_tabs(here()))

    @expose("/<int:pk>")
    @needs(policies.SEE)
    def show(self, pk: int) -> Any:
        """Show a request: what is asked, where it stands, what the actor may do."""
        return render_template("workflows/request.html", **_request_page(pk, here()))

    @expose("/<int:pk>/<any(" + ",".join(VERBS) + "):verb>", methods=["POST"])
    @needs(policies.SEE)
    def act(self, pk: int, verb: str) -> Any:
        """Do what a button says, then show the request as it is now."""
        try:
            with unit_of_work(here()):
                found = VERBS[verb](pk, here())
                sentence, category = words.outcome(found), words.outcome_category(found)
        except NotFound:
            raise
        except DomainError as error:
            sentence, category = _error_sentence(error), "danger"
        flash(sentence, category)
        return redirect(url_for("ApprovalView.show", pk=pk))

    @expose("/new/<kind>/<int:subject_id>", methods=["GET", "POST"])
    @needs(policies.ADD)
    def ask(self, kind: str, subject_id: int) -> Any:
        """Ask for approval: the form, then what would change and the way ahead, then send it."""
        form = _AskForm(get_kind(kind), subject_id)
        if request.method == "POST" and request.form.get("do") in {"send", "draft"}:
            verb = engine.submit if request.form["do"] == "send" else engine.create_draft
            made = form.run(
                lambda: verb(kind, subject_id, values=form.given, reason=form.reason, actor=here())
            )
            if made is not None:
                return redirect(url_for("ApprovalView.show", pk=made))
        else:
            form.preview()
        return form.render()

    @expose("/<int:pk>/edit", methods=["GET", "POST"])
    @needs(policies.ADD)
    def edit(self, pk: int) -> Any:
        """Change a draft or a request that came back, and send it again."""
        found = queries.get_request(pk, here())
        if "edit" not in _actions(found, here()):
            flash(_("%(number)s cannot be changed now.", number=found.number), "danger")
            return redirect(url_for("ApprovalView.show", pk=pk))
        form = _AskForm(get_kind(found.kind), found.subject_id, found)
        if request.method == "POST" and request.form.get("do") in {"send", "draft"}:
            if form.run(lambda: _save(pk, form)) is not None:
                return redirect(url_for("ApprovalView.show", pk=pk))
        else:
            form.preview()
        return form.render()


def _save(pk: int, form: _AskForm) -> ApprovalRequest:
    saved = engine.edit_draft(pk, values=form.values, reason=form.reason, actor=here())
    return engine.send(pk, actor=here()) if request.form["do"] == "send" else saved


class _AskForm:
    """The form of one request while it is being filled in."""

    def __init__(
        self, kind: ApprovalKind, subject_id: int, found: ApprovalRequest | None = None
    ) -> None:
        self.kind = kind
        self.subject_id = subject_id
        self.found = found
        given = request.form if request.method == "POST" else request.args
        kept = dict(found.values) if found else {}
        self.values = {**kept, **forms.read_changes(kind, given)}
        self.reason = given.get("reason", found.reason if found else "")[:MOST_WORDS]
        self.seen: engine.Preview | None = None
        self.errors: dict[str, Any] = {}
        self.sentence = ""

    @property
    def given(self) -> dict[str, Any]:
        """Return the values that are there."""
        return {name: value for name, value in self.values.items() if value is not None}

    def run(self, verb: Callable[[], ApprovalRequest]) -> int | None:
        """Do it in one unit of work; return the request's id, or None with what is wrong."""
        try:
            with unit_of_work(here()):
                made = verb()
                sentence, made_id = words.outcome(made), made.id
        except (NotAllowed, NotFound):
            raise
        except DomainError as error:
            self._refused(error)
            return None
        flash(sentence)
        return made_id

    def preview(self) -> None:
        """Look ahead, as far as the values are there; a subject out of scope is NotFound."""
        if request.method == "GET" and not forms.is_complete(self.kind, self.values):
            subject = self.kind.load_subject(db.session, self.subject_id)
            if subject is None or not here().reaches(self.kind.project_id(subject)):
                raise NotFound(_("There is nothing here, or it is not within your scope."))
            return
        try:
            self.seen = engine.preview_route(
                self.kind.key, self.subject_id, values=self.given, actor=here()
            )
        except (NotAllowed, NotFound):
            raise
        except DomainError as error:
            self._refused(error)

    def _refused(self, error: DomainError) -> None:
        self.errors = error.fields
        self.sentence = str(error.message)

    def render(self) -> Any:
        """Draw the page."""
        steps = timeline.preview_steps(
            self.seen.steps if self.seen else (), self.kind.figure_titles
        )
        page = render_template(
            "workflows/ask.html",
            kind=self.kind,
            found=self.found,
            fields=forms.list_form_values(self.kind, self.values, self.errors),
            reason=self.reason,
            errors=self.errors,
            sentence=self.sentence,
            seen=self.seen,
            summary=answers.shown_summary(self.seen.summary, here()) if self.seen else [],
            steps=steps,
            words=words,
            back=self.kind.subject_path(self.subject_id, here()),
        )
        return page, (422 if self.sentence else 200)


def _error_sentence(error: DomainError) -> str:
    told = [str(error.message), *(str(text) for text in error.fields.values())]
    return " ".join(dict.fromkeys(told))


def _list_page(template: str, page: queries.Page, **more: Any) -> Any:
    arguments: dict[str, Any] = {**request.args.to_dict(), "after": page.next}
    return render_template(
        template,
        page=page,
        projects=queries.name_projects({row.project_id for row in page.rows}),
        next_url=url_for(str(request.endpoint), **arguments) if page.next else None,
        kind_title=kind_title,
        states=ApprovalState,
        words=words,
        typed=_typed(),
        **more,
    )


def _tabs(actor: Actor) -> list[tuple[str, Any, str]]:
    tabs = [
        ("todo", _("To approve"), url_for("ApprovalView.todo")),
        ("decided", _("Decided by me"), url_for("ApprovalView.decided")),
    ]
    if actor.may(policies.SEE_ALL):
        tabs.append(("all", _("All requests"), url_for("ApprovalView.every")))
    return tabs


def _actions(found: ApprovalRequest, actor: Actor) -> list[str]:
    actions = policies.list_actions(found, found.tasks, actor)
    return still_offered(actions, found.project_id, actor)


def _request_page(pk: int, actor: Actor) -> dict[str, Any]:
    found = queries.get_request(pk, actor)
    kind = find_kind(found.kind)
    steps = answers.steps_of(found)
    closed = closed_project(found.project_id, actor)
    mine = [
        task
        for task in found.tasks
        if closed is None and policies.may_act(task, found.applicant_id, actor)
    ]
    decides = actor.may(policies.DECIDE) and not mine
    return {
        "found": found,
        "page": {"closed": closed},
        "state": ApprovalState(found.state),
        "kind_title": kind_title(found.kind),
        "summary": answers.shown_summary(found.summary, actor),
        "steps": steps,
        "actions": _actions(found, actor),
        "task": next((task for task in mine if task.purpose == "step"), None),
        "next_task": queries.find_next_todo(actor, after_request=pk) if decides else None,
        "asked": next((task for task in mine if task.purpose == "consult"), None),
        "outcome": kind.outcome if kind else "",
        "subject_path": kind.subject_path(found.subject_id, actor) if kind else None,
        "project": queries.name_projects([found.project_id]).get(found.project_id, ""),
        "words": words,
    }


class MyRequestView(BaseView):
    """What I have asked for."""

    route_base = "/my-requests"
    default_view = "mine"

    @expose("/")
    @needs(policies.SEE)
    def mine(self) -> Any:
        """Show the actor's own requests."""
        tab = request.args.get("tab", "")
        _title, states = OWN_TABS.get(tab, OWN_TABS[""])
        page = queries.list_requests(
            "mine", here(), states=states, fits=_fits(), before=_cursor(), limit=ROWS
        )
        tabs = [
            (key, title, url_for("MyRequestView.mine", tab=key or None))
            for key, (title, _states) in OWN_TABS.items()
        ]
        return _list_page("workflows/requests.html", page, tab=tab, tabs=tabs, mine=True)


class FlowView(BaseView):
    """The approval flows in force, drawn."""

    route_base = "/approval-flows"
    default_view = "list"

    @expose("/")
    @needs(policies.FLOW_SEE)
    def list(self) -> Any:
        """Show the flow of every kind."""
        rows = [_flow_row(use) for use in queries.list_flows()]
        return render_template("workflows/flows.html", rows=rows)


def _flow_row(use: queries.FlowUse) -> dict[str, Any]:
    kind = find_kind(use.flow.kind)
    titles = kind.figure_titles if kind else {}
    return {
        "flow": use.flow,
        "running": use.running,
        "last_sent_at": use.last_sent_at,
        "title": kind_title(use.flow.kind),
        "outcome": kind.outcome if kind else "",
        "steps": timeline.preview_steps(use.flow.steps, titles),
    }


describe_story(
    ApprovalTask.__tablename__, StoryOf(states={"state": TaskState, "decision": Decision})
)

VIEWS = [ApprovalView, MyRequestView, FlowView]
MENU = [
    MenuItem(
        _l("To approve"),
        "work",
        30,
        policies.SEE,
        view=ApprovalView,
        icon="stamp",
        badge=queries.count_todo,
    ),
    MenuItem(_l("My requests"), "work", 40, policies.ADD, view=MyRequestView, icon="hand"),
    MenuItem(_l("Approval flows"), "system", 32, policies.FLOW_SEE, view=FlowView, icon="flow"),
]

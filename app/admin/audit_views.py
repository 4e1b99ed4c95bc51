"""The audit pages: a story of steps, one step in full, and the same as an Excel file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.admin import audit_export_views
from app.admin.audit_forms import (
    KINDS,
    cursor_of,
    read_asked,
    read_cursor,
    sentence,
    tables_offered,
)
from app.admin.audit_scope import audit_scope
from app.admin.models import AppUser
from app.core.audit import StepKey, find_entry, list_steps, read_steps
from app.core.audit_seal import is_sealed
from app.core.db import db
from app.core.permissions import ROLE_TITLES, all_permissions
from app.web.access import needs
from app.web.choices import as_option, find_choices
from app.web.formats import moment_text
from app.web.rest import current
from app.web.story import tell
from app.web.story_words import StoryOf, describe_story, model_of

SEE = "admin.audit:see"
EXPORT = "admin.audit:export"
PAGE = 30
LINES_OF_A_STEP = 200
#: what the tabs above the story show
TABS = (
    ("", _l("Everything")),
    ("sensitive", _l("Personal data looked at")),
    ("signed_in", _l("Signing in")),
    ("failed", _l("Failed to sign in")),
    ("exported", _l("Exports")),
    ("rights", _l("Permissions changed")),
    ("deleted", _l("Deleted")),
    ("by_hand", _l("Directly in the database")),
)


class AuditView(BaseView):
    """审计: who did what, when, from where, and from what to what."""

    route_base = "/audit"
    default_view = "list"

    @expose("/list/")
    @needs(SEE)
    def list(self) -> Any:
        """Tell the newest steps that fit."""
        actor = current()
        scope = audit_scope(actor)
        asked = read_asked(request.args, actor, scope)
        before = read_cursor(request.args.get("before", ""))
        keys = list_steps(asked.search, scope=scope, before=before, limit=PAGE + 1)
        found = read_steps(keys[:PAGE], scope=scope)
        told = tell([(key, found[key]) for key in keys[:PAGE] if key in found], actor=actor)
        # Counters that a sign-in moves on say nothing to people; the export has them.
        steps = [step for step in told if step.lines or step.more]
        return self.render_template(
            "admin/audit.html",
            steps=steps,
            asked=asked,
            kinds=KINDS,
            tabs=[(name, title, _but(step=name or None)) for name, title in TABS],
            tables=tables_offered(),
            empty_sentence=sentence(asked),
            next_url=_but(before=cursor_of(keys[PAGE - 1])) if len(keys) > PAGE else None,
            first_url=_but() if before else None,
            export_url=_export_url() if actor.may(EXPORT) else None,
        )

    @expose("/show/<int:entry_id>")
    @needs(SEE)
    def show(self, entry_id: int) -> Any:
        """Tell one step in full."""
        actor = current()
        scope = audit_scope(actor)
        entry = find_entry(entry_id, scope=scope)
        if entry is None:
            abort(404)
        key = StepKey(entry.at, entry.actor)
        found = read_steps([key], scope=scope, most=LINES_OF_A_STEP)
        step = tell([(key, found[key])], actor=actor, facts=LINES_OF_A_STEP)[0]
        return self.render_template(
            "admin/audit_step.html",
            step=step,
            entry=entry,
            moment=moment_text(entry.at, full=True),
            sealed=is_sealed(entry.id),
        )

    @expose("/sensitive/")
    @needs(SEE)
    def sensitive(self) -> Any:
        """Go to who looked at personal data in full or took data out."""
        return redirect(url_for("AuditView.list", step="sensitive"))

    @expose("/export/")
    @needs(EXPORT)
    def export(self) -> Any:
        """Send the steps that fit as an Excel file; this is written down as well."""
        actor = current()
        scope = audit_scope(actor)
        asked = read_asked(request.args, actor, scope)
        return audit_export_views.send(asked, scope, actor)

    @expose("/choices/<kind>")
    @needs(SEE)
    def choices(self, kind: str) -> Any:
        """Answer people or projects that fit what was typed."""
        model = {"person": AppUser, "project": model_of("estate_project")}.get(kind)
        if model is None:
            abort(404)
        actor = current()
        found = find_choices(model, request.args.get("q", "").strip(), actor=actor)
        return jsonify(result=[as_option(model, row, actor=actor) for row in found])


#: what an address of these pages may carry; anything else is not carried on
ASKED = ("table", "q", "object", "person", "project", "step", "since", "until")


def _but(**changes: str | None) -> str:
    """Return this page's address with some parts changed."""
    given = {name: request.args.get(name) for name in ASKED} | changes
    return _address("AuditView.list", given)


def _export_url() -> str:
    return _address("AuditView.export", {name: request.args.get(name) for name in ASKED})


def _address(endpoint: str, given: dict[str, str | None]) -> str:
    asked = urlencode({name: value for name, value in given.items() if value})
    return f"{url_for(endpoint)}?{asked}" if asked else url_for(endpoint)


def role_names(ids: Any, _actor: Any) -> dict[int, str]:
    """Return the titles of roles."""
    rows = db.session.execute(
        text(
            "SELECT r.id, r.name, p.code FROM ab_role r"
            " LEFT JOIN admin_role_profile p ON p.role_id = r.id WHERE r.id = ANY(:ids)"
        ),
        {"ids": list(ids)},
    )
    return {row[0]: str(ROLE_TITLES.get(row[2] or row[1], row[1])) for row in rows}


def permission_names(ids: Any, _actor: Any) -> dict[int, str]:
    """Return the titles of permissions."""
    titles = {one.name: one.title for one in all_permissions()}
    rows = db.session.execute(
        text(
            "SELECT pv.id, vm.name || ':' || substr(p.name, 5) FROM ab_permission_view pv"
            " JOIN ab_permission p ON p.id = pv.permission_id"
            " JOIN ab_view_menu vm ON vm.id = pv.view_menu_id WHERE pv.id = ANY(:ids)"
        ),
        {"ids": list(ids)},
    )
    return {row[0]: str(titles.get(row[1], row[1])) for row in rows}


describe_story("ab_role", StoryOf(_l("Role"), names=role_names))
describe_story("ab_permission_view", StoryOf(_l("Permission"), names=permission_names))
describe_story("ab_user_role", StoryOf(_l("Role of a user"), labels={"user_id": _l("User")}))
describe_story("ab_permission_view_role", StoryOf(_l("Permission of a role")))

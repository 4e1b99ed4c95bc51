"""System pages: how it runs, the daily check, the incident log."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.upkeep import findings, operations, queries
from app.upkeep.models import BackupState, DailyCheck, Incident, IncidentSeverity
from app.web.access import needs
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.menu import MenuItem
from app.web.rest import current

LONGEST_REMARKS = 2000


class SystemView(BaseView):
    """系统运行: health in sentences, queues, counters, backups, errors, and today's signature."""

    route_base = "/system"
    default_view = "show"

    @expose("/")
    @needs("upkeep.system:see")
    def show(self) -> Any:
        """Show how everything is."""
        return self._page("", "")

    @expose("/check", methods=["POST"])
    @needs("upkeep.check:sign")
    def sign(self) -> Any:
        """Sign today's check with what the page says now."""
        remarks = request.form.get("remarks", "")[:LONGEST_REMARKS]
        health = findings.read_health(current_app.config["DATA_DIR"], current())
        try:
            with unit_of_work(current()):
                operations.sign_day(
                    remarks=remarks,
                    findings=[one.plain() for one in health.findings],
                    actor=current(),
                )
        except DomainError as error:
            return self._page(str(error.message), remarks), error.status
        flash(_("Today's check has been signed."))
        return redirect(url_for("SystemView.show"))

    @expose("/jobs/<int:pk>/<word>", methods=["POST"])
    @needs("upkeep.system:retry")
    def job(self, pk: int, word: str) -> Any:
        """Retry or discard a failed background job."""
        steps = {"retry": operations.retry_job, "discard": operations.discard_job}
        if word not in steps:
            return self._page(_("There is nothing here, or it is not within your scope."), ""), 404
        try:
            with unit_of_work(current()):
                steps[word](pk, actor=current())
        except DomainError as error:
            return self._page(str(error.message), ""), error.status
        flash(_("Job %(job)s will run again.", job=pk) if word == "retry" else _("Discarded."))
        return redirect(url_for("SystemView.show") + "#jobs")

    def _page(self, problem: str, remarks: str) -> Any:
        return self.render_template(
            "upkeep/system.html",
            health=findings.read_health(current_app.config["DATA_DIR"], current()),
            settings=queries.notable_settings(current_app.config),
            alive=queries.alive,
            backup_state=BackupState,
            severity=IncidentSeverity,
            may_sign=current().may("upkeep.check:sign"),
            may_retry=current().may("upkeep.system:retry"),
            problem=problem,
            remarks=remarks,
        )


class DailyCheckView(CrudView):
    """每日巡检."""

    datamodel = SQLAInterface(DailyCheck)
    route_base = "/daily-checks"
    permission = "upkeep.check"
    list_title = _l("Daily checks")
    empty_sentence = _l("Nobody has signed a daily check yet. Sign on the page System.")
    list_columns = ["day", "signed_by", "signed_at", "troubles", "remarks"]
    search_columns = ["day", "signed_by"]
    order = ("-day",)
    label_columns = {
        "day": _l("Day"),
        "signed_by": _l("Signed by"),
        "signed_at": _l("Signed at"),
        "troubles": _l("Troubles"),
        "remarks": _l("Remarks"),
    }
    show_fieldsets = [("", ["day", "signed_by", "signed_at", "remarks"])]
    show_template = "upkeep/check.html"
    exportable = False


class IncidentView(CrudView):
    """故障记录."""

    datamodel = SQLAInterface(Incident)
    route_base = "/incidents"
    permission = "upkeep.incident"
    list_title = _l("Incidents")
    add_title = _l("Record an incident")
    empty_sentence = _l("No incident so far. Record what happened, why, and what was done.")
    list_columns = ["title", "severity", "began_at", "ended_at", "created_by"]
    search_columns = ["title", "severity", "began_at", "what"]
    states = {"severity": IncidentSeverity}
    order = ("-began_at",)
    label_columns = {
        "title": _l("Title"),
        "severity": _l("Severity"),
        "began_at": _l("Began at"),
        "ended_at": _l("Ended at"),
        "what": _l("What happened"),
        "cause": _l("Cause"),
        "remedy": _l("Remedy"),
        "error_id": _l("Error number"),
        "created_by": _l("Recorded by"),
        "created_at": _l("Recorded at"),
    }
    help_columns = {"error_id": _l("The number on the error page; it finds the lines in the log.")}
    show_fieldsets = [
        ("", ["title", "severity", "began_at", "ended_at", "error_id"]),
        ("", ["what", "cause", "remedy"]),
        (_l("Record"), ["created_by", "created_at"]),
    ]
    form_fieldsets = [
        ("", ["title", "severity", "began_at", "ended_at", "error_id"]),
        ("", ["what", "cause", "remedy"]),
    ]
    add_operation = operations.add_incident
    edit_operation = operations.edit_incident
    delete_operation = operations.delete_incident
    exportable = False


VIEWS = [SystemView, DailyCheckView, IncidentView]
RESOURCES = [crud_api(IncidentView)]
MENU = [
    MenuItem(_l("How it runs"), "system", 60, "upkeep.system:see", view=SystemView, icon="screen"),
    MenuItem(
        _l("Daily checks"), "system", 61, "upkeep.check:see", view=DailyCheckView, icon="calendar"
    ),
    MenuItem(_l("Incidents"), "system", 62, "upkeep.incident:see", view=IncidentView, icon="bell"),
]

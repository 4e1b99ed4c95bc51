"""What a page may cost: one table, for every page that there is and every one to come."""

from __future__ import annotations

#: statements, by the last word of the page's name
STATEMENTS = {"list": 12, "show": 20, "add": 15, "edit": 18, "delete": 15}
#: statements of every other page
OTHERWISE = 20
#: pages that may cost more or less than their kind, each with the reason
STATEMENTS_OF: dict[str, int] = {
    "work.counts": 8,  # asked by the frame of every page
    "work.projects_found": 3,  # asked while one types
    "search.search": 20,  # looks into every area
    "ProjectView.show": 23,  # everything that divides a project hangs on it
    "OpeningItemView.list": 14,  # every area is asked how ready it is
    "AuditView.export": 72,  # reads a year of steps in portions
    "AuditView.list": 72,  # the names of every kind of record that its steps touch, at once
    "WorkbenchView.page": 40,  # here by somebody who holds every role and so has every tile
    "healthz": 2,  # asked by balancers every few seconds
}
#: statements that more rows may add: a portion of a file, the names of a tile that was empty
MAY_GROW = {"AuditView.export": 5, "WorkbenchView.page": 3}
#: bytes on the wire when a page is opened for the first time: itself and what it asks for
WEIGHT = 300_000


def statements_for(page: str) -> int:
    """Return how many statements the page may make."""
    return STATEMENTS_OF.get(page, STATEMENTS.get(page.rpartition(".")[2], OTHERWISE))

"""The whole scope walk: ``python -m tests.conformance.scope_report`` writes docs/scope-walk.md.

Every role in another project makes every call with the ids of this one, and again with ids of no
rows; ``--all`` lets every role ask for every list, filter and search too.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from app import create_app
from app.core import clock
from app.core.permissions import PRESET_ROLES
from config import ROOT
from tests import database
from tests.conformance.ghosts import Compared, compare, pairs, shortened
from tests.conformance.office import Office, open_office
from tests.conformance.walk import calls, is_of_the_group
from tests.conftest import CommittingClient

REPORT = ROOT / "docs/scope-walk.md"
HEAD = """# The scope walk

Written by `python -m tests.conformance.scope_report`. One person of every preset role, who belongs
to another project only, makes every call that the product answers — pages, forms, REST, choices,
searches, exports, files, streams, in every method — with the ids of this project's rows, and again
with ids of rows that do not exist. Both must be answered alike: the same status, the same words to
the letter, headers and redirects included, and, where the address names a row, the same number of
SQL statements. Without the right the guard must answer 403 before anything is read. Rows of the
whole group (users, roles, organizations, the audit) have no project; the right alone keeps them.
`outsider` holds every right of every role at once and asks for every list, filter and search;
the others make every call that names a row, and of the rest one of each address and method. The
same walk is part of the tests, with addresses planted that read past the scope, which it finds.
"""


def main() -> int:
    """Walk, print the faults, write the figures."""
    server = database.Server()
    try:
        database.make_template(server.cluster.url)
        with database.cloned("xk_report") as url, tempfile.TemporaryDirectory() as folder:
            app = create_app(
                {"DATABASE_URL": url, "TESTING": True, "WTF_CSRF_ENABLED": False, **database.KEYS}
            )
            app.config["PROPAGATE_EXCEPTIONS"] = False
            app.test_client_class = CommittingClient
            with open_office(app, Path(folder)) as office:
                lines, faults = _walk(office)
    finally:
        server.stop()
    REPORT.write_text(HEAD + "\n" + "\n".join(lines) + "\n")
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


def _walk(office: Office) -> tuple[list[str], list[str]]:
    found, unknown = calls(office)
    beside = [pair for pair in pairs(office, found) if not is_of_the_group(pair.real)]
    routes = {pair.real.route.name for pair in beside}
    roles = [code for code, _title in PRESET_ROLES.values()]
    people = len(roles) + 1
    lines = [
        f"{clock.now():%Y-%m-%d}: {len(routes)} routes, {len(beside)} calls, {people} people.",
        "",
        "| who | requests | 2xx, 3xx | 403 | 404 | 422 and others | faults |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    faults, requests = list(unknown), 0
    for username in ("outsider", *(f"outside_{role}" for role in roles)):
        told = Compared()
        every = username == "outsider" or "--all" in sys.argv
        compare(office, username, beside if every else shortened(beside), told)
        faults += told.faults
        requests += told.requests
        good = sum(count for status, count in told.statuses.items() if status < 400)
        refused, absent = told.statuses[403], told.statuses[404]
        rest = told.requests - good - refused - absent
        figures = (told.requests, good, refused, absent, rest, len(told.faults))
        lines.append(f"| {username} | {' | '.join(f'{one:,}' for one in figures)} |")
    return [*lines, "", f"{requests:,} requests, {len(faults)} faults."], faults


if __name__ == "__main__":
    sys.exit(main())

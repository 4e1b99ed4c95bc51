"""One office for all scenarios of a worker, whose database belongs to another role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import database
from tests.scenarios.office import Office, free_ports


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    with database.cloned("xk_office") as url:
        port, live_port = free_ports(2)
        # Everything the stories do is done as the lesser role, to which the audit is closed.
        running = Office(folder, database.lesser(url), port, live_port)
        try:
            running.start()
            yield running
        finally:
            running.stop()

"""grid_json: the grid of 10,000 rooms over HTTP, beside the same keys through psql."""

from __future__ import annotations

import http.client
import re
import statistics
import subprocess
import time

from bench.measure import Measure, Yardstick, measure
from bench.stage import Stage
from bench.statements import logged_statements

ROUNDS = 9


def run(stage: Stage, scale: float) -> list[Measure]:
    """Fetch the whole grid, uncompressed, and run its statements through psql."""
    path = f"/api/v1/projects/{stage.project_id}/grid"
    headers = {"Authorization": f"Bearer {stage.tokens[0]}", "Accept-Encoding": "identity"}

    def fetch(client) -> None:
        assert client.get(path, headers=headers).status_code == 200

    statements = logged_statements(stage, fetch)
    ours = statistics.median(_fetch(stage.port, path, headers) for _ in range(ROUNDS))
    theirs = statistics.median(_psql(stage, statements) for _ in range(ROUNDS))
    return [
        measure(
            "grid_json", ours, "s", scale=scale, better="lower", goal=1.5,
            yardstick=Yardstick("psql, the same statements s", theirs),
        )
    ]  # fmt: skip


def _fetch(port: int, path: str, headers: dict[str, str]) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    begun = time.perf_counter()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    size = len(response.read())
    seconds = time.perf_counter() - begun
    assert response.status == 200
    assert size > 100_000
    connection.close()
    return seconds


def _psql(stage: Stage, statements: list[str]) -> float:
    text = "\\timing on\n" + "\n".join(line.rstrip(";") + ";" for line in statements)
    command = [stage.cluster.program("psql"), "-qAtX", "-d", stage.url]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return (
        sum(float(ms) for ms in re.findall(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)) / 1000
    )

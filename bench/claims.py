"""claim_http and claim_cpu_ms: holding a room over HTTP, beside its own statements in pgbench."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time

from bench.measure import Measure, Yardstick, measure
from bench.stage import Stage
from bench.statements import logged_statements

CLIENTS = 8
#: a number that occurs nowhere else, to be found again in the logged statements
PROBE = 987654321


def run(stage: Stage, scale: float) -> list[Measure]:
    """Claim distinct rooms over HTTP, then the same through pgbench."""
    each = max(100, int(1250 * scale))
    rooms = [row[0] for row in stage.sql("SELECT id FROM estate_room ORDER BY id")]
    warm, rooms = rooms[: CLIENTS * 25], rooms[CLIENTS * 25 :]
    _claim_all(stage, _shares(warm, 25))
    cpu = stage.web_cpu_seconds()
    seconds = _claim_all(stage, _shares(rooms, each))
    cpu = stage.web_cpu_seconds() - cpu
    count = CLIENTS * each
    yardstick = Yardstick("pgbench, the same statements/s", _pgbench(stage, rooms[count:], each))
    return [
        measure(
            "claim_http", count / seconds, "claims/s",
            scale=scale, better="higher", goal=0.25, yardstick=yardstick,
        ),
        measure(
            "claim_cpu_ms", cpu * 1000 / count, "ms", scale=scale, better="lower", goal=1.5
        ),
    ]  # fmt: skip


def _shares(rooms: list[int], each: int) -> list[list[int]]:
    return [rooms[n * each : (n + 1) * each] for n in range(CLIENTS)]


def _claim_all(stage: Stage, shares: list[list[int]]) -> float:
    """Return the seconds in which all claims were answered; every one must succeed."""
    failures: list[str] = []
    threads = [
        threading.Thread(target=_claim, args=(stage, number, share, failures))
        for number, share in enumerate(shares)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    assert not failures, failures[:3]
    return seconds


def _claim(stage: Stage, number: int, rooms: list[int], failures: list[str]) -> None:
    body = json.dumps({"reason": "测量"}).encode()
    with socket.create_connection(("127.0.0.1", stage.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        for room in rooms:
            head = (
                f"POST /api/v1/rooms/{room}/hold HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {stage.tokens[number]}\r\n"
                f"Idempotency-Key: bench-{room}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            connection.sendall(head.encode() + body)
            status, answer = _read(reader)
            if status != 201:
                failures.append(f"{status} {answer[:200]!r}")


def _read(reader) -> tuple[int, bytes]:
    status = int(reader.readline().split()[1])
    length = 0
    while (line := reader.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, reader.read(length)


def _pgbench(stage: Stage, rooms: list[int], each: int) -> float:
    """Return transactions a second of the logged statements under ``pgbench -c 8``."""
    script = stage.folder / "claim.sql"
    script.write_text(_script(stage))
    first = rooms[0]
    command = [
        *(stage.cluster.program("pgbench"), "-n", "-c", str(CLIENTS), "-j", "2"),
        *("-t", str(each), "-f", str(script), "-D", "i=-1", "-D", f"base={first}"),
        *("-D", f"each={each}", stage.url),
    ]
    before = stage.sql("SELECT count(*) FROM sales_hold")[0][0]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made = stage.sql("SELECT count(*) FROM sales_hold")[0][0] - before
    assert made == CLIENTS * each, f"pgbench made {made} holds\n{done.stderr[-1000:]}"
    match = re.search(r"tps = ([\d.]+)", done.stdout)
    assert match, done.stdout
    return float(match.group(1))


def _script(stage: Stage) -> str:
    stage.sql(
        "INSERT INTO estate_room (id, project_id, building_id, floor, floor_name, column_no,"
        " number, gross_area, status) OVERRIDING SYSTEM VALUE"
        " SELECT n, project_id, building_id, floor, floor_name, column_no, 'X' || n, gross_area,"
        " 'available' FROM estate_room, (VALUES (%(probe)s - 1), (%(probe)s)) v(n)"
        " WHERE estate_room.id = (SELECT min(id) FROM estate_room)",
        {"probe": PROBE},
    )
    stage.sql(
        "INSERT INTO pricing_room_price (project_id, room_id, plan_id, list_unit_price,"
        " list_total, floor_total, valid_from) SELECT r.project_id, r.id, p.id, 1, 100, 90, now()"
        " FROM estate_room r, pricing_price_plan p WHERE r.id >= %(probe)s - 1",
        {"probe": PROBE},
    )
    wanted = iter((PROBE - 1, PROBE))

    def claim(client) -> None:
        room = next(wanted)
        answer = client.post(
            f"/api/v1/rooms/{room}/hold",
            json={"reason": "测量"},
            headers={
                "Authorization": f"Bearer {stage.tokens[0]}",
                "Idempotency-Key": f"probe-{room}",
            },
        )
        assert answer.status_code == 201, answer.text

    lines = logged_statements(stage, claim)
    text = "\n".join(line.rstrip(";") + ";" for line in lines)
    assert str(PROBE) in text
    head = "\\set i :i + 1\n\\set room :base + :client_id * :each + :i\n"
    return head + text.replace(str(PROBE), ":room") + "\n"

"""The oracle over papers: what the printer put out is what the database says it did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaos.records import Read

_AGAIN = re.compile(r"补打第(\d+)次")


def _reprint(paper: dict[str, Any]) -> int:
    """Return the how-manieth print on purpose a paper says it is; 0 for the first."""
    found = [_AGAIN.search(line["text"]) for line in paper["lines"]]
    return next((int(one[1]) for one in found if one), 0)


def check(read: Read, papers: list[dict[str, Any]]) -> Iterator[tuple[str, str, int]]:
    """Yield (rule, what is wrong, job) for every order whose papers do not fit its state."""
    marked = [one for one in papers if one["job_id"]]
    printed = Counter((str(one["job_id"]), _reprint(one)) for one in marked)
    jobs = {
        str(number): (state, copies, started)
        for number, state, copies, started in read(
            "SELECT id, state, reprint, attempts > 0 FROM devices_job"
        )
    }
    for (job, copy), count in printed.items():
        if job not in jobs:
            yield "no paper is of nothing", f"{count} papers", int(job)
        elif count > 1:
            yield "no paper comes twice unmarked", f"{count} of copy {copy}", int(job)
        elif copy > jobs[job][1]:
            yield "no copy comes that nobody asked for", f"copy {copy}", int(job)
    for job, (state, copies, started) in jobs.items():
        if state == "succeeded" and not printed[job, copies]:
            yield "what succeeded is on paper", f"no copy {copies}", int(job)
        if not started and any(printed[job, copy] for copy in range(copies + 1)):
            yield "nothing is printed before it is handed out", state, int(job)

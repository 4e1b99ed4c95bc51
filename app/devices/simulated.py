"""What a simulated device has put out for a job; for the pages and REST of this server."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.core.errors import NotFound
from app.devices.catalogue import paper_text, read_papers, render_paper_svg, simulator_name
from app.devices.models import DeviceJob


def simulator_of(job: DeviceJob) -> str | None:
    """Return the name of the simulator that the job goes to; None for a real device."""
    if job.device is None:
        return None
    return simulator_name(current_app.config["DATA_DIR"], job.device.url)


def papers_of(job: DeviceJob) -> dict[str, Any]:
    """Return the papers that bear the job's mark. Raises NotFound for a real device."""
    name = simulator_of(job)
    if job.device is None or name is None:
        raise NotFound(
            _("Only a simulated device shows its paper here; look at the printer itself.")
        )
    driver = job.device.driver
    papers = read_papers(current_app.config["DATA_DIR"], name, job_id=job.id)
    return {
        "job": job.id,
        "text": "\n\n".join(paper_text(paper) for paper in papers),
        "papers": [
            {
                "number": paper["no"],
                "at": paper["at"],
                "text": paper_text(paper),
                "svg": render_paper_svg(driver, paper),
            }
            for paper in papers
        ],
    }

"""What pages and REST see of the drivers: kinds, names, settings, error sentences, papers.

Reads files of simulated paper, and otherwise opens nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext

from app.devices import drivers
from app.devices.capabilities import ERRORS, KINDS, DriverSpec
from app.devices.simulation import papers

__all__ = [
    "check_settings",
    "commands",
    "driver",
    "driver_specs",
    "drivers_of_kind",
    "error_text",
    "kinds",
    "paper_text",
    "read_papers",
    "render_paper_svg",
    "simulator_name",
    "text",
]


def text(msgid: str) -> Any:
    """A title or help of a driver or setting as lazily translated text; "" stays ""."""
    return lazy_gettext(msgid) if msgid else ""


def kinds() -> dict[str, Any]:
    """The kinds that some driver serves, with their titles, in the order of their codes."""
    served = {spec.kind for spec in drivers.specs().values()}
    return {kind: text(KINDS[kind]) for kind in sorted(served)}


def driver_specs() -> Mapping[str, DriverSpec]:
    """All drivers by name; titles and helps in them are msgids, for `text`."""
    return drivers.specs()


def drivers_of_kind(kind: str) -> dict[str, Any]:
    """Name → title of the drivers for one kind."""
    return {name: text(spec.title) for name, spec in drivers.specs().items() if spec.kind == kind}


def driver(name: str) -> DriverSpec:
    """One driver's declaration; raises DeviceError `unknown_driver`."""
    return drivers.spec(name)


def commands(name: str) -> tuple[str, ...]:
    """What jobs a driver carries out; raises DeviceError `unknown_driver`."""
    return driver(name).commands


def check_settings(name: str, values: Mapping[str, object]) -> dict[str, Any]:
    """All settings of a device, missing ones by default.

    Raises DeviceError `bad_settings`, its detail beginning with the setting's name.
    """
    return driver(name).parse_settings(values)


def error_text(code: str, *, device: str) -> Any:
    """The sentence for an error code, naming the device; raises KeyError for an unknown code."""
    return lazy_gettext(ERRORS[code], device=device)


def simulator_name(data_dir: Path | str, url: str) -> str | None:
    """The simulator behind a device's URL; None when the device is a real one."""
    return papers.simulator_name(data_dir, url)


def read_papers(
    data_dir: Path | str, device_name: str, *, job_id: int | str | None = None
) -> list[dict[str, Any]]:
    """Papers of a simulator, oldest first, or only those of one job.

    Each has `no`, `at`, `job_id`, `copy`, `columns`, `lines` (`text`, `align`, `size`, `bold`),
    `drawer` (how often it was opened) and `raw` (hex).
    """
    return papers.read_papers(data_dir, device_name, job_id=None if job_id is None else str(job_id))


def render_paper_svg(driver_name: str, paper: Mapping[str, Any]) -> str:
    """A paper as an SVG element, safe to embed; raises DeviceError `unknown_driver`."""
    picture: str = drivers.part(driver_name, "paper").render_svg(paper)
    return picture


def paper_text(paper: Mapping[str, Any]) -> str:
    """A paper's words, line by line."""
    return "\n".join(str(line["text"]) for line in paper["lines"])

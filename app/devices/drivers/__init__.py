"""The drivers, one package each, found by a sorted walk: DRIVER in its `__init__`, and `driver.py`.

A package with a simulator may also have `paper.py` with `render_svg`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.devices.capabilities import DeviceError, Driver, DriverSpec


@cache
def specs() -> Mapping[str, DriverSpec]:
    """Every driver's declaration by name, in the order of the names; opens no port."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if module.ispkg:
            declared: DriverSpec = importlib.import_module(f"{__name__}.{module.name}").DRIVER
            found[declared.name] = declared
    return found


def spec(name: str) -> DriverSpec:
    """One driver's declaration; raises DeviceError `unknown_driver`."""
    if name not in specs():
        raise DeviceError("unknown_driver", name)
    return specs()[name]


def part(name: str, module: str) -> Any:
    """One module of a driver's package; raises DeviceError `unknown_driver`."""
    return importlib.import_module(f"{__name__}.{spec(name).name}.{module}")


def create(name: str, url: str, settings: Mapping[str, object]) -> Driver:
    """A driver for the device at `url`, not yet opened; `unknown_driver` or `bad_settings`."""
    driver: Driver = part(name, "driver").create(url, settings)
    return driver

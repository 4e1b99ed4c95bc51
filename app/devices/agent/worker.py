"""One thread per device: its jobs in order, and a look at its state in between."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.devices import drivers
from app.devices.agent.jobs import Job, JobBook, JobDropped, failure, success
from app.devices.capabilities import DeviceError, DeviceState, DeviceStatus, Driver
from app.devices.transports.wire import WireLog
from app.logs.trace import traced

log: Final = logging.getLogger(__name__)

PROBE_SECONDS: Final = 10.0
# A device in trouble is looked at more often: somebody is putting in paper just now.
TROUBLE_SECONDS: Final = 2.0
_MAKING: Final = ("driver", "url", "settings")


class DeviceWorker(threading.Thread):
    """Drives one device. `on_state` is called when its state has changed."""

    def __init__(
        self, device: Mapping[str, Any], book: JobBook, on_state: Callable[[], None]
    ) -> None:
        super().__init__(name=f"device-{device['id']}", daemon=True)
        self.status: DeviceStatus | None = None
        self._device = self._newest = device
        self._book = book
        self._on_state = on_state
        self._orders: queue.SimpleQueue[Job | Mapping[str, Any] | None] = queue.SimpleQueue()
        self._driver: Driver | None = None

    def give(self, job: Job) -> None:
        self._orders.put(job)

    def configure(self, device: Mapping[str, Any]) -> None:
        """Take over changed settings, after the jobs that were given before."""
        if device != self._newest:
            self._newest = device
            self._orders.put(device)

    def end(self) -> None:
        """Let the thread end after what it has to do."""
        self._orders.put(None)

    def run(self) -> None:
        probe_at = time.monotonic()
        while True:
            try:
                order = self._orders.get(timeout=max(probe_at - time.monotonic(), 0))
            except queue.Empty:
                self._probe()
            else:
                if order is None:
                    return
                if isinstance(order, Job):
                    with traced(order.request_id):
                        self._work(order)
                else:
                    self._configure(order)
                    continue
            is_well = self.status and self.status.state in (
                DeviceState.OK,
                DeviceState.PAPER_NEAR_END,
            )
            probe_at = time.monotonic() + (PROBE_SECONDS if is_well else TROUBLE_SECONDS)

    def _configure(self, device: Mapping[str, Any]) -> None:
        if any(device[part] != self._device[part] for part in _MAKING):
            self._driver = None
        self._device = device

    def _made(self) -> Driver:
        """The driver, made anew after a change; raises `unknown_driver` or `bad_settings`."""
        if self._driver is None:
            device = self._device
            self._driver = drivers.create(device["driver"], device["url"], device["settings"])
        return self._driver

    def _work(self, job: Job) -> None:
        self._configure(job.device)
        wire = WireLog()
        has_begun = threading.Event()

        def begin() -> None:
            self._book.begin(job)
            has_begun.set()

        try:
            report = success(
                self._made().execute(
                    job.command, job.payload, job_id=str(job.id), begin=begin, wire=wire
                )
            )
        except JobDropped:
            self._book.drop(job)
            return
        except DeviceError as error:
            report = failure(error)
            log.warning("Job %s on %s: %s", job.id, self._device["name"], error)
        except Exception as error:
            # A fault of the driver must not take the other devices of the station with it.
            log.exception("Job %s on %s", job.id, self._device["name"])
            code = "driver_fault_midway" if has_begun.is_set() else "driver_fault"
            report = failure(DeviceError(code, repr(error)))
        self._book.report(job, {**report, "wire_log": wire.entries()})

    def _probe(self) -> None:
        try:
            status = self._made().probe()
        except DeviceError as error:
            status = DeviceStatus(DeviceState.UNREACHABLE, error.code)
        except Exception:
            log.exception("Looking at %s", self._device["name"])
            status = DeviceStatus(DeviceState.UNREACHABLE, "driver_fault")
        if status != self.status:
            log.info("%s: %s %s", self._device["name"], status.state.value, status.detail)
            self.status = status
            self._on_state()

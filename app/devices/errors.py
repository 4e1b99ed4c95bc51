"""How a job at the counter can end badly: outcomes, error codes, their sentences, DeviceError."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

# Marks a msgid for extraction; the server translates, the counter has no catalogue.
N_: Final = str


class Outcome(StrEnum):
    """How an attempt ended: only NOT_STARTED may be repeated by itself, UNKNOWN never."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"


_WAITING: Final[Mapping[str, str]] = {
    "paper_out": N_(
        "%(device)s is out of paper. Put in a new roll; the job then prints by itself."
    ),
    "cover_open": N_("The cover of %(device)s is open. Close it; the job then prints by itself."),
    "offline": N_(
        "%(device)s is offline. Press its feed button or switch it off and on;"
        " the job then prints by itself."
    ),
    "cutter_error": N_(
        "The cutter of %(device)s is jammed. Remove the paper and switch it off and on;"
        " the job then prints by itself."
    ),
    "no_answer": N_(
        "%(device)s does not answer. See that it is switched on and its cable is plugged in;"
        " nothing was printed."
    ),
    "port_missing": N_(
        "The port of %(device)s is not there. Plug in its cable, or correct the port in the"
        " device's settings; nothing was printed."
    ),
    "port_unreachable": N_(
        "%(device)s cannot be reached. See that it is switched on and connected to the network;"
        " nothing was printed."
    ),
    "port_busy": N_(
        "Another program is using the port of %(device)s. Close that program;"
        " the job then prints by itself."
    ),
    "port_denied": N_(
        "The agent may not open the port of %(device)s. Give its account the right to the port;"
        " nothing was printed."
    ),
    "line_lost": N_(
        "The connection to %(device)s broke before anything was printed. Plug in its cable firmly;"
        " the job then prints by itself."
    ),
    "no_proof": N_(
        "%(device)s is busy with earlier data or does not confirm its prints. Switch it off and on;"
        " if that does not help, set its proof of printing to status only."
    ),
    "server_unreachable": N_(
        "The station could not announce the job for %(device)s to the server in time;"
        " nothing was printed and the job is tried again."
    ),
    "journal_failed": N_(
        "The station cannot keep its journal, so %(device)s was not told to print. Free some space"
        " on the station's disk; the job then prints by itself."
    ),
    "agent_stopped": N_(
        "The station's agent was stopped before %(device)s began; nothing was printed and the job"
        " waits for the agent to start."
    ),
}

_FAILED: Final[Mapping[str, str]] = {
    "bad_payload": N_(
        "The job for %(device)s has content that cannot be printed. Nothing was printed;"
        " tell the administrator what was to be printed."
    ),
    "bad_settings": N_(
        "The settings of %(device)s are wrong. Correct them, then retry the job;"
        " nothing was printed."
    ),
    "unknown_command": N_(
        "%(device)s cannot carry out this kind of job. Choose another device; nothing was printed."
    ),
    "unknown_driver": N_(
        "The station has no driver for %(device)s. Update the agent or choose another driver;"
        " nothing was printed."
    ),
    "unrecoverable_error": N_(
        "%(device)s reports a fault that it cannot clear. Switch it off and on; if it stays,"
        " have it repaired, then retry the job. Nothing was printed."
    ),
    "driver_fault": N_(
        "The driver of %(device)s failed before anything was printed. Tell the administrator;"
        " the details are in the station's log."
    ),
}

_UNKNOWN: Final[Mapping[str, str]] = {
    "paper_out_midway": N_(
        "%(device)s ran out of paper while printing. Put in a new roll, look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "cover_open_midway": N_(
        "The cover of %(device)s was opened while printing. Close it, look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "offline_midway": N_(
        "%(device)s went offline while printing. Bring it online, look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "cutter_error_midway": N_(
        "The cutter of %(device)s jammed while printing. Remove the paper, look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "unrecoverable_error_midway": N_(
        "%(device)s reported a fault while printing. Switch it off and on, look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "line_lost_midway": N_(
        "The connection to %(device)s broke while printing. Plug it in again, look at what came"
        " out, and mark the job as printed or reprint it."
    ),
    "stalled_midway": N_(
        "%(device)s stopped taking data while printing. Look at what came out,"
        " and mark the job as printed or reprint it."
    ),
    "no_answer_midway": N_(
        "%(device)s fell silent after the data was sent. Look whether the paper came out,"
        " and mark the job as printed or reprint it."
    ),
    "no_proof_midway": N_(
        "%(device)s did not confirm that it printed everything. Look whether the paper came out,"
        " and mark the job as printed or reprint it."
    ),
    "agent_restarted": N_(
        "The station's agent ended while %(device)s was printing. Look whether the paper came out,"
        " and mark the job as printed or reprint it."
    ),
    "driver_fault_midway": N_(
        "The driver of %(device)s failed while printing. Look whether the paper came out, mark the"
        " job as printed or reprint it, and tell the administrator."
    ),
}

# Stable error code → msgid with %(device)s; which outcome a code means.
ERRORS: Final[Mapping[str, str]] = {**_WAITING, **_FAILED, **_UNKNOWN}
OUTCOMES: Final[Mapping[str, Outcome]] = {
    **dict.fromkeys(_WAITING, Outcome.NOT_STARTED),
    **dict.fromkeys(_FAILED, Outcome.FAILED),
    **dict.fromkeys(_UNKNOWN, Outcome.UNKNOWN),
}


class DeviceError(Exception):
    """A job did not end well: a code of `ERRORS`, a technical detail, and what is known of it."""

    def __init__(
        self, code: str, detail: str = "", *, result: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.outcome = OUTCOMES[code]
        self.result: dict[str, Any] = dict(result or {})

    def midway(self, result: Mapping[str, Any]) -> "DeviceError":
        """The same trouble met after the first byte, whose outcome is therefore unknown."""
        code = self.code if self.outcome is Outcome.UNKNOWN else f"{self.code}_midway"
        return DeviceError(
            code if code in OUTCOMES else "line_lost_midway", self.detail, result=result
        )

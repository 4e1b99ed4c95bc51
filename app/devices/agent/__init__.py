"""The program on the counter: takes the station's jobs over HTTPS, drives the devices, reports.

Needs capabilities, drivers and transports, and nothing of the server.
"""

from app.devices.agent.program import main, run

__all__ = ["main", "run"]

"""Devices: bytes, drivers, simulators, the agent, and the server's side of jobs."""

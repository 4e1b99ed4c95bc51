"""Devices that are not there: a port, faults and paper for the drivers' simulators."""

"""Devices at the counter 设备: jobs the areas write, carried out by an agent on the station."""

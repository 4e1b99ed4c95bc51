"""Lines to devices: opening, bounded reading and writing; the only place that knows pyserial."""

"""Data to measure with."""

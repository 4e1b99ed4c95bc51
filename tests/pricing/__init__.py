"""Tests of the area pricing."""

"""Tests of the background work."""

"""Tests of the area estate."""

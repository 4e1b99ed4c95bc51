"""Tests of the screens' base."""

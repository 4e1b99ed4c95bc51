"""Benchmarks, each beside its yardstick in the same run: ``make bench``."""

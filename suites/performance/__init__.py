"""Measures the performance of the harness itself: `nox -s perf`."""

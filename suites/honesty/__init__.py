"""Tests how reliable the benchmark's verdicts are: A/A, injected slowness, repeated runs."""

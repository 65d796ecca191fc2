"""Pytest suites, parametrized over worlds and cells, and the workflows that they run."""

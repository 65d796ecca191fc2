"""Pytest suites, parametrized over worlds and cells, and the workflows that they run."""

from world_harness.packages import join_folders

__path__ = join_folders(__name__)

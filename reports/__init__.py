"""Results in, documents out."""

from world_harness.packages import join_folders

__path__ = join_folders(__name__)

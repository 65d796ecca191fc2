"""The instrument: everything that measures and judges a World, and no test code."""

from world_harness.packages import join_folders

__path__ = join_folders(__name__)

#: Written here and nowhere else. To ask the installed package's metadata for it is a good part of
#: the start of a process, and the reference World starts hundreds of times.
__version__ = "0.1.0"

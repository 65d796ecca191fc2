"""The instrument: everything that measures and judges a World, and no test code."""

from importlib.metadata import version

__version__ = version("world-harness")

"""The command line: one file for each command, and what they share."""

from harness.cli.program import main

__all__ = ["main"]

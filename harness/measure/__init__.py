"""What is measured, in which order, by which clock, and what may be said of it."""

from pathlib import Path

#: What an app that is measured holds beside its framework's files.
APP = Path(__file__).parent / "app"

"""The nemesis: seeded faults for deliveries, calls and processes; and the journal of what it did."""

from pathlib import Path

#: What an app that is harassed holds beside its framework's files.
APP = Path(__file__).parent / "app"

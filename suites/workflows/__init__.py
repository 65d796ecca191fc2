"""The workflows, written once per language, and the scenarios that run them."""

from pathlib import Path

from harness.descriptions import Scenario, read_table

#: Where the workflows' sources stand; every framework's app is built from these files.
SOURCES = Path(__file__).parent


def describe_scenarios() -> dict[str, Scenario]:
    """Return every scenario by its id, in the order of the report."""
    return read_table(SOURCES / "scenarios.toml", "scenario", Scenario)

"""The workflows, written once per language, and the scenarios that run them."""

from pathlib import Path

from harness import measure, nemesis
from harness.deployments.apps import Contents
from harness.descriptions import Scenario, read_table

_FOLDER = Path(__file__).parent

#: What the apps of the benchmark hold.
BENCH = Contents("bench", measure.APPS, _FOLDER / "bench")
#: What the apps of the engine suites hold.
ENGINE = Contents("engine", nemesis.APPS, _FOLDER / "engine")
#: By what the app is for.
CONTENTS = {contents.id: contents for contents in (BENCH, ENGINE)}


def describe_scenarios() -> dict[str, Scenario]:
    """Return every scenario by its id, in the order of the report."""
    return read_table(BENCH.workflows / "scenarios.toml", "scenario", Scenario)

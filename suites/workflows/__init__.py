"""The workflows, written once per language, and the scenarios that run them."""

import functools
from pathlib import Path

import msgspec

from harness import inside
from harness.deployments.apps import Contents
from harness.descriptions import Scenario, read_table
from suites.workflows.bench.answers import EXPECTATIONS

_FOLDER = Path(__file__).parent

#: What the apps of the benchmark hold.
BENCH = Contents("bench", inside.PROBE, _FOLDER / "bench", EXPECTATIONS)
#: What the apps of the engine suites hold.
ENGINE = Contents("engine", inside.NEMESIS, _FOLDER / "engine")
#: By what the app is for.
CONTENTS = {contents.id: contents for contents in (BENCH, ENGINE)}


class EngineWorkflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workflow of the engine suites."""

    id: str
    #: Line -> why its SDK cannot express it.
    inexpressible: dict[str, str] = {}


@functools.cache
def describe_engine_workflows() -> dict[str, EngineWorkflow]:
    """Return the workflows of the engine suites, by their names."""
    return read_table(ENGINE.workflows / "workflows.toml", "workflow", EngineWorkflow)


def explain_inexpressible(workflow: str, line: str) -> str:
    """Say why a line cannot have a workflow of the engine suites; empty when it can."""
    known = describe_engine_workflows().get(workflow)
    return known.inexpressible.get(line, "") if known else ""


def describe_scenarios() -> dict[str, Scenario]:
    """Return every scenario by its id, in the order of the report."""
    return read_table(BENCH.workflows / "scenarios.toml", "scenario", Scenario)

"""The workflows, written once per language, and the scenarios that run them."""

import functools
from pathlib import Path

import msgspec

from harness import inside
from harness.deployments.apps import Contents
from harness.descriptions import Scenario, read_table
from suites.workflows.bench.answers import EXPECTATIONS

_FOLDER = Path(__file__).parent

#: Contents of the benchmark's apps.
BENCH = Contents("bench", inside.PROBE, _FOLDER / "bench", EXPECTATIONS)
#: Contents of the engine suites' apps.
ENGINE = Contents("engine", inside.NEMESIS, _FOLDER / "engine")
#: Faults of the pinned versions that a benchmark is known to meet.
KNOWN_FAULTS = BENCH.workflows / "known_faults.toml"
#: Purpose of an app -> its contents.
CONTENTS = {contents.id: contents for contents in (BENCH, ENGINE)}


class EngineWorkflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workflow of the engine suites."""

    id: str
    #: Line -> why its SDK cannot express it.
    inexpressible: dict[str, str] = {}


@functools.cache
def describe_engine_workflows() -> dict[str, EngineWorkflow]:
    """Return the workflows of the engine suites, by name."""
    return read_table(ENGINE.workflows / "workflows.toml", "workflow", EngineWorkflow)


def explain_inexpressible(workflow: str, line: str) -> str:
    """Return why a line cannot express a workflow of the engine suites; empty if it can."""
    known = describe_engine_workflows().get(workflow)
    return known.inexpressible.get(line, "") if known else ""


def describe_scenarios() -> dict[str, Scenario]:
    """Return all scenarios by id, in the order of the report."""
    return read_table(BENCH.workflows / "scenarios.toml", "scenario", Scenario)

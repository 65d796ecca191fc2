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


class _Inexpressible(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workflow of the engine suites that the SDK of some lines cannot express."""

    id: str
    lines: tuple[str, ...]
    reason: str


@functools.cache
def list_inexpressible() -> dict[tuple[str, str], str]:
    """Return (workflow, line) -> why that line has no such workflow in the engine suites."""
    path = ENGINE.workflows / "inexpressible.toml"
    entries = read_table(path, "workflow", _Inexpressible).values()
    return {(entry.id, line): entry.reason for entry in entries for line in entry.lines}


def explain_inexpressible(workflow: str, line: str) -> str:
    """Say why a line cannot have a workflow of the engine suites; empty when it can."""
    return list_inexpressible().get((workflow, line), "")


def describe_scenarios() -> dict[str, Scenario]:
    """Return every scenario by its id, in the order of the report."""
    return read_table(BENCH.workflows / "scenarios.toml", "scenario", Scenario)

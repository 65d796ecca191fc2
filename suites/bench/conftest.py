"""Measures once for the whole suite: forks interleave cells, so a test cannot measure alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from harness.bench import BenchRequest, run_bench, select
from harness.bench.known_faults import read_known_faults
from harness.descriptions import Cell, Scenario
from harness.errors import HarnessError
from harness.extras import is_extra_installed, suggest_extra
from harness.measure.plan import Choice, Selection
from harness.measure.progress import PlainProgress
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from suites import workflows
from suites.catalog import read_catalog

_selected = pytest.StashKey[tuple[BenchRequest, tuple[Cell, ...], tuple[Scenario, ...]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose cells and scenarios from the options, and set the path of pytest-benchmark's JSON."""
    if hasattr(config, "workerinput"):
        raise pytest.UsageError("the benchmark must run in one process: remove -n")
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(f"{_explain_missing_plugin()}, or run `world-harness bench`")
    options = config.option
    request = BenchRequest(
        profile=options.profile,
        choice=Choice(
            lines=_split(options.line),
            frameworks=_split(options.framework),
            worlds=_split(options.world),
            scenarios=_split(options.scenario),
        ),
        forks=options.forks,
        seed=options.seed,
        known=read_known_faults(workflows.KNOWN_FAULTS),
        out=options.out,
    )
    try:
        chosen = _choose(options.results, request)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_selected] = (request, chosen.cells, chosen.scenarios)


def _explain_missing_plugin() -> str:
    if is_extra_installed("pytest-benchmark"):
        return "the plugin of pytest-benchmark is not loaded: add `-p benchmark`"
    return f"pytest-benchmark is not installed: {suggest_extra('pytest-benchmark')}"


def _split(given: list[str]) -> tuple[str, ...]:
    return tuple(name for text in given for name in text.split(","))


def _choose(results: Path | None, request: BenchRequest) -> Selection:
    if results is None:
        return select(request, read_catalog())
    header = read_results_as(results, BenchResults).header
    return Selection(cells=header.cells, scenarios=header.scenarios, impossible={})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Generate one test per cell and scenario."""
    _, cells, scenarios = metafunc.config.stash[_selected]
    metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells])
    metafunc.parametrize("scenario", scenarios, ids=[scenario.id for scenario in scenarios])


@pytest.fixture(scope="session")
def results(pytestconfig: pytest.Config) -> BenchResults:
    """Return the results: from the file in --results, or measured now with interleaved cells."""
    request, _, _ = pytestconfig.stash[_selected]
    if pytestconfig.option.results:
        return read_results_as(pytestconfig.option.results, BenchResults)
    with PlainProgress(Console(stderr=True)) as watcher:
        return run_bench(request, read_catalog(), workflows.BENCH, watcher).results

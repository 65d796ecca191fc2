"""`world-harness e2e`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import suites.engine
from harness.checks.progress import show_checks
from harness.cli.options import (
    choice_options,
    names_option,
    out_option,
    remote_options,
    seed_option,
    services_option,
)
from harness.cli.presenting import present_results
from harness.engine.clauses import describe_engine_clauses
from harness.engine.known_failures import read_known_engine_failures
from harness.engine.session import E2eRequest, EngineChoice, run_e2e
from harness.engine.verdicts import exit_code_of
from harness.errors import unknown
from harness.exit_codes import ExitCode
from harness.measure.plan import CellChoice, CellSelection
from harness.results.files import read_results_as
from harness.results.records import Check, EngineResults
from reports.engine.study import study_checks
from reports.engine.terminal import summarize_checks
from suites import catalog
from suites.engine.files import find_engine_suites


@click.command("e2e")
@choice_options(scenarios=False)
@names_option("--suite", "suite_names", "Only these suites.")
@names_option("--clause", "clauses", "Only these clauses.")
@click.option(
    "--examples", type=click.IntRange(min=1), help="Cases that each check draws; 6 by default."
)
@seed_option
@click.option(
    "--tries",
    type=click.IntRange(min=0),
    help="How often a failing case is tried again, 10 by default; 0 does not shrink it.",
)
@services_option
@remote_options
@click.option("--development", is_flag=True, help="Run apps by their framework's dev server.")
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    default=suites.engine.KNOWN_FAILURES,
    help="A file of known failures (TOML), which do not count; the suites have one.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=16),
    default=4,
    show_default=True,
    help="How many checks run side by side, each with its own apps.",
)
@out_option
def command(
    choice: CellChoice,
    suite_names: tuple[str, ...],
    clauses: tuple[str, ...],
    development: bool,
    known: Path,
    **given: Any,
) -> ExitCode:
    """Test the SDK's engine on real apps, under injected faults.

    Processes are killed, connections fail and messages arrive twice. Every check asks whether the
    SDK kept one promise to the runs.
    """
    described = describe_engine_clauses(suites.engine.CLAUSES)
    for name in clauses:
        if name not in described:
            raise unknown("engine clause", name, described)
    request = E2eRequest(
        choice=EngineChoice(
            lines=choice.lines,
            frameworks=choice.frameworks,
            worlds=choice.worlds,
            suites=suite_names,
        ),
        clauses=clauses,
        known=read_known_engine_failures(known, suites.engine.list_checks()),
        mode="development" if development else "production",
        **given,
    )
    with show_checks(_describe) as watcher:

        def begin(path: Path, selection: CellSelection) -> None:
            for cell, reason in selection.impossible.items():
                watcher.preparing(f"skipping {cell}: {reason}")

        path = run_e2e(request, catalog.read_catalog(), find_engine_suites(), watcher, opened=begin)
    results = read_results_as(path, EngineResults)
    study = study_checks(results)
    present_results(study, path, summarize_checks(study))
    return exit_code_of(results.checks, results.header.cells, results.cells)


def _describe(check: Check) -> tuple[str, str]:
    """Return a check's name, and the line to keep on the screen: empty if it passed."""
    name = f"{check.cell.id} {check.clause or check.check}"
    if check.verdict == "inconclusive":
        return name, f"? {name}: {check.message}"
    if check.verdict == "failed":
        state = f" ({check.state})" if check.state else ""
        return name, f"✗ {name}{state}: {check.message}"
    return name, f"! {name} passed unexpectedly" if check.state == "unexpected pass" else ""

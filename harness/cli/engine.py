"""`e2e`: the engine suites."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

import suites.engine
from harness.certification.progress import LiveChecks, PlainChecks
from harness.cli.benchmarks import parse_headers, several
from harness.cli.catalog import read_catalog
from harness.cli.writing import write_reports
from harness.deployments.launcher import Remote
from harness.engine.clauses import describe_engine_clauses
from harness.engine.known_failures import read_known_engine_failures
from harness.engine.session import E2eRequest, EngineSuites, list_suites, run_e2e
from harness.engine.verdicts import exit_code_of
from harness.errors import unknown
from harness.measure.plan import CellSelection, Choice
from harness.results.records import Check, EngineResults
from harness.results.store import read_results_as
from harness.services.resolution import Choice as ServiceChoice
from reports.engine.study import study_checks
from reports.engine.terminal import summarize_checks
from suites import workflows


def find_engine_suites() -> EngineSuites:
    """Return where the suites are, and what their apps hold."""
    clauses = describe_engine_clauses(suites.engine.CLAUSES)
    names = list(dict.fromkeys(clause.suite for clause in clauses.values()))
    return EngineSuites(
        files=list_suites(suites.engine.CLAUSES.parent, names), contents=workflows.ENGINE
    )


@click.command()
@click.option("--line", "lines", **several)  # type: ignore[arg-type]
@click.option("--framework", "frameworks", **several)  # type: ignore[arg-type]
@click.option("--world", "world_names", **several)  # type: ignore[arg-type]
@click.option("--suite", "suite_names", **several)  # type: ignore[arg-type]
@click.option("--clause", "clause_ids", **several)  # type: ignore[arg-type]
@click.option(
    "--examples", type=click.IntRange(min=1), help="Cases that each check draws (6 if not given)."
)
@click.option("--seed", type=int, help="Repeats the cases.")
@click.option(
    "--tries",
    type=click.IntRange(min=0),
    help="How often a failing case is tried again (10 if not given); 0 leaves it as it was drawn.",
)
@click.option(
    "--services",
    type=click.Choice(["auto", "external", "embedded", "container"]),
    default="auto",
    show_default=True,
    help="Where a World's server comes from; auto tries them in this order.",
)
@click.option("--url", help="Base URL of an app that is deployed already (world remote).")
@click.option("--header", "headers", multiple=True, callback=parse_headers, help="Sent to --url.")
@click.option("--development", is_flag=True, help="Run apps by their framework's dev server.")
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    default=suites.engine.KNOWN_FAILURES,
    help="File of known failures (TOML); the suites bring one along.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=16),
    default=4,
    show_default=True,
    help="Checks that run side by side, each with apps of its own.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
def e2e(  # noqa: PLR0913, PLR0917 - one parameter an option
    lines: tuple[str, ...],
    frameworks: tuple[str, ...],
    world_names: tuple[str, ...],
    suite_names: tuple[str, ...],
    clause_ids: tuple[str, ...],
    examples: int | None,
    seed: int | None,
    tries: int | None,
    services: ServiceChoice,
    url: str | None,
    headers: dict[str, str],
    development: bool,
    known: Path,
    workers: int,
    out: Path,
) -> int:
    """Harass the engine on real apps: does the SDK keep its promises on this World?

    Exit code: 0 all kept (or known failures), 1 failed, 2 inconclusive or environment, 3 usage.
    """
    clauses = describe_engine_clauses(suites.engine.CLAUSES)
    for name in clause_ids:
        if name not in clauses:
            raise unknown("engine clause", name, clauses)
    request = E2eRequest(
        choice=Choice(lines=lines, frameworks=frameworks, worlds=world_names),
        suites=suite_names,
        clauses=clause_ids,
        examples=examples,
        seed=seed,
        tries=tries,
        services=services,
        remote=Remote(url, headers) if url else None,
        known=read_known_engine_failures(known, suites.engine.list_checks()),
        mode="development" if development else "production",
        workers=workers,
        out=out,
    )
    console = Console(stderr=True)
    with (LiveChecks if console.is_terminal else PlainChecks)(console, _describe) as watcher:

        def opened(path: Path, selection: CellSelection) -> None:
            for cell, reason in selection.impossible.items():
                watcher.preparing(f"left out {cell}: {reason}")

        path = run_e2e(request, read_catalog(), find_engine_suites(), watcher, opened=opened)
    results = read_results_as(path, EngineResults)
    tested = study_checks(results)
    report = write_reports(tested, path)
    click.echo(summarize_checks(tested))
    click.echo(f"report:  {report} (and .html beside it)\nresults: {path}")
    return exit_code_of(results.checks, results.header.cells, results.cells)


def _describe(check: Check) -> tuple[str, str]:
    """Return a check's name, and what is to stay on the screen of it: nothing if it is fine."""
    name = f"{check.cell.id} {check.clause or check.check}"
    if check.verdict == "inconclusive":
        return name, f"? {name}: {check.message}"
    if check.verdict == "failed":
        state = f" ({check.state})" if check.state else ""
        return name, f"✗ {name}{state}: {check.message}"
    return name, f"! {name} passed unexpectedly" if check.state == "unexpected pass" else ""

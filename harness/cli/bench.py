"""`world-harness bench`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness.bench import BenchOutcome, BenchRequest, run_bench
from harness.bench.known_faults import read_known_faults
from harness.cli.options import (
    app_workers_option,
    choice_options,
    out_option,
    pin_option,
    profile_option,
    remote_options,
    seed_option,
    services_option,
)
from harness.cli.presenting import present_results
from harness.cli.quantities import read_duration, read_share
from harness.errors import HarnessError, UsageError
from harness.exit_codes import ExitCode
from harness.measure.machines import remember
from harness.measure.plan import Selection
from harness.measure.progress import show_progress
from reports.benchmark.findings import study
from reports.benchmark.remembered import summarize_session
from reports.benchmark.terminal import summarize
from suites import catalog, workflows


class _Bench(click.Command):
    """Answers `bench --load` with the command that it has become."""

    def parse_args(self, context: click.Context, words: list[str]) -> list[str]:
        """Take the words of the command apart.

        Raises:
            UsageError: a load is asked for.
        """
        if any(word.partition("=")[0] == "--load" for word in words):
            raise UsageError(
                "`bench --load RATE` is now `world-harness load --rate RATE`; the options of a "
                "load are the same there"
            )
        return super().parse_args(context, words)


@click.command("bench", cls=_Bench)
@profile_option
@choice_options(scenarios=True, modes=True)
@click.option(
    "--forks",
    type=click.IntRange(min=1),
    help="Fresh starts per cell. Default: as many as the budget allows.",
)
@click.option(
    "--precision",
    type=read_share,
    metavar="SHARE",
    help="Add forks until every interval is at most this wide, for example 3%.",
)
@click.option(
    "--budget",
    "budget_s",
    type=read_duration,
    metavar="TIME",
    help="Measure for at most this time, for example 5m. Default: set by the profile, 10m with "
    "--precision or --against.",
)
@seed_option
@pin_option
@click.option(
    "--against",
    multiple=True,
    metavar="NAME@VERSION|PLACE",
    help="Also run this version of a package (same forms as --pin) and compare the two. "
    "Repeatable.",
)
@click.option(
    "--shard",
    default="",
    metavar="2/6",
    help="Measure only this part of the session, the second of six. Needs --seed.",
)
@app_workers_option
@services_option
@remote_options
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="A file of known faults (TOML), which do not count; the scenarios have one.",
)
@out_option
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Continue the interrupted session of this result file.",
)
def command(known: Path | None, **given: Any) -> ExitCode:
    """Measure how fast Worlds run workflows, and write a report.

    A cell is one line, framework and World. A fork is one fresh start of a cell.

    The results are a file of JSON lines in the folder --out, with a report as Markdown and HTML
    beside it.
    """
    described = catalog.read_catalog()
    faults = (
        read_known_faults(known, described) if known else read_known_faults(workflows.KNOWN_FAULTS)
    )
    request = BenchRequest(known=faults, **given)
    with _resumable() as opened, show_progress() as watcher:

        def begin(path: Path, selection: Selection) -> None:
            opened.append(path)
            for cell, reason in selection.impossible.items():
                watcher.preparing(f"skipping {cell}: {reason}")

        outcome = run_bench(request, described, workflows.BENCH, watcher, opened=begin)
    return _present(outcome)


@contextlib.contextmanager
def _resumable() -> Iterator[list[Path]]:
    """Say how to continue a session that is interrupted."""
    opened: list[Path] = []
    try:
        yield opened
    except (KeyboardInterrupt, HarnessError, OSError):
        if opened and opened[0].exists():
            click.echo(f"to continue: world-harness bench --resume {opened[0]}", err=True)
        raise


def _present(outcome: BenchOutcome) -> ExitCode:
    findings = study(outcome.results)
    if outcome.results.footer:
        remember(outcome.results.header.machine, summarize_session(findings))
    present_results(findings, outcome.path, summarize(findings))
    return ExitCode.GOOD if outcome.sound else ExitCode.FAILED

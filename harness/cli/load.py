"""`world-harness load`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from harness.bench import BenchRequest
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
from harness.cli.quantities import read_duration
from harness.errors import UsageError
from harness.exit_codes import ExitCode
from harness.load.arrivals import read_stages
from harness.load.session import SCENARIO, run_load
from harness.measure.plan import Choice
from harness.measure.progress import show_progress
from harness.results.files import read_results_as
from harness.results.records import Load, LoadResults
from reports.load.study import LoadStudy, study_load
from reports.load.terminal import summarize_loads
from suites import catalog, workflows

_SHARE = re.compile(r"(\d+)/(\d+)")


@click.command("load")
@click.option(
    "--rate",
    required=True,
    metavar="50/s",
    help="Start this many runs per second. 10/s..200/s raises the rate in steps; each step lasts "
    "--for.",
)
@click.option(
    "--for",
    "lasts_s",
    type=read_duration,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long each rate lasts.",
)
@click.option(
    "--arrivals",
    type=click.Choice(["poisson", "constant"]),
    default="poisson",
    show_default=True,
    help="The gaps between starts: independent and exponential, or all equal.",
)
@click.option(
    "--burst",
    default="",
    metavar="5x:10s@20s",
    help="Multiply the rate by 5 for 10 s, from second 20 on.",
)
@click.option(
    "--generator",
    default="1/1",
    show_default=True,
    metavar="1/3",
    help="Send only this share of the starts, the first of three. Needs --seed and --url.",
)
@click.option(
    "--begin",
    metavar="TIME",
    help="Start time for all generators, for example 2030-01-31T12:00:00Z.",
)
@profile_option
@choice_options(scenarios=True)
@seed_option
@pin_option
@app_workers_option
@services_option
@remote_options
@out_option
def command(
    rate: str,
    lasts_s: float,
    arrivals: str,
    burst: str,
    generator: str,
    begin: str | None,
    choice: Choice,
    **given: Any,
) -> ExitCode:
    """Start runs at a fixed rate, and measure latency and throughput.

    Runs start on a schedule and do not wait for each other. Latency is measured from the scheduled
    start. The scenario is one-step unless --scenario names others.
    """
    words = ["load", "--rate", rate, "--for", f"{lasts_s:g}s", "--arrivals", arrivals]
    words += ["--burst", burst] if burst else []
    if not choice.scenarios:
        choice = msgspec.structs.replace(choice, scenarios=(SCENARIO,))
    request = BenchRequest(command=tuple(words), choice=choice, **given)
    stages = [msgspec.to_builtins(stage) for stage in read_stages(rate, lasts_s, burst)]
    plan = {"stages": stages, "arrivals": arrivals, **_read_generator(generator, request)}
    begins_at = _read_moment(begin) if begin else None
    with show_progress() as watcher:
        path = run_load(
            request,
            msgspec.convert(plan, Load),
            catalog.read_catalog(),
            workflows.BENCH,
            watcher,
            begins_at=begins_at,
        )
    study = study_load(read_results_as(path, LoadResults))
    present_results(study, path, summarize_loads(study))
    return _decide(study)


def _decide(study: LoadStudy) -> ExitCode:
    """Say what a load came to: of starts that were sent late, the numbers say nothing."""
    footer = study.results.footer
    if footer is None or footer.samples_bad or footer.forks_failed:
        return ExitCode.FAILED
    return ExitCode.GOOD if study.sound else ExitCode.UNDECIDED


def _read_generator(text: str, request: BenchRequest) -> dict[str, int]:
    match = _SHARE.fullmatch(text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(
            f"{text!r} is not a valid share", remedy="write it like 1/3: the first of three"
        )
    if count > 1 and request.seed is None:
        raise UsageError(
            "a generator needs a seed",
            cause="all generators share one plan",
            remedy="pass the same --seed to each",
        )
    if count > 1 and request.remote is None:
        raise UsageError(
            "several generators need one app",
            cause="each generator would start its own app",
            remedy="pass --world remote --url https://… (`world-harness export` writes an app)",
        )
    return {"generator": number, "generators": count}


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a valid time",
            cause=str(error),
            remedy="write it like 2026-01-31T12:00:00Z",
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

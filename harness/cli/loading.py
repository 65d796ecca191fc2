"""`bench --load`: the options of a load, and what comes of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from harness.bench import BenchRequest
from harness.cli.catalog import read_catalog
from harness.cli.quantities import read_duration
from harness.cli.writing import write_reports
from harness.errors import UsageError
from harness.load.arrivals import read_stages
from harness.load.session import SCENARIO, run_load
from harness.measure.session import Watcher
from harness.results.records import Load, LoadResults
from harness.results.store import read_results_as
from reports.load.study import study_load
from reports.load.terminal import summarize_loads
from suites import workflows

_SHARE = re.compile(r"(\d+)/(\d+)")

_OPTIONS = (
    click.option("--load", metavar="50/s", help="Start runs at this rate; 10/s..200/s climbs."),
    click.option("--for", "lasts_s", type=read_duration, help="How long each rate: 60s."),
    click.option("--arrivals", type=click.Choice(["poisson", "constant"]), default="poisson"),
    click.option("--burst", default="", metavar="5x:10s@20s", help="5 times, for 10 s, at 20 s."),
    click.option("--generator", default="1/1", metavar="1/3", help="Which share of the starts."),
    click.option("--begin", metavar="TIME", help="When generators begin together (ISO 8601)."),
)

_FOR_S = 60.0


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a load."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def measure_load(
    request: BenchRequest,
    progress: AbstractContextManager[Watcher],
    *,
    load: str,
    lasts_s: float | None,
    arrivals: str,
    burst: str,
    generator: str,
    begin: str | None,
) -> int:
    """Load what was asked for, and write results and reports."""
    plan = msgspec.convert(
        {
            "stages": [
                msgspec.to_builtins(stage) for stage in read_stages(load, lasts_s or _FOR_S, burst)
            ],
            "arrivals": arrivals,
            **_read_generator(generator, request),
        },
        Load,
    )
    words = [f"--load {load}", f"--for {lasts_s or _FOR_S:g}s", f"--arrivals {arrivals}"]
    words += [f"--burst {burst}"] if burst else []
    request = msgspec.structs.replace(request, further=tuple(words))
    if not request.choice.scenarios:
        choice = msgspec.structs.replace(request.choice, scenarios=(SCENARIO,))
        request = msgspec.structs.replace(request, choice=choice)
    with progress as watcher:
        path = run_load(
            request,
            plan,
            read_catalog(),
            workflows.BENCH,
            watcher,
            begins_at=_read_moment(begin) if begin else None,
        )
    loaded = study_load(read_results_as(path, LoadResults))
    report = write_reports(loaded, path)
    click.echo(summarize_loads(loaded))
    click.echo(f"report:  {report} (and .html beside it)\nresults: {path}")
    footer = loaded.results.footer
    return 0 if footer and not (footer.samples_bad or footer.forks_failed) else 1


def _read_generator(text: str, request: BenchRequest) -> dict[str, int]:
    found = _SHARE.fullmatch(text)
    number, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(f"{text!r} is no share", remedy="write it like 1/3: the first of three")
    if count > 1 and request.seed is None:
        raise UsageError(
            "a generator needs a seed",
            cause="all of them share one plan",
            remedy="give every one the same --seed",
        )
    if count > 1 and request.remote is None:
        raise UsageError(
            "several generators need one app",
            cause="each would start an app of its own",
            remedy="give --world remote --url https://… (`world-harness export` writes an app)",
        )
    return {"generator": number, "generators": count}


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time", cause=str(error), remedy="write it like 2026-01-31T12:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

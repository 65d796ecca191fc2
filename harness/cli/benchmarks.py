"""`bench`, `report` and `export`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from harness.bench import BenchRequest, Outcome, run_bench
from harness.cli.catalog import read_catalog
from harness.cli.loading import load_options, measure_load
from harness.cli.quantities import read_duration, read_share
from harness.cli.writing import write_reports
from harness.deployments.export import export_app
from harness.deployments.launcher import Remote
from harness.errors import HarnessError
from harness.measure.machines import remember
from harness.measure.plan import Choice, Selection
from harness.progress import LiveProgress, PlainProgress
from harness.results.store import read_results
from harness.services.resolution import Choice as ServiceChoice
from reports.benchmark.findings import study
from reports.benchmark.remembered import summarize_session
from reports.benchmark.terminal import summarize
from reports.forms.formats import FORMATS
from reports.forms.studies import study_session
from suites import workflows


def _split(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Allow `--world local,postgres` as well as the option twice."""
    return tuple(name for text in given for name in text.split(",") if name)


def parse_headers(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Read `name: value`, any number of times."""
    headers = {}
    for text in given:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not (name and colon and (name + value).isascii() and (name + value).isprintable()):
            # Without quoting it: it can hold a secret.
            raise click.BadParameter("write it as 'name: value', in printable ASCII")
        headers[name] = value
    return headers


#: An option that may be given several times, or with commas.
several = {
    "multiple": True,
    "callback": _split,
    "metavar": "NAME",
    "help": "Several, or a pattern.",
}


@click.command()
@click.option(
    "--profile", default="quick", show_default=True, help="How much: smoke, quick or full."
)
@click.option("--line", "lines", **several)  # type: ignore[arg-type]
@click.option("--framework", "frameworks", **several)  # type: ignore[arg-type]
@click.option("--world", "world_names", **several)  # type: ignore[arg-type]
@click.option("--scenario", "scenarios", **several)  # type: ignore[arg-type]
@click.option("--forks", type=click.IntRange(min=1), help="Fresh starts of each cell.")
@click.option("--precision", type=read_share, help="Add forks until intervals are so narrow: 3%.")
@click.option(
    "--budget",
    "budget_s",
    type=read_duration,
    help="Add forks for --precision or --against until so long after the first: 10m (the default).",
)
@click.option("--seed", type=int, help="Repeats the order of work and the data.")
@click.option(
    "--pin",
    "pins",
    multiple=True,
    metavar="NAME@VERSION|PLACE",
    help="Another version of a package: exact, packed, or a checkout: ./folder, ./folder@COMMIT.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="NAME@VERSION|PLACE",
    help="Compare with this version, named as for --pin, block by block.",
)
@load_options
@click.option("--shard", default="", metavar="2/6", help="Measure this part; needs --seed.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that serve each app, where framework and World allow it.",
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
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from this result file.")
def bench(  # noqa: PLR0913, PLR0917 - one parameter an option
    profile: str,
    lines: tuple[str, ...],
    frameworks: tuple[str, ...],
    world_names: tuple[str, ...],
    scenarios: tuple[str, ...],
    forks: int | None,
    precision: float | None,
    budget_s: float | None,
    seed: int | None,
    pins: tuple[str, ...],
    against: tuple[str, ...],
    shard: str,
    workers: int,
    services: ServiceChoice,
    url: str | None,
    headers: dict[str, str],
    out: Path,
    resume: Path | None,
    load: str | None,
    **loading: Any,
) -> int:
    """Measure, and write results (JSON lines) and a report (Markdown and HTML)."""
    request = BenchRequest(
        profile=profile,
        choice=Choice(lines=lines, frameworks=frameworks, worlds=world_names, scenarios=scenarios),
        forks=forks,
        precision=precision,
        budget_s=_read_budget(budget_s, precision=precision, against=against, forks=forks),
        seed=seed,
        pins=pins,
        against=against,
        shard=shard,
        workers=workers,
        services=services,
        remote=Remote(url, headers) if url else None,
        out=out,
        resume=resume,
    )
    if load:
        return measure_load(request, _show_progress(), load=load, **loading)
    with _resumable() as remember, _show_progress() as watcher:

        def opened(path: Path, selection: Selection) -> None:
            remember.append(path)
            for cell, reason in selection.impossible.items():
                watcher.preparing(f"left out {cell}: {reason}")

        outcome = run_bench(request, read_catalog(), workflows.BENCH, watcher, opened=opened)
    return _present(outcome)


#: In seconds: as long as people wait.
_BUDGET_S = 600.0


def _read_budget(
    budget_s: float | None,
    *,
    precision: float | None,
    against: Sequence[str],
    forks: int | None,
) -> float | None:
    """Return for how long forks are added; `None` if the plan is all.

    Versions that are compared get as many blocks as there is time for, because a few find nothing
    small; who says how many means that many.
    """
    if budget_s is not None and precision is None and not against:
        raise click.UsageError("--budget bounds --precision or --against: give one of them as well")
    wanted = precision is not None or (bool(against) and forks is None)
    return budget_s or (_BUDGET_S if wanted else None)


def _show_progress() -> LiveProgress | PlainProgress:
    console = Console(stderr=True)
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


@contextlib.contextmanager
def _resumable() -> Iterator[list[Path]]:
    """Tell where an interrupted session goes on."""
    opened: list[Path] = []
    try:
        yield opened
    except (KeyboardInterrupt, HarnessError, OSError):
        if opened and opened[0].exists():
            click.echo(f"go on with: world-harness bench --resume {opened[0]}", err=True)
        raise


def _present(outcome: Outcome) -> int:
    findings = study(outcome.results)
    if outcome.results.footer:
        remember(outcome.results.header.machine, summarize_session(findings))
    report = write_reports(findings, outcome.path)
    click.echo(summarize(findings))
    click.echo(f"report:  {report} (and .html beside it)\nresults: {outcome.path}")
    return 0 if outcome.sound else 1


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="markdown", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="A file; the default is the screen."
)
def report(results: Path, form: str, output: Path | None) -> None:
    """Render a result file again, in any form."""
    text = FORMATS[form](study_session(read_results(results)), source=results.name)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


#: What an app holds -> the command that uses it.
_COMMAND_FOR = {"bench": "bench", "engine": "e2e"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--line", default="v5", show_default=True)
@click.option("--framework", default="nitro", show_default=True)
@click.option("--world", default="local", show_default=True)
@click.option(
    "--contents",
    type=click.Choice(["bench", "engine"]),
    default="bench",
    show_default=True,
    help="What the app is for.",
)
def export(folder: Path, line: str, framework: str, world: str, contents: str) -> None:
    """Write the app of a cell into FOLDER, to deploy it anywhere and measure it with --url."""
    make_ready = export_app(
        read_catalog(), line, framework, world, workflows.CONTENTS[contents], folder
    )
    click.echo(
        f"{folder}: {make_ready}, deploy it, then\n"
        f"world-harness {_COMMAND_FOR[contents]} --world remote --url https://…"
    )

"""The command line. Here the parts meet; what they do is written elsewhere."""

from __future__ import annotations

import contextlib
import errno
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
import tabulate
from rich.console import Console

import harness
import worlds
from harness.bench import BenchRequest, Outcome, run_bench
from harness.deployments.export import export_app
from harness.deployments.frameworks import describe_frameworks
from harness.deployments.launcher import Remote
from harness.descriptions import Catalog
from harness.doctor import examine
from harness.errors import HarnessError, UsageError
from harness.measure.plan import Choice, Selection, describe_profiles
from harness.measure.store import read_results
from harness.programs.interruption import SIGNALS
from harness.progress import LiveProgress, PlainProgress
from harness.services.resolution import Choice as ServiceChoice
from harness.workspaces import describe_lines
from harness.workspaces.cache import cache_folder
from reports.markdown import render_markdown
from reports.summary import summarize
from suites import workflows

#: Signals that end us -> exit code.
_INTERRUPTED = {number: 128 + number for number in SIGNALS}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


class Interrupted(KeyboardInterrupt):
    """The user, or the system, wants us to end."""

    def __init__(self, number: int) -> None:
        self.exit_code = _INTERRUPTED[signal.Signals(number)]


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End by unwinding; a second signal must not cut the cleaning up short."""
    for each in _INTERRUPTED:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def read_catalog() -> Catalog:
    """Read everything that is described."""
    return Catalog(
        lines=describe_lines(),
        frameworks=describe_frameworks(),
        worlds=worlds.describe_worlds(),
        scenarios=workflows.describe_scenarios(),
    )


def main() -> NoReturn:
    """Run the command line and exit.

    0 good, 1 bad results, 2 environment, 3 usage, 129, 130 and 143 interrupted.
    """
    for number in _INTERRUPTED:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # `nohup`
            signal.signal(number, _interrupt)
    try:
        code = commands.main(standalone_mode=False) or 0
    except HarnessError as error:
        code = _complain(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        code = UsageError.exit_code
    except click.Abort as error:
        # Click makes one of every KeyboardInterrupt.
        code = getattr(error.__cause__, "exit_code", _INTERRUPTED[signal.SIGINT])
        _complain("interrupted; nothing is left running", code)
    except OSError as error:
        if error.errno not in _DISK_FULL and error.filename is None:
            raise
        code = _complain(str(_explain(error)), HarnessError.exit_code)
    sys.exit(code)


def _explain(error: OSError) -> HarnessError:
    if error.errno in _DISK_FULL:
        return HarnessError(
            "the disk is full",
            cause=str(error),
            remedy=f"make room; `{cache_folder()}` can be removed at any time",
        )
    return HarnessError(
        "a file or folder cannot be used",
        cause=str(error),
        remedy=f"correct its rights, or name another place; WORLD_HARNESS_CACHE moves the cache "
        f"out of `{cache_folder()}`",
    )


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(harness.__version__)
def commands() -> None:
    """Benchmark Worlds, the backends of the Workflow SDK, on the real packages."""


def _split(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Allow `--world local,postgres` as well as the option twice."""
    return tuple(name for text in given for name in text.split(",") if name)


def _parse_headers(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    headers = {}
    for text in given:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not (name and colon and (name + value).isascii() and (name + value).isprintable()):
            # Without quoting it: it can hold a secret.
            raise click.BadParameter("write it as 'name: value', in printable ASCII")
        headers[name] = value
    return headers


_several = {
    "multiple": True,
    "callback": _split,
    "metavar": "NAME",
    "help": "Several, or a pattern.",
}


@commands.command()
@click.option(
    "--profile", default="quick", show_default=True, help="How much: smoke, quick or full."
)
@click.option("--line", "lines", **_several)  # type: ignore[arg-type]
@click.option("--framework", "frameworks", **_several)  # type: ignore[arg-type]
@click.option("--world", "world_names", **_several)  # type: ignore[arg-type]
@click.option("--scenario", "scenarios", **_several)  # type: ignore[arg-type]
@click.option("--forks", type=click.IntRange(min=1), help="Fresh starts of each cell.")
@click.option("--seed", type=int, help="Repeats the order of work and the data.")
@click.option(
    "--services",
    type=click.Choice(["auto", "external", "embedded", "container"]),
    default="auto",
    show_default=True,
    help="Where a World's server comes from; auto tries them in this order.",
)
@click.option("--url", help="Base URL of an app that is deployed already (world remote).")
@click.option("--header", "headers", multiple=True, callback=_parse_headers, help="Sent to --url.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from this result file.")
def bench(  # noqa: PLR0913, PLR0917 - one parameter an option
    profile: str,
    lines: tuple[str, ...],
    frameworks: tuple[str, ...],
    world_names: tuple[str, ...],
    scenarios: tuple[str, ...],
    forks: int | None,
    seed: int | None,
    services: ServiceChoice,
    url: str | None,
    headers: dict[str, str],
    out: Path,
    resume: Path | None,
) -> int:
    """Measure, and write results (JSON lines) and a report (Markdown)."""
    request = BenchRequest(
        profile=profile,
        choice=Choice(lines=lines, frameworks=frameworks, worlds=world_names, scenarios=scenarios),
        forks=forks,
        seed=seed,
        services=services,
        remote=Remote(url, headers) if url else None,
        out=out,
        resume=resume,
    )
    with _resumable() as remember, _show_progress() as watcher:

        def opened(path: Path, selection: Selection) -> None:
            remember.append(path)
            for cell, reason in selection.impossible.items():
                watcher.preparing(f"left out {cell}: {reason}")

        outcome = run_bench(request, read_catalog(), workflows.SOURCES, watcher, opened=opened)
    return _present(outcome)


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
    results = read_results(outcome.results)
    report = outcome.results.with_suffix(".md")
    report.write_text(render_markdown(results, source=outcome.results.name), encoding="utf-8")
    click.echo(summarize(results))
    click.echo(f"report:  {report}\nresults: {outcome.results}")
    return 0 if outcome.sound else 1


@commands.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="A file; the default is the screen."
)
def report(results: Path, output: Path | None) -> None:
    """Render a result file as Markdown."""
    text = render_markdown(read_results(results), source=results.name)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


@commands.command(name="list")
def list_all() -> None:
    """Show every profile, line, framework, World and scenario."""
    catalog = read_catalog()
    for title, rows in (
        ("Profiles", [(item.id, item.title) for item in describe_profiles().values()]),
        ("Lines", [(item.id, item.title) for item in catalog.lines.values()]),
        ("Frameworks", [(item.id, item.title) for item in catalog.frameworks.values()]),
        (
            "Worlds",
            [
                (item.id, ", ".join(item.packages) or "any line, by --url", item.description)
                for item in catalog.worlds.values()
            ],
        ),
        (
            "Scenarios",
            [
                (item.id, item.title, "full only" if item.extended else "")
                for item in catalog.scenarios.values()
            ],
        ),
    ):
        click.echo(f"{title}\n{tabulate.tabulate(rows, tablefmt='plain')}\n")


@commands.command()
def doctor() -> int:
    """Say what this machine has, what would be downloaded and what is missing."""
    findings = examine(read_catalog())
    click.echo(
        tabulate.tabulate(
            [(item.state, item.subject, item.detail) for item in findings], tablefmt="plain"
        )
    )
    return 2 if any(item.state == "missing" for item in findings) else 0


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--line", default="v5", show_default=True)
@click.option("--framework", default="nitro", show_default=True)
@click.option("--world", default="local", show_default=True)
def export(folder: Path, line: str, framework: str, world: str) -> None:
    """Write the app of a cell into FOLDER, to deploy it anywhere and measure it with --url."""
    export_app(read_catalog(), line, framework, world, workflows.SOURCES, folder)
    click.echo(
        f"{folder}: npm install && npm run build, deploy it, then\n"
        "world-harness bench --world remote --url https://…"
    )

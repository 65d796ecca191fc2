"""`world-harness matrix` and `merge`: one session on several machines."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

import click
import msgspec

from harness.bench import BenchRequest, select, write_command
from harness.cli.benchmarks import several
from harness.cli.catalog import read_catalog
from harness.cli.writing import write_reports
from harness.load.merging import merge_generators
from harness.measure.plan import Choice
from harness.results.merging import merge_results
from harness.results.records import LoadHeader
from harness.results.shards import share_out
from harness.results.store import read_header, read_results
from reports.forms.studies import study_session
from reports.load.study import Loaded
from reports.load.terminal import summarize_loads
from reports.writing.text import format_bytes

#: Merging holds one line at a time, a study all samples, in four times the memory that the file
#: has on the disk: a larger file is studied only when that is asked for.
_STUDIED_BYTES = 64 * 2**20


class Job(msgspec.Struct, frozen=True):
    """What one machine is to do: an entry of a CI matrix."""

    name: str
    #: Behind `world-harness `.
    arguments: str


class Matrix(msgspec.Struct, frozen=True):
    """A CI matrix, in the form that GitHub Actions takes."""

    include: tuple[Job, ...]


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--report/--no-report",
    "wanted",
    default=None,
    help=f"Make a report, too; by itself of no more than {_STUDIED_BYTES // 2**20} MiB.",
)
def merge(out: Path, results: tuple[Path, ...], wanted: bool | None) -> int:
    """Put the result files of shards, or of generators, together: `merge OUT IN...`."""
    if isinstance(read_header(results[0]), LoadHeader):
        merge_generators(out, results)
        _present(out, wanted)
        return 0
    header = merge_results(out, results)
    there, count = len(header.parts), header.parts[0].count
    click.echo(f"{there} of {count} shards: {len(header.cells)} cells")
    _present(out, wanted)
    return 0 if there == count else 1


def _present(out: Path, wanted: bool | None) -> None:
    """Study a merged file and report on it, where that is wanted or costs little."""
    size = out.stat().st_size
    if wanted or (wanted is None and size <= _STUDIED_BYTES):
        study = study_session(read_results(out))
        report = write_reports(study, out)
        if isinstance(study, Loaded):
            click.echo(summarize_loads(study))
        click.echo(f"report:  {report} (and .html beside it)")
    else:
        page = shlex.quote(str(out.with_suffix(".html")))
        command = f"world-harness report {shlex.quote(str(out))} --format html --output {page}"
        click.echo(f"report:  not made, of {format_bytes(size)}: {command}")
    click.echo(f"results: {out}")


@click.command()
@click.option("--certify", "certified", is_flag=True, help="A job a World to certify instead.")
@click.option("--effort", default="standard", show_default=True, help="Of the certifications.")
@click.option("--shards", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--profile", default="quick", show_default=True)
@click.option("--line", "lines", **several)  # type: ignore[arg-type]
@click.option("--framework", "frameworks", **several)  # type: ignore[arg-type]
@click.option("--world", "world_names", **several)  # type: ignore[arg-type]
@click.option("--scenario", "scenarios", **several)  # type: ignore[arg-type]
@click.option("--seed", type=int, help="Of all shards; drawn where it is not given.")
@click.option("--json", "as_json", is_flag=True, help="For a CI matrix; else a command a line.")
def matrix(  # noqa: PLR0913, PLR0917 - one parameter an option
    certified: bool,
    effort: str,
    shards: int,
    profile: str,
    lines: tuple[str, ...],
    frameworks: tuple[str, ...],
    world_names: tuple[str, ...],
    scenarios: tuple[str, ...],
    seed: int | None,
    as_json: bool,
) -> int:
    """Say what each of several machines is to do."""
    request = BenchRequest(
        profile=profile,
        choice=Choice(lines=lines, frameworks=frameworks, worlds=world_names, scenarios=scenarios),
        seed=random.SystemRandom().randrange(2**31) if seed is None else seed,
    )
    jobs = list_certifications(effort, lines, world_names) if certified else share(request, shards)
    if as_json:
        click.echo(msgspec.json.encode(Matrix(jobs)))
    else:
        click.echo("\n".join(f"world-harness {job.arguments}" for job in jobs))
    return 0


def share(request: BenchRequest, shards: int) -> tuple[Job, ...]:
    """Return what each machine measures.

    Raises:
        UsageError: an unknown name, or there are fewer Worlds than machines.
    """
    shares = share_out(select(request, read_catalog()).cells, shards)
    jobs = []
    for number, cells in enumerate(shares, start=1):
        shard = f"{number}/{shards}"
        asked = msgspec.structs.replace(request, shard=shard if shards > 1 else "")
        worlds = ", ".join(dict.fromkeys(cell.world for cell in cells))
        command = write_command(asked, request.seed or 0)
        jobs.append(Job(f"{shard}: {worlds}", command.removeprefix("world-harness ")))
    return tuple(jobs)


def list_certifications(
    effort: str, lines: tuple[str, ...], worlds: tuple[str, ...]
) -> tuple[Job, ...]:
    """Return a certification of every World that is published, on each line that it is for."""
    jobs = []
    for world in read_catalog().worlds.values():
        for line in world.packages:
            asked = (not lines or line in lines) and (not worlds or world.id in worlds)
            if asked and world.packages[line]:
                arguments = f"certify {world.id} --line {line} --effort {effort}"
                jobs.append(Job(f"{world.id} on {line}", arguments))
    return tuple(jobs)

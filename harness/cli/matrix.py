"""`world-harness matrix`."""

from __future__ import annotations

import random
from typing import Any

import click
import msgspec

from harness.bench import BenchRequest, reproduce, select
from harness.cli.options import choice_options, profile_option, seed_option
from harness.measure.plan import Choice
from harness.results.shards import share_out
from suites import catalog


class Job(msgspec.Struct, frozen=True):
    """The work of one machine: an entry of a CI matrix."""

    name: str
    #: Behind `world-harness `.
    arguments: str


class Matrix(msgspec.Struct, frozen=True):
    """A CI matrix, in the form that GitHub Actions takes."""

    include: tuple[Job, ...]


@click.command("matrix")
@click.option(
    "--certify", "certified", is_flag=True, help="Certify instead: one job for each World and line."
)
@click.option(
    "--effort",
    default="standard",
    show_default=True,
    metavar="NAME",
    help="How much each certification checks: quick, standard or deep.",
)
@click.option(
    "--shards",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many machines share the benchmark.",
)
@profile_option
@choice_options(scenarios=True, modes=True)
@seed_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for a CI matrix, not one command per line."
)
def command(
    certified: bool,
    effort: str,
    shards: int,
    choice: Choice,
    seed: int | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Print the commands that split a benchmark over several machines.

    Run each on its own machine, and merge the result files with `world-harness merge`.
    """
    if certified:
        jobs = _list_certifications(effort, choice)
    else:
        seed = random.SystemRandom().randrange(2**31) if seed is None else seed
        jobs = _split(BenchRequest(choice=choice, seed=seed, **given), seed, shards)
    if as_json:
        click.echo(msgspec.json.encode(Matrix(jobs)))
    else:
        click.echo("\n".join(f"world-harness {job.arguments}" for job in jobs))


def _split(request: BenchRequest, seed: int, shards: int) -> tuple[Job, ...]:
    """Return the work of each machine.

    Raises:
        UsageError: an unknown name, or there are fewer Worlds than machines.
    """
    shares = share_out(select(request, catalog.read_catalog()).cells, shards)
    jobs = []
    for number, cells in enumerate(shares, start=1):
        shard = f"{number}/{shards}"
        asked = msgspec.structs.replace(request, shard=shard if shards > 1 else "")
        worlds = ", ".join(dict.fromkeys(cell.world for cell in cells))
        arguments = reproduce(asked, seed).removeprefix("world-harness ")
        jobs.append(Job(f"{shard}: {worlds}", arguments))
    return tuple(jobs)


def _list_certifications(effort: str, choice: Choice) -> tuple[Job, ...]:
    """Return a certification of every published World, on each line that it is for."""
    jobs = []
    for world in catalog.read_catalog().worlds.values():
        for line in world.packages:
            is_chosen = (not choice.lines or line in choice.lines) and (
                not choice.worlds or world.id in choice.worlds
            )
            if is_chosen and world.packages[line]:
                arguments = f"certify {world.id} --line {line} --effort {effort}"
                jobs.append(Job(f"{world.id} on {line}", arguments))
    return tuple(jobs)

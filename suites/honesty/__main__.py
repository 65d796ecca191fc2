"""Record what verdicts are tried on, and try them; exit 1 when an aim is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec
import tabulate
from rich.console import Console

from harness.cli.catalog import read_catalog
from harness.descriptions import Cell
from harness.errors import HarnessError, UsageError
from harness.measure.results import Results
from harness.measure.store import read_results
from harness.progress import PlainProgress
from suites.honesty.made_up import try_made_up
from suites.honesty.recording import record_session
from suites.honesty.repeating import measure_spreads
from suites.honesty.tries import (
    Rate,
    count_called,
    count_found,
    draw_tries,
    find_whole_blocks,
)

#: A quick run's time, in seconds, for two versions and a twin.
_QUICK_S = 600.0
_VERSIONS = 3

_MOST_CALLED = 0.02
#: Title of the slower World -> share of tries in which it is to be found.
_LEAST_FOUND = {"5": 15 / 20, "10": 19 / 20}
_LARGEST_SPREAD = 0.03


class Row(msgspec.Struct, frozen=True):
    """One aim: what was measured, and whether it is reached."""

    aim: str
    wanted: str
    measured: str
    reached: bool


def evaluate(results: Results, *, tries: int, seed: int, budget_s: float) -> Iterator[Row]:
    """Try every match of a recorded session."""
    blocks = count_blocks(results, budget_s)
    whole = len(find_whole_blocks(results))
    if not 0 < blocks < whole:
        raise UsageError(
            f"a try has {blocks} blocks, and {whole} were recorded",
            cause="tries are drawn from what was recorded, in other blocks each time",
            remedy="record more blocks, or give another number of --minutes",
        )
    for match in results.header.matches:
        if match.kind == "twin":
            continue
        drawn = list(draw_tries(results, match.after, blocks=blocks, tries=tries, seed=seed))
        _, _, slower = match.after.world.rpartition("-slower-")
        if slower in _LEAST_FOUND:
            rate, least = count_found(drawn), _LEAST_FOUND[slower]
            yield Row(
                f"every call of the World takes {slower}% longer: found, {blocks} blocks a try",
                f"at least {least:.0%} of tries",
                _describe(rate),
                rate.share >= least,
            )
        else:
            rate = count_called(drawn)
            yield Row(
                f"the same again: rows called a difference, {blocks} blocks a try",
                f"at most {_MOST_CALLED:.0%}",
                _describe(rate),
                rate.share <= _MOST_CALLED,
            )


def count_blocks(results: Results, budget_s: float) -> int:
    """Return how many blocks a session of two versions and a twin has time for."""
    spent: dict[str, float] = {}
    for sample in results.samples:
        if sample.kind == "timing":
            spent[sample.fork] = spent.get(sample.fork, 0.0) + sample.request_ms / 1000
    starting = median(end.startup_ms or 0.0 for end in results.forks) / 1000
    return int(budget_s / (_VERSIONS * (median(spent.values()) + starting)))


def _describe(rate: Rate) -> str:
    low, high = rate.bound()
    return f"{rate.share:.1%} [{low:.1%}, {high:.1%}] ({rate.times:,} of {rate.of:,})"


def _record(options: argparse.Namespace) -> int:
    console = Console(stderr=True)
    cell = Cell(*options.cell.split("/"))
    with PlainProgress(console) as watcher:
        footer = record_session(read_catalog(), cell, options.blocks, options.results, watcher)
    return int(footer.forks_failed > 0)


def _try(options: argparse.Namespace) -> int:
    results = read_results(options.results)
    budget = options.minutes * 60
    rows = list(evaluate(results, tries=options.tries, seed=options.seed, budget_s=budget))
    return _show(rows)


def _repeat(options: argparse.Namespace) -> int:
    spreads = measure_spreads([read_results(path) for path in options.results])
    rows = [
        Row(
            f"{item.cell.id} {item.scenario}: centers of {item.sessions} runs",
            f"within {_LARGEST_SPREAD:.0%}",
            f"{item.spread:.1%}",
            item.spread <= _LARGEST_SPREAD,
        )
        for item in spreads
    ]
    return _show(rows)


def _make_up(options: argparse.Namespace) -> int:
    shown = [
        [
            item.noise,
            item.blocks,
            f"{item.effect:.0%}",
            *(f"{share:.1%}" for share in (item.rows, item.any_row, item.mean)),
        ]
        for item in try_made_up(options.tries, options.seed)
    ]
    headers = ["noise", "blocks", "slower", "rows called", "any row", "the mean of all"]
    sys.stdout.write(tabulate.tabulate(shown, headers=headers, tablefmt="github") + "\n")
    return 0


def _show(rows: Sequence[Row]) -> int:
    shown = [[row.aim, row.wanted, row.measured, "✓" if row.reached else "✗"] for row in rows]
    headers = ["aim", "wanted", "measured", ""]
    sys.stdout.write(tabulate.tabulate(shown, headers=headers, tablefmt="github") + "\n")
    return 0 if all(row.reached for row in rows) else 1


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m suites.honesty", description=__doc__)
    commands = parser.add_subparsers(required=True)
    record = commands.add_parser("record", help="measure a World against itself and slower ones")
    record.add_argument("results", type=Path)
    record.add_argument("--cell", default="v5/express/local")
    record.add_argument("--blocks", type=int, default=40)
    record.set_defaults(run=_record)
    judge = commands.add_parser("try", help="draw sessions from a recorded one, and judge them")
    judge.add_argument("results", type=Path)
    judge.add_argument("--tries", type=int, default=40)
    judge.add_argument("--seed", type=int, default=1)
    judge.add_argument("--minutes", type=float, default=_QUICK_S / 60)
    judge.set_defaults(run=_try)
    repeat = commands.add_parser("repeat", help="compare the centers of several runs of one cell")
    repeat.add_argument("results", type=Path, nargs="+")
    repeat.set_defaults(run=_repeat)
    made_up = commands.add_parser("made-up", help="judge sessions whose truth is known")
    made_up.add_argument("--tries", type=int, default=400)
    made_up.add_argument("--seed", type=int, default=1)
    made_up.set_defaults(run=_make_up)
    options = parser.parse_args()
    try:
        code: int = options.run(options)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return code


if __name__ == "__main__":
    sys.exit(main())

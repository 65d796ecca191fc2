"""Test the reliability of the benchmark's verdicts; exit 1 if a target is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import tabulate
from rich.console import Console

from harness.descriptions import Cell
from harness.errors import HarnessError
from harness.measure.plan import CellChoice
from harness.measure.progress import PlainProgress
from harness.programs.interruption import Interrupted, end_by_unwinding
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from reports.benchmark.sentences import format_factor, format_interval
from suites.catalog import read_catalog
from suites.honesty.aims import LARGEST_SPREAD, QUICK_S, TRIES, AimRow, evaluate
from suites.honesty.made_up import try_made_up
from suites.honesty.neighbors import compare_ways, measure_neighbors, write_times
from suites.honesty.quick_aims import QUICK_S as QUICK_CELLS_S
from suites.honesty.quick_aims import evaluate_quick
from suites.honesty.recording import record_cells, record_session
from suites.honesty.repeating import measure_spreads
from suites.honesty.sessions import Recording


def _record(options: argparse.Namespace) -> int:
    console = Console(stderr=True)
    cell = Cell(*options.cell.split("/"))
    with PlainProgress(console) as watcher:
        footer = record_session(read_catalog(), cell, options.blocks, options.results, watcher)
    return int(footer.forks_failed > 0)


def _record_cells(options: argparse.Namespace) -> int:
    choice = CellChoice(
        lines=tuple(options.line),
        frameworks=tuple(options.framework),
        worlds=tuple(options.world),
    )
    with PlainProgress(Console(stderr=True)) as watcher:
        footer = record_cells(read_catalog(), choice, options.blocks, options.results, watcher)
    return int(footer.forks_failed > 0)


def _compare_neighbors(options: argparse.Namespace) -> int:
    choice = CellChoice(
        lines=tuple(options.line),
        frameworks=tuple(options.framework),
        worlds=tuple(options.world),
    )
    with PlainProgress(Console(stderr=True)) as watcher:
        times = measure_neighbors(read_catalog(), choice, options.blocks, watcher)
    write_times(times, options.results)
    rows = [
        AimRow(
            f"{item.world}: times in turns, divided by times alone, {item.blocks} blocks",
            "no difference",
            f"{format_factor(item.judgment.center)} {format_interval(item.judgment)}",
            not item.judgment.called,
        )
        for item in compare_ways(times)
    ]
    return _show(rows)


def _try_quick(options: argparse.Namespace) -> int:
    recording = Recording(read_results_as(options.results, BenchResults))
    budget = options.minutes * 60
    aims = evaluate_quick(recording, tries=options.tries, seed=options.seed, budget_s=budget)
    return _show([*aims])


def _try(options: argparse.Namespace) -> int:
    results = read_results_as(options.results, BenchResults)
    budget = options.minutes * 60
    rows = list(evaluate(results, tries=options.tries, seed=options.seed, budget_s=budget))
    return _show(rows)


def _repeat(options: argparse.Namespace) -> int:
    spreads = measure_spreads([read_results_as(path, BenchResults) for path in options.results])
    rows = [
        AimRow(
            f"{item.cell.id} {item.scenario}: centers of {item.sessions} runs",
            f"within {LARGEST_SPREAD:.0%}",
            f"{item.spread:.1%}",
            item.spread <= LARGEST_SPREAD,
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
    headers = ["noise", "blocks", "slower", "rows called", "any row", "mean of all rows"]
    sys.stdout.write(tabulate.tabulate(shown, headers=headers, tablefmt="github") + "\n")
    return 0


def _show(rows: Sequence[AimRow]) -> int:
    shown = [[row.aim, row.wanted, row.measured, "✓" if row.reached else "✗"] for row in rows]
    headers = ["aim", "wanted", "measured", ""]
    sys.stdout.write(tabulate.tabulate(shown, headers=headers, tablefmt="github") + "\n")
    return 0 if all(row.reached for row in rows) else 1


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m suites.honesty", description=__doc__)
    commands = parser.add_subparsers(required=True)
    record = commands.add_parser("record", help="measure a World against itself and slower copies")
    record.add_argument("results", type=Path)
    record.add_argument("--cell", default="v5/express/local")
    record.add_argument("--blocks", type=int, default=40)
    record.set_defaults(run=_record)
    judge = commands.add_parser("try", help="draw sessions from a recording, and judge them")
    judge.add_argument("results", type=Path)
    judge.add_argument("--tries", type=int, default=TRIES)
    judge.add_argument("--seed", type=int, default=1)
    judge.add_argument("--minutes", type=float, default=QUICK_S / 60)
    judge.set_defaults(run=_try)
    cells = commands.add_parser("record-cells", help="measure quick's cells beside their twins")
    cells.add_argument("results", type=Path)
    cells.add_argument("--blocks", type=int, default=25)
    for name in ("line", "framework", "world"):
        cells.add_argument(f"--{name}", action="append", default=[])
    cells.set_defaults(run=_record_cells)
    neighbors = commands.add_parser("neighbors", help="measure cells alone and in turns")
    neighbors.add_argument("results", type=Path)
    neighbors.add_argument("--blocks", type=int, default=6)
    for name in ("line", "framework", "world"):
        neighbors.add_argument(f"--{name}", action="append", default=[])
    neighbors.set_defaults(run=_compare_neighbors)
    quick = commands.add_parser("try-quick", help="draw quick sessions from such a recording")
    quick.add_argument("results", type=Path)
    quick.add_argument("--tries", type=int, default=TRIES)
    quick.add_argument("--seed", type=int, default=1)
    quick.add_argument("--minutes", type=float, default=QUICK_CELLS_S / 60)
    quick.set_defaults(run=_try_quick)
    repeat = commands.add_parser("repeat", help="compare the centers of several runs")
    repeat.add_argument("results", type=Path, nargs="+")
    repeat.set_defaults(run=_repeat)
    made_up = commands.add_parser("made-up", help="judge simulated sessions with a known effect")
    made_up.add_argument("--tries", type=int, default=400)
    made_up.add_argument("--seed", type=int, default=1)
    made_up.set_defaults(run=_make_up)
    options = parser.parse_args()
    end_by_unwinding()
    try:
        code: int = options.run(options)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Interrupted as error:
        sys.stderr.write("interrupted; nothing is left running\n")
        return error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main())

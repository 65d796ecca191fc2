"""Measure what `docs/performance.md` promises; exit 1 when it is not so."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import tabulate
from rich.console import Console

from harness.certification.sites import open_ground
from harness.certification.subjects import Subject, find_subject
from harness.cli.catalog import read_catalog
from reports.comment import LIMIT
from suites.performance.adapter import count_empty_calls, measure_creates
from suites.performance.certifications import certify_in_a_row, render_certifications
from suites.performance.certifying import find_differences, time_certification
from suites.performance.merging import time_merge
from suites.performance.rendering import time_comment

#: World -> effort -> seconds that it may take.
_LIMITS_S = {
    "reference": {"quick": 20, "standard": 60},
    "local": {"quick": 45, "standard": 150},
    "postgres": {"quick": 60, "standard": 240},
}
_EMPTY_CALLS_PER_S = 20_000
_ADAPTER_SHARE = 0.20
#: Worlds, frameworks and scenarios of the largest table that has to fit into a comment.
_LARGE_TABLE = (8, 12, 40)
_COMMENT_S = 2.0
#: Files and samples of each that have to be merged in a time and with a memory.
_SHARDS = (100, 10_000)
_MERGE_S = 10.0
_MERGE_BYTES = 500 * 10**6


_PARTS = ["adapter", "times", "agreement", "comment", "merge"]


class Row(msgspec.Struct, frozen=True):
    """One promise: what was measured, and whether it is kept."""

    promise: str
    aim: str
    measured: str
    kept: bool


def measure(parts: set[str], runs: int, console: Console) -> Iterator[Row]:
    """Measure the parts that are asked for, and say of each promise whether it is kept."""
    find = partial(find_subject, catalog=read_catalog())
    if "adapter" in parts:
        yield from _measure_adapter(find("local"), find("postgres"))
    if "times" in parts:
        for name, limits in _LIMITS_S.items():
            for effort, limit in limits.items():
                timed = time_certification(find(name), effort, console)
                yield Row(
                    f"`certify {name}`, {effort}",
                    f"at most {limit} s",
                    f"{timed.seconds:.0f} s",
                    timed.seconds <= limit,
                )
    if "agreement" in parts:
        reference = find("reference")
        examined = [time_certification(reference, "quick", console).examined for _ in range(runs)]
        differences = find_differences(examined)
        yield Row(
            f"verdicts of {runs} certifications of the reference World",
            "identical",
            "identical" if not differences else "; ".join(differences),
            not differences,
        )
    if "comment" in parts:
        yield _measure_comment()
    if "merge" in parts:
        yield _measure_merge()


def _measure_comment() -> Row:
    rendered = time_comment(*_LARGE_TABLE)
    return Row(
        "the comment of {} Worlds x {} frameworks x {} scenarios".format(*_LARGE_TABLE),
        f"under {_COMMENT_S:g} s, at most {LIMIT:,} characters",
        f"{rendered.seconds:.2f} s, {rendered.length:,} characters of {rendered.samples:,} samples",
        rendered.seconds < _COMMENT_S and rendered.length <= LIMIT,
    )


def _measure_merge() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        merged = time_merge(Path(folder), *_SHARDS)
    return Row(
        "merging {} result files of {:,} samples".format(*_SHARDS),
        f"under {_MERGE_S:g} s and {_MERGE_BYTES / 1e6:.0f} MB",
        f"{merged.seconds:.1f} s, {merged.memory_bytes / 1e6:.0f} MB "
        f"({merged.file_bytes / 1e6:,.0f} MB of files)",
        merged.seconds < _MERGE_S and merged.memory_bytes < _MERGE_BYTES,
    )


def _measure_adapter(local: Subject, postgres: Subject) -> Iterator[Row]:
    with open_ground(local) as ground:
        rate = count_empty_calls(ground)
    yield Row(
        "empty calls, pipelined (Node)",
        f"at least {_EMPTY_CALLS_PER_S:,}/s",
        f"{rate:,.0f}/s",
        rate >= _EMPTY_CALLS_PER_S,
    )
    with open_ground(postgres) as ground:
        cost = measure_creates(ground)
    yield Row(
        "`events.create` of postgres, 16 in flight, against the same inside the adapter",
        f"at most {_ADAPTER_SHARE:.0%} slower",
        f"{cost.share:.1%} slower ({cost.through:,.0f}/s against {cost.inside:,.0f}/s)",
        cost.share <= _ADAPTER_SHARE,
    )


def _certify_in_a_row(options: argparse.Namespace, console: Console) -> int:
    subject = find_subject(options.world, read_catalog(), line=options.line)
    certify = partial(time_certification, subject, options.effort, console)
    ended = list(certify_in_a_row(certify, options.effort, options.runs, options.jsonl))
    row = [told for told, _ in ended]
    sys.stdout.write(render_certifications(row, [examined for _, examined in ended]))
    return 0 if row and all(told.certified for told in row) else 1


def main() -> int:
    """Measure, print a table, and say whether every promise is kept."""
    parser = argparse.ArgumentParser(prog="nox -s perf --", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=["adapter", "times", "agreement", "comment", "merge"]
    )
    parser.add_argument("--runs", "--times", type=int, default=20)
    parser.add_argument("--world", help="agreement: certify this World in a row, nothing else")
    parser.add_argument("--line", help="agreement --world: the line to certify for")
    parser.add_argument("--effort", default="quick", help="agreement --world: how much is tried")
    parser.add_argument("--jsonl", type=Path, help="agreement --world: gets a line for each run")
    options = parser.parse_args()
    console = Console(stderr=True)
    if options.world:
        return _certify_in_a_row(options, console)
    rows = list(measure(set(options.parts), options.runs, console))
    shown = [(row.promise, row.aim, row.measured, "✅" if row.kept else "❌") for row in rows]
    table = tabulate.tabulate(shown, headers=("promise", "aim", "measured", ""), tablefmt="github")
    sys.stdout.write(f"{table}\n")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

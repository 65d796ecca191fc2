"""Measure the limits in `docs/performance.md`; exit 1 if one is exceeded."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import tabulate
from rich.console import Console

from harness.certification.sites import open_ground
from harness.certification.subjects import Subject, find_subject
from harness.programs.interruption import end_by_unwinding
from reports.forms.comment import LIMIT
from suites.catalog import read_catalog
from suites.performance.adapter import count_empty_calls, measure_creates
from suites.performance.certifications import certify_in_a_row, render_certifications
from suites.performance.certifying import find_differences, time_certification
from suites.performance.merging import time_merge
from suites.performance.rendering import time_comment

#: World -> effort -> limit in seconds.
_LIMITS_S = {
    "reference": {"quick": 20, "standard": 60},
    "local": {"quick": 45, "standard": 150},
    "postgres": {"quick": 60, "standard": 240},
}
_EMPTY_CALLS_PER_S = 20_000
_ADAPTER_SHARE = 0.20
#: Worlds, frameworks and scenarios of the largest table that must fit into a comment.
_LARGE_TABLE = (8, 12, 40)
_COMMENT_S = 2.0
#: Number of files, and samples per file, for the limits on time and memory of a merge.
_SHARDS = (100, 10_000)
_MERGE_S = 10.0
_MERGE_BYTES = 500 * 10**6


class _Row(msgspec.Struct, frozen=True):
    """One limit, what was measured, and whether the limit is kept."""

    promise: str
    aim: str
    measured: str
    kept: bool


class InARow(msgspec.Struct, frozen=True):
    """A World to certify several times, one after the other."""

    world: str
    line: str | None
    effort: str
    #: File that gets one line per certification.
    jsonl: Path | None


class _Effort(msgspec.Struct, frozen=True):
    """How often to measure, and where to show progress."""

    #: Number of certifications that must agree.
    runs: int
    #: Number of comments and merges.
    repeats: int
    console: Console
    #: If given, only certify this World.
    in_a_row: InARow | None = None


def _measure_adapter(effort: _Effort) -> Iterator[_Row]:
    with open_ground(_find("local")) as ground:
        rate = count_empty_calls(ground)
    yield _Row(
        "empty calls, pipelined (Node)",
        f"at least {_EMPTY_CALLS_PER_S:,}/s",
        f"{rate:,.0f}/s",
        rate >= _EMPTY_CALLS_PER_S,
    )
    with open_ground(_find("postgres")) as ground:
        cost = measure_creates(ground)
    yield _Row(
        "`events.create` of postgres, 16 in flight, against the same inside the adapter",
        f"at most {_ADAPTER_SHARE:.0%} slower",
        f"{cost.share:.1%} slower ({cost.through:,.0f}/s against {cost.inside:,.0f}/s)",
        cost.share <= _ADAPTER_SHARE,
    )


def _certify_in_a_row(asked: InARow, effort: _Effort) -> int:
    subject = find_subject(asked.world, read_catalog(), line=asked.line)
    certify = partial(time_certification, subject, asked.effort, effort.console)
    ended = list(certify_in_a_row(certify, asked.effort, effort.runs, asked.jsonl))
    row = [told for told, _ in ended]
    sys.stdout.write(render_certifications(row, [examined for _, examined in ended]))
    return 0 if row and all(told.certified for told in row) else 1


def _measure_times(effort: _Effort) -> Iterator[_Row]:
    for name, limits in _LIMITS_S.items():
        for level, limit in limits.items():
            timed = time_certification(_find(name), level, effort.console)
            yield _Row(
                f"`certify {name}`, {level}",
                f"at most {limit} s",
                f"{timed.seconds:.0f} s",
                timed.seconds <= limit,
            )


def _measure_agreement(effort: _Effort) -> Iterator[_Row]:
    reference = _find("reference")
    examined = [
        time_certification(reference, "quick", effort.console).examined for _ in range(effort.runs)
    ]
    differences = find_differences(examined)
    yield _Row(
        f"verdicts of {effort.runs} certifications of the reference World",
        "identical",
        "identical" if not differences else "; ".join(differences),
        not differences,
    )


def _measure_comment(effort: _Effort) -> Iterator[_Row]:
    rendered = time_comment(*_LARGE_TABLE, effort.repeats)
    yield _Row(
        "the comment of {} Worlds x {} frameworks x {} scenarios".format(*_LARGE_TABLE),
        f"under {_COMMENT_S:g} s, at most {LIMIT:,} characters",
        f"{rendered.seconds.describe('.2f', 's')}, "
        f"{rendered.length:,} characters of {rendered.samples:,} samples",
        rendered.seconds.largest < _COMMENT_S and rendered.length <= LIMIT,
    )


def _measure_merge(effort: _Effort) -> Iterator[_Row]:
    with tempfile.TemporaryDirectory() as folder:
        merged = time_merge(Path(folder), *_SHARDS, effort.repeats)
    yield _Row(
        "`world-harness merge` of {} result files of {:,} samples".format(*_SHARDS),
        f"under {_MERGE_S:g} s and {_MERGE_BYTES / 1e6:.0f} MB",
        f"{merged.seconds.describe('.1f', 's')}, {merged.memory_bytes.describe('.0f', 'MB', 1e6)}, "
        f"{merged.file_bytes / 1e6:,.0f} MB of files",
        merged.seconds.largest < _MERGE_S and merged.memory_bytes.largest < _MERGE_BYTES,
    )


#: Part -> function that measures it, in order of measurement.
PARTS: dict[str, Callable[[_Effort], Iterator[_Row]]] = {
    "adapter": _measure_adapter,
    "times": _measure_times,
    "agreement": _measure_agreement,
    "comment": _measure_comment,
    "merge": _measure_merge,
}

#: Stands for every part.
_ALL = "all"


def _find(name: str) -> Subject:
    return find_subject(name, catalog=read_catalog())


def read_words(words: Sequence[str]) -> tuple[list[str], _Effort]:
    """Parse the parts and options; exit with a usage error if a word is not valid."""
    parser = argparse.ArgumentParser(prog="nox -s perf --", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, _ALL], default=_ALL)
    parser.add_argument("--runs", "--times", type=int, default=20, help="number of certifications")
    parser.add_argument("--world", help="agreement: only certify this World, repeatedly")
    parser.add_argument("--line", help="agreement --world: the line to certify for")
    parser.add_argument("--effort", default="quick", help="agreement --world: the effort")
    parser.add_argument("--jsonl", type=Path, help="agreement --world: append each run here")
    parser.add_argument("--repeats", type=int, default=5, help="number of comments and merges")
    options = parser.parse_args(words)
    in_a_row = None
    if options.world:
        in_a_row = InARow(options.world, options.line, options.effort, options.jsonl)
    effort = _Effort(options.runs, options.repeats, Console(stderr=True), in_a_row)
    return [part for part in PARTS if part in options.parts or _ALL in options.parts], effort


def main() -> int:
    """Measure and print a table; return whether every limit is kept."""
    parts, effort = read_words(sys.argv[1:])
    end_by_unwinding()
    if effort.in_a_row:
        return _certify_in_a_row(effort.in_a_row, effort)
    rows = [row for part in parts for row in PARTS[part](effort)]
    shown = [(row.promise, row.aim, row.measured, "✅" if row.kept else "❌") for row in rows]
    table = tabulate.tabulate(shown, headers=("promise", "aim", "measured", ""), tablefmt="github")
    sys.stdout.write(f"{table}\n")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

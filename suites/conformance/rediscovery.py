"""Bugs of published packages, found again: `python -m suites.conformance.rediscovery`.

For every bug in `bugs.toml` the affected version is examined by the clauses that it breaks, and
the first version without it by the same. What was found goes to a file of results, from which
`docs/worlds.md` is made.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from rich.console import Console

import suites.conformance
from harness.certification.examination import CertifyRequest, examine_world
from harness.certification.records import describe_record
from harness.certification.subjects import find_subject
from harness.certification.verdicts import ClauseVerdict
from harness.checks.progress import PlainChecks
from harness.descriptions import Catalog, read_table
from harness.errors import HarnessError
from reports.documents.rediscovered import RESULTS, Bug, FoundBug
from suites.catalog import read_catalog

BUGS = Path(__file__).with_name("bugs.toml")


def describe_bugs() -> dict[str, Bug]:
    """Return every bug by its id."""
    return read_table(BUGS, "bug", Bug)


def look_for(
    bugs: Iterable[Bug], catalog: Catalog, *, effort: str, console: Console
) -> Iterable[FoundBug]:
    """Examine the versions of bugs, one version once for all its bugs that need the same effort."""
    wanted: dict[tuple[str, str], set[str]] = {}
    chosen = [bug for bug in bugs if not bug.unshown]
    for bug in chosen:
        for spec in filter(None, (bug.shown, bug.fixed)):
            wanted.setdefault((spec, bug.effort or effort), set()).update(bug.clauses)
    for (spec, needed), clauses in wanted.items():
        console.print(f"{spec}: {', '.join(sorted(clauses))}", markup=False, highlight=False)
        try:
            verdicts = _examine(spec, sorted(clauses), catalog, needed, console)
        except HarnessError as error:
            console.print(str(error), markup=False, highlight=False)
            yield from (FoundBug.missing(spec, clause, error.what) for clause in sorted(clauses))
            continue
        yield from (FoundBug.of(spec, verdict) for verdict in verdicts)


def _examine(
    spec: str, clauses: list[str], catalog: Catalog, effort: str, console: Console
) -> tuple[ClauseVerdict, ...]:
    request = CertifyRequest(
        subject=find_subject(spec, catalog),
        suite=Path(suites.conformance.__file__).parent,
        effort=effort,
        clauses=tuple(clauses),
        workers=2,
    )
    return examine_world(request, PlainChecks(console, describe_record)).verdicts


def write_results(found: Iterable[FoundBug], path: Path = RESULTS) -> None:
    """Write what was found; what an earlier run found of other versions stays."""
    kept: Mapping[tuple[str, str], FoundBug] = {}
    if path.exists():
        lines = path.read_bytes().splitlines()
        kept = {item.key: item for item in (msgspec.json.decode(x, type=FoundBug) for x in lines)}
    merged = dict(kept)
    for item in found:
        merged[item.key] = item
        ordered = (merged[key] for key in sorted(merged))
        path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in ordered))


def main() -> None:
    """Examine the versions that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bugs", nargs="*", help="ids of bugs; all without any")
    parser.add_argument("--effort", default="standard")
    options = parser.parse_args()
    known = describe_bugs()
    chosen = [known[name] for name in options.bugs or known]
    console = Console(stderr=True)
    write_results(look_for(chosen, read_catalog(), effort=options.effort, console=console))


if __name__ == "__main__":
    main()

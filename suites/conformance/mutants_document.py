"""The proof of the checks: every mutant is rejected by the clause that it was made for.

`python -m suites.conformance.mutants_document` writes the kill matrix, `docs/mutants.md`. The
project's tests run every mutant; they fail when one survives, and when the matrix does not show
them all.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import tabulate

from harness.certification.parcels import write_parcel
from harness.certification.records import CheckRecord, read_record
from harness.certification.subjects import Subject
from harness.checks.marks import list_marked_checks
from harness.checks.reproducing import PLUGIN
from harness.contract.clauses import Clause, describe_clauses
from worlds.mutants import Mutant, describe_mutants

DOCUMENT = Path(__file__).parents[2] / "docs" / "mutants.md"
_NO_PLUGINS = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"

_INTRODUCTION = """\
# Mutants

Worlds that are defective on purpose test the checks.
Each mutant is the reference World (`worlds/reference/`) with one method changed \
(`worlds/mutants/`).
The clause that it was made for must reject it, with the message below.
The project's tests run all mutants.
The reference World itself fails no clause, on any line.

Run one yourself, with the name, line and clause of a row:

```
world-harness certify mutant --env MUTANT=<mutant> --line <line> --clause <clause>
```

"""


def kill(
    mutant: Mutant, subject: Subject, folder: Path, *, effort: str | None = None
) -> list[CheckRecord]:
    """Have a mutant examined by the clause that it was made for.

    Args:
        mutant: The defect.
        subject: The World `mutant`, as it is described, for the mutant's line.
        folder: Takes the records.
        effort: How much is done; what the mutant needs by default.

    Returns:
        The records: up to the first failure when that says what it should, else all.
    """
    records = _examine(mutant, subject, folder, effort or mutant.effort, "-x", "--first-failure")
    if explain_survival(mutant, records):
        return _examine(mutant, subject, folder, effort or mutant.effort)
    return records


def _examine(
    mutant: Mutant, subject: Subject, folder: Path, effort: str, *options: str
) -> list[CheckRecord]:
    parcel, records = folder / f"{mutant.name}.parcel", folder / f"{mutant.name}.jsonl"
    write_parcel(parcel, subject, {})
    records.write_bytes(b"")
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    arguments = [*_find_checks(mutant.clause), "-c", str(settings), "-q", *options]
    arguments += ["--rootdir", str(folder), "--parcel", str(parcel), "--records", str(records)]
    arguments += ["--clause", mutant.clause, "--effort", effort, "--assert=plain"]
    arguments += ["-p", PLUGIN, "-p", "no:cacheprovider"]
    # In this process: starting a new one would take longer than most kills.
    with _without_plugins():
        pytest.main(arguments)
    return [read_record(line) for line in records.read_bytes().splitlines()]


def _find_checks(clause: str) -> list[str]:
    """Return the files that decide a clause: collecting all of them takes longer than a kill."""
    checks = list_marked_checks("suites.conformance", "clause")
    return sorted({str(marked.file) for marked in checks if marked.clause == clause})


@contextlib.contextmanager
def _without_plugins() -> Iterator[None]:
    before = os.environ.get(_NO_PLUGINS)
    os.environ[_NO_PLUGINS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_PLUGINS]
        else:
            os.environ[_NO_PLUGINS] = before


def explain_survival(mutant: Mutant, records: list[CheckRecord]) -> str:
    """Say why a mutant was not killed as it should be; empty when it was."""
    failed = [record for record in records if record.verdict == "failed"]
    if not records:
        return f"no check of {mutant.clause} ran"
    if not failed:
        told = ", ".join(f"{record.check} [{record.form}] {record.verdict}" for record in records)
        return f"{mutant.clause} does not reject it: {told}"
    if not any(mutant.message in record.message for record in failed):
        return f"{mutant.clause} rejects it, but says: {failed[0].message}"
    return ""


def render_matrix(mutants: Mapping[str, Mutant], clauses: Mapping[str, Clause]) -> str:
    """Render the kill matrix: every clause, and the mutants that it rejects."""
    by_clause: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants.values():
        by_clause[mutant.clause].append(mutant)
    rows = [
        (f"`{name}`", f"`{mutant.name}`", mutant.line, mutant.story, f"…{mutant.message}…")
        for name in clauses
        for mutant in sorted(by_clause[name], key=lambda item: item.name)
    ]
    headers = ("clause", "mutant", "line", "what is wrong with it", "what the clause says")
    table = tabulate.tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)
    without = [name for name in clauses if not by_clause[name]]
    rest = f"\n\nClauses without a mutant: {', '.join(f'`{name}`' for name in without)}." * bool(
        without
    )
    counts = f"{len(rows)} mutants, {len(clauses) - len(without)} clauses.\n\n"
    return f"{_INTRODUCTION}{counts}{table}{rest}\n"


def write_matrix(path: Path = DOCUMENT) -> None:
    """Write the kill matrix where the documentation has it."""
    path.write_text(render_matrix(describe_mutants(), describe_clauses()), encoding="utf-8")


if __name__ == "__main__":
    write_matrix()

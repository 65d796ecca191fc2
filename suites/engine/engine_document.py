"""`docs/engine.md`: which promises the SDK keeps on which cell, from the committed results.

`python -m suites.engine.engine_document` writes it.
"""

from __future__ import annotations

from pathlib import Path

from harness.descriptions import Cell
from harness.engine.clauses import describe_engine_clauses
from harness.errors import ResultsError
from harness.results.files import read_results_as
from harness.results.records import EngineResults
from reports.documents.engine_matrix import render_engine
from reports.documents.excerpts import put_between
from reports.engine.study import describe_rate
from reports.writing.text import fence
from suites.engine import CLAUSES
from suites.engine.cells import REQUIRED_CELLS

DOCUMENT = Path(__file__).parents[2] / "docs" / "engine.md"
GUIDE = DOCUMENT.parent / "start" / "sdk.md"
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "engine"

#: The finding that the guide for maintainers shows.
_SHOWN = (Cell("v4", "express", "local"), "test_deliveries_of_a_step_do_not_give_it_up")

_INTRODUCTION = """\
# Does the engine keep its promises?

A World stores events, delivers queue messages and keeps streams.
On top of it runs the engine of the Workflow SDK: it replays workflows, executes steps and \
retries what fails.
Queues deliver messages twice, late, out of order, or to a process that dies.
The promises of the engine should hold all the same.

The engine suites run real workflows on published SDK packages, in real apps behind real web \
frameworks.
The *nemesis* between the app and its World records every delivery, call and execution, and \
applies the fault plan of a run.
It delivers a message again or late, fails a call, or ends the process at a named point.

A promise is a *clause* (`suites/engine/clauses/`), and *checks* decide it.
A check draws cases (the shape of a workflow and a fault plan) from a seed and runs them.
It reduces a failing case to the smallest one that still fails, and repeats it up to ten times.
This gives the failure rate in the tables.
A check whose faults did not happen is inconclusive, not passed.

Nothing in these tables was simulated.
A finding can be in the SDK's core or in the World below it; its witness and reason say which.
This file is generated from `docs/results/engine/` by `nox -s docs`.

## How to run it

```sh
nox -s e2e
nox -s e2e -- --line v5 --framework express --world local
world-harness e2e --line v5 --framework express --world local --suite retry-inflation
```

The command writes results as JSON lines, with a report beside them.
The [exit code](exit-codes.md) is 0 if every promise was kept.
A failure on the list of known failures (`suites/engine/known_failures.toml`) does not change that.
The exit code is 1 if a check failed that is not on the list, or passed although the list says \
that it fails.
It is 2 if something could not be decided.

Every failure comes with a command that repeats its smallest case, in a clone of this repository.
Newer commands also name the plugin (`pytest -p world_harness.plugin --pyargs ...`), and run in \
any folder.
"""


def read_sessions(folder: Path = RESULTS) -> list[EngineResults]:
    """Read the committed results, in the order of the required cells."""
    sessions = [read_results_as(path, EngineResults) for path in sorted(folder.glob("*.jsonl"))]
    return sorted(sessions, key=_place)


def _place(results: EngineResults) -> int:
    cells = [cell for cell in results.header.cells if cell in REQUIRED_CELLS]
    return min((REQUIRED_CELLS.index(cell) for cell in cells), default=len(REQUIRED_CELLS))


def render_document(folder: Path = RESULTS) -> str:
    """Render the document from results."""
    clauses = describe_engine_clauses(CLAUSES)
    return f"{_INTRODUCTION}\n{render_engine(read_sessions(folder), clauses)}"


def put_finding(text: str, folder: Path = RESULTS) -> str:
    """Return the guide for maintainers with one finding, as the terminal prints it.

    Raises:
        ResultsError: it is not among the results.
    """
    found = [
        check
        for results in read_sessions(folder)
        for check in results.checks
        if (check.cell, check.check) == _SHOWN and check.verdict == "failed"
    ]
    if not found:
        raise ResultsError(
            "the finding that the guide for maintainers shows is not among the results",
            remedy="name another in suites/engine/engine_document.py",
        )
    shown = found[0]
    told = f"✗ {shown.cell.id} {shown.clause}: {shown.message} (fails in {describe_rate(shown)})"
    return put_between(text, "finding", fence(f"{told}\n    {shown.reproduce}"))


def rewrite_documents() -> None:
    """Write the document, and its finding in the guide for maintainers."""
    DOCUMENT.write_text(render_document(), encoding="utf-8")
    GUIDE.write_text(put_finding(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    rewrite_documents()

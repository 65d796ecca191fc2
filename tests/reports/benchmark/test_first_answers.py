"""The first compile of a dev server is a figure by itself, and in no other time."""

from __future__ import annotations

import msgspec
import pytest

from harness.descriptions import Cell
from reports.benchmark.findings import study
from reports.benchmark.first_answers import (
    TITLE,
    describe_first_compiles,
    measure_first_answers,
    render_first_compiles,
)
from reports.writing.text import NOTHING
from tests.reports.factories import EXPRESS, HONO, TEN, Session
from tests.reports.reading import read_table

DEVELOPED = msgspec.structs.replace(EXPRESS, mode="development")

#: What every fork of a made-up session takes to start.
STARTUP_MS = 321.0


def answer_first(session: Session, cell: Cell, *times: float, workflow_ms: float = 10.0) -> None:
    """Warm up each fork with a request that takes one of the times, in ms; then time a run."""
    for block, time in enumerate(times, start=1):
        first = {"warmup": True, "sequence": 0, "request_ms": time}
        session.take(cell, TEN, workflow_ms=time, block=block, **first)
        session.take(cell, TEN, workflow_ms=workflow_ms, block=block, sequence=1, request_ms=50.0)


@pytest.fixture
def session() -> Session:
    session = Session([EXPRESS, DEVELOPED], [TEN])
    answer_first(session, EXPRESS, 79.0, 79.0, 79.0)
    answer_first(session, DEVELOPED, 3_679.0, 4_679.0, 5_679.0)
    return session


def test_it_is_start_up_and_the_first_request_over_forks(session: Session) -> None:
    found = measure_first_answers(study(session.end()))
    assert found[EXPRESS].center == STARTUP_MS + 79.0
    assert found[DEVELOPED].center == STARTUP_MS + 4_679.0
    assert (found[DEVELOPED].low, found[DEVELOPED].high) == (4_000.0, 6_000.0)
    assert found[DEVELOPED].forks == 3


def test_no_workflow_time_contains_it(session: Session) -> None:
    entry = study(session.end()).entries[DEVELOPED, TEN.id]
    assert entry.workflow is not None
    assert entry.workflow.center == 10.0


def test_it_stands_beside_that_of_the_build(session: Session) -> None:
    (row,) = read_table(render_first_compiles(study(session.end())), f"## {TITLE}")
    assert row["Start-Up and First Compile"] == "5 s [4, 6]"
    assert row["The Same in Production"] == "400 ms [400, 400]"
    assert row["Forks"] == "3"


def test_cell_that_never_answered_is_a_row(session: Session) -> None:
    other = msgspec.structs.replace(HONO, mode="development")
    with_other = Session([DEVELOPED, other], [TEN])
    answer_first(with_other, DEVELOPED, 3_679.0)
    with_other.fail_fork(other, "no build")
    rows = read_table(render_first_compiles(study(with_other.end())), f"## {TITLE}")
    assert [(row["Framework"], row["Forks"]) for row in rows] == [("Express", "1"), ("Hono", "0")]
    assert rows[1]["Start-Up and First Compile"] == NOTHING


def test_failed_fork_and_wrong_answer_do_not_count(session: Session) -> None:
    session.fail_fork(DEVELOPED, "died", block=1)
    session.samples = [
        msgspec.structs.replace(sample, outcome="incorrect")
        if sample.warmup and sample.fork == f"timing-2/{DEVELOPED.id}"
        else sample
        for sample in session.samples
    ]
    found = measure_first_answers(study(session.end()))
    assert (found[DEVELOPED].forks, found[DEVELOPED].center) == (1, 6_000.0)


def test_summary_names_it_with_its_cell(session: Session) -> None:
    assert describe_first_compiles(study(session.end())) == (
        "Start-up and first compile: 5 s [4, 6] in Local · Express · development"
    )


def test_summary_of_many_cells_gives_their_range() -> None:
    cells = [Cell("v5", f"framework-{n}", "local", "development") for n in range(5)]
    session = Session(cells, [TEN])
    for number, cell in enumerate(cells):
        answer_first(session, cell, 1_000.0 * (number + 1) - STARTUP_MS)
    told = describe_first_compiles(study(session.end()))
    assert told == "Start-up and first compile: 1 s to 5 s in 5 cells"


def test_builds_alone_have_no_such_figure() -> None:
    session = Session([EXPRESS], [TEN])
    answer_first(session, EXPRESS, 100.0)
    findings = study(session.end())
    assert describe_first_compiles(findings) == ""
    assert render_first_compiles(findings) == ""

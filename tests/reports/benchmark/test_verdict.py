"""The first lines are the answer, and promise no more than was measured."""

from __future__ import annotations

import pytest

from reports.benchmark.findings import study
from reports.benchmark.verdict import BenchVerdict, reach_verdict
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    FIFTY,
    HONO,
    HONO_POSTGRES,
    NITRO,
    TEN,
    Session,
)


def verdict(session: Session) -> BenchVerdict:
    return reach_verdict(study(session.end()))


def measured(*times: float, forks: int = 3) -> Session:
    """Measure Express, Hono and Nitro."""
    cells = [EXPRESS, HONO, NITRO][: len(times)]
    session = Session(cells, [TEN], forks=forks)
    for cell, time in zip(cells, times, strict=True):
        session.measure(cell, TEN, time)
    return session


def test_counts_cells_samples_and_failures() -> None:
    found = verdict(measured(100, 200))
    assert found.line == "2 of 2 cells ran, 12 timed samples, no failures."
    assert found.sound


def test_lone_cell_is_compared_with_nobody() -> None:
    found = verdict(measured(100))
    assert "Nothing could be compared" in found.line
    assert found.answers == ()


def test_failures_are_counted_once_and_spoil_the_verdict() -> None:
    session = measured(100, 200)
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    session.spoil(EXPRESS, TEN, "timeout", "slow")
    session.spoil(EXPRESS, TEN, "timeout", "slow")
    session.fail_fork(HONO, "died")
    found = verdict(session)
    assert "1 incorrect answer, 2 timeouts, 1 failed fork. " in found.line
    assert not found.sound


def test_failed_fork_is_counted_once_for_all_its_scenarios() -> None:
    session = Session([EXPRESS], [TEN, FIFTY])
    session.fail_fork(EXPRESS, "died")
    assert ", 1 failed fork. " in verdict(session).line


def test_missing_results_are_counted() -> None:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 100)
    found = verdict(session)
    assert found.line.startswith("1 of 2 cells ran, 6 timed samples, 3 missing results. ")
    assert not found.sound


def test_interrupted_session_is_incomplete() -> None:
    session = measured(100, 200)
    session.interrupt(HONO, block=3)
    session.interrupt(HONO, block=4, kind="counting")
    found = verdict(session)
    assert found.line.endswith("The session is incomplete: 6 of 8 forks ended.")
    assert not found.sound


@pytest.mark.parametrize(("forks", "told"), [(1, True), (2, True), (3, False)])
def test_too_few_forks_are_told(forks: int, told: bool) -> None:
    line = verdict(measured(100, 900, forks=forks)).line
    assert ("winner takes 3 forks per cell" in line) == told


def test_forks_that_an_interruption_left_are_too_few() -> None:
    session = measured(100, 900)
    for cell in (EXPRESS, HONO):
        session.interrupt(cell, block=3)
    assert "A winner takes 3 forks per cell; this session has 2." in verdict(session).line


def test_nothing_at_all_is_told_as_such() -> None:
    found = verdict(Session([EXPRESS], [TEN]))
    assert found.line.startswith("0 of 1 cell ran, no timed samples, 1 missing result. ")


def test_every_question_has_its_answer() -> None:
    """What an answer says is tested with the sentences."""
    session = Session([EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES], [TEN])
    for cell, time in zip(session.header.cells, (100, 200, 300, 300), strict=True):
        session.measure(cell, TEN, time)
    subjects = [answer.partition(":")[0] for answer in verdict(session).answers]
    assert subjects == ["Fastest World", "Fastest Framework"]

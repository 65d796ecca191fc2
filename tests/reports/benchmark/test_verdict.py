"""The first lines are the answer, and promise no more than was measured."""

from __future__ import annotations

import pytest

from harness.descriptions import Cell
from reports.benchmark.findings import study
from reports.benchmark.verdict import BenchVerdict, reach_verdict
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
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
    assert found.line.startswith("2 of 2 cells ran, 12 timed samples, no failures. ")
    assert found.sound


def test_winners_are_told_with_how_often_chance_gives_any() -> None:
    assert verdict(measured(100, 200)).line.endswith(
        "A winner in 1 of 1 comparison (if nothing differed, about 1 table in 20 would show one "
        "by chance)."
    )


def test_no_winner_is_no_difference() -> None:
    assert verdict(measured(100, 100)).line.endswith("No significant difference in 1 comparison.")


def test_lone_cell_is_compared_with_nobody() -> None:
    found = verdict(measured(100))
    assert "Nothing could be compared" in found.line
    assert found.fastest == ()


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
    assert ("No significant difference" in line) == told


def test_forks_that_an_interruption_left_are_too_few() -> None:
    session = measured(100, 900)
    for cell in (EXPRESS, HONO):
        session.interrupt(cell, block=3)
    assert "A winner takes 3 forks per cell; this session has 2." in verdict(session).line


def test_nothing_at_all_is_told_as_such() -> None:
    found = verdict(Session([EXPRESS], [TEN]))
    assert found.line.startswith("0 of 1 cell ran, no timed samples, 1 missing result. ")


def test_fastest_is_told_by_place() -> None:
    session = Session([EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES], [TEN])
    times = {EXPRESS: 100, HONO: 200, EXPRESS_POSTGRES: 300, HONO_POSTGRES: 300}
    for cell, time in times.items():
        session.measure(cell, TEN, time)
    assert verdict(session).fastest == (
        "Fastest Framework: Express on Local (1 win, no ties); no clear winner on Postgres",
        "Fastest World: Local on Express (1 win, no ties); Local on Hono (1 win, no ties)",
    )


def test_lines_are_compared_where_there_are_several() -> None:
    session = Session([EXPRESS_V4, EXPRESS], [TEN])
    session.measure(EXPRESS_V4, TEN, 200)
    session.measure(EXPRESS, TEN, 100)
    assert verdict(session).fastest == ("Fastest Line: v5 on Express Local (1 win, no ties)",)


def test_many_contests_are_summed_up() -> None:
    cells = [Cell("v5", f"framework-{n}", world) for n in range(5) for world in ("a", "b")]
    session = Session(cells, [TEN])
    for cell in cells:
        session.measure(cell, TEN, 100 if cell.world == "a" else 200)
    assert verdict(session).fastest[1] == "Fastest World: A in 5 of 5 contests"

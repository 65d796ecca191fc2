"""Lines of the SDK stand beside each other, in both languages, with what a step costs on each."""

from __future__ import annotations

import pytest

from harness.descriptions import Cell, Scenario
from harness.results.records import BenchResults
from reports.benchmark.findings import study
from reports.benchmark.lines import render_lines
from reports.benchmark.scenarios import decide_sections, render_scenario
from reports.writing.text import NOTHING
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_V4,
    TEN,
    Session,
    make_framework,
    make_scenario,
)
from tests.reports.reading import Row, read_tables

FLASK = Cell("py", "flask", "local")
CELLS = [EXPRESS_V4, EXPRESS, FLASK]
SEQUENTIAL = [make_scenario(size) for size in (0, 1, 10, 25, 50)]


def both_languages() -> Session:
    """Two deliveries a step on v4 and py, one for all on v5; py: each costs more than the last."""
    frameworks = (make_framework("express"), make_framework("flask", language="python"))
    session = Session(CELLS, SEQUENTIAL, frameworks=frameworks)
    for scenario in SEQUENTIAL:
        size = scenario.size
        session.measure(EXPRESS_V4, scenario, 20.0 * max(size, 1))
        session.measure(EXPRESS, scenario, 10.0 * max(size, 1))
        session.measure(FLASK, scenario, 2.0 * max(size, 1) ** 2)
        session.count(EXPRESS_V4, scenario, size + 1, size, calls={"queue": 8 * size + 4})
        session.count(EXPRESS, scenario, 1, calls={"queue": 3 * size + 4})
        session.count(FLASK, scenario, 2 * size + 1, calls={"queue": 8 * size + 6})
    return session


def rows_of(results: BenchResults) -> dict[str, Row]:
    (table,) = read_tables(render_lines(study(results)))
    return {row["Line"]: row for row in table}


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return rows_of(both_languages().end())


def test_every_cell_says_its_line_and_language(rows: dict[str, Row]) -> None:
    told = {line: (row["Language"], row["Framework"]) for line, row in rows.items()}
    assert told == {
        "v4": ("TypeScript", "Express"),
        "v5": ("TypeScript", "Express"),
        "py": ("Python", "Flask"),
    }


def test_costs_are_laws(rows: dict[str, Row]) -> None:
    told = {line: (row["Invocations"], row["World calls"]) for line, row in rows.items()}
    assert told == {
        "v4": ("2N + 1", "8N + 4"),
        "v5": ("1", "3N + 4"),
        "py": ("2N + 1", "8N + 6"),
    }


def test_time_is_that_of_one_step(rows: dict[str, Row]) -> None:
    assert rows["v4"]["Per step, N=10"].startswith("20 ms [")
    assert rows["v4"]["Per step, N=50"].startswith("20 ms")
    assert rows["py"]["Per step, N=10"].startswith("20 ms")
    assert rows["py"]["Per step, N=50"].startswith("100 ms")
    assert "Per step, N=0" not in rows["py"]


def test_growth_tells_a_line_whose_steps_cost_more_and_more(rows: dict[str, Row]) -> None:
    assert rows["v5"]["Grows as"].startswith("N^1.00")
    assert rows["py"]["Grows as"].startswith("N^2.00")


def test_what_was_not_measured_is_left_open() -> None:
    frameworks = (make_framework("express"), make_framework("flask", language="python"))
    session = Session([EXPRESS, FLASK], [TEN], frameworks=frameworks)
    session.measure(EXPRESS, TEN, 100)
    session.spoil(FLASK, TEN, "timeout", "no end within 30000 ms")
    row = rows_of(session.end())["py"]
    assert row["Per step, N=10"] == row["Invocations"] == row["Grows as"] == NOTHING


@pytest.mark.parametrize(
    ("cells", "scenarios"),
    [([EXPRESS], SEQUENTIAL), (CELLS, [make_scenario(10, "concurrent")])],
    ids=["one line", "no sequential scenario"],
)
def test_there_is_nothing_to_compare(cells: list[Cell], scenarios: list[Scenario]) -> None:
    assert not render_lines(study(Session(cells, scenarios).end()))


def test_what_is_different_in_a_language_is_said_where_it_was_measured() -> None:
    noted = make_scenario(10, notes={"python": "another way"})
    frameworks = (make_framework("express"), make_framework("flask", language="python"))
    both = study(Session([EXPRESS, FLASK], [noted], frameworks=frameworks).end())
    assert "In Python: another way" in render_scenario(both, noted, decide_sections(both))
    alone = study(Session([EXPRESS], [noted]).end())
    assert "another way" not in render_scenario(alone, noted, decide_sections(alone))

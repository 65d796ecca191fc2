"""One screen of a terminal holds the answer, in plain text."""

from __future__ import annotations

from reports.benchmark.findings import study
from reports.benchmark.terminal import summarize
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    HONO_POSTGRES,
    TEN,
    Session,
    make_framework,
    make_scenario,
)


def test_holds_the_verdict_and_who_wins_where() -> None:
    session = Session([EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES], [TEN])
    for cell, time in zip(session.header.cells, (100, 200, 300, 300), strict=True):
        session.measure(cell, TEN, time)
        session.count(cell, TEN, flow=1)
    assert summarize(study(session.end())) == (
        "4 of 4 cells ran, 24 timed samples, no failures. A winner in 3 of 4 comparisons "
        "(if nothing differed, about 1 table in 20 would show one by chance).\n"
        "\n"
        "Fastest Framework by World\n"
        "\n"
        "World     Fastest          Wins       Ties\n"
        "--------  ---------------  ---------  ------\n"
        "Local     Express          Express 1  0 of 1\n"
        "Postgres  no clear winner  0          1 of 1\n"
        "\n"
        "Fastest World by Framework\n"
        "\n"
        "Framework    Fastest    Wins     Ties\n"
        "-----------  ---------  -------  ------\n"
        "Express      Local      Local 1  0 of 1\n"
        "Hono         Local      Local 1  0 of 1\n"
        "\n"
        "Invocations for N sequential steps: N=10: 1 on v5\n"
    )


def test_several_lines_are_told_apart() -> None:
    session = Session([EXPRESS_V4, EXPRESS], [TEN])
    session.measure(EXPRESS_V4, TEN, 200)
    session.measure(EXPRESS, TEN, 100)
    text = summarize(study(session.end()))
    assert "Fastest Line by Framework and World" in text
    assert "Line    World    Fastest" in text


def test_first_failures_are_told_and_the_rest_counted() -> None:
    scenarios = [make_scenario(size) for size in range(1, 9)]
    session = Session([EXPRESS], scenarios)
    for scenario in scenarios:
        session.spoil(EXPRESS, scenario, "failed", "crashed\n" + "at length " * 50)
    failures = summarize(study(session.end())).split("Failures\n")[1].splitlines()
    assert len(failures) == 6
    assert failures[0].startswith("  v5/express/local sequential-1: 1 failed run: crashed at ")
    assert failures[-1] == "  and 3 more"


def test_failed_fork_is_told_once_for_all_its_scenarios() -> None:
    session = Session([EXPRESS], [make_scenario(size) for size in range(1, 9)])
    session.fail_fork(EXPRESS, "no build")
    assert summarize(study(session.end())).count("no build") == 1
    assert "  v5/express/local: 1 failed timing fork: no build\n" in summarize(study(session.end()))


def test_no_line_is_moved_by_control_characters() -> None:
    framework = make_framework("express", title="Ex\x1b[2Jpress\r\n")
    session = Session([EXPRESS, HONO], [TEN], frameworks=(framework, make_framework("hono")))
    session.measure(EXPRESS, TEN, 100)
    session.spoil(HONO, TEN, "failed", "\x1b[2J\x07gone")
    text = summarize(study(session.end()))
    assert not set(text) & set("\x1b\r\x07")
    assert "1 failed run: gone" in text


def test_nothing_at_all_has_a_summary() -> None:
    assert "0 of 1 cell ran" in summarize(study(Session([EXPRESS], [TEN]).end()))

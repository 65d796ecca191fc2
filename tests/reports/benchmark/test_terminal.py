"""One screen of a terminal holds the answer, in plain text."""

from __future__ import annotations

from reports.benchmark.findings import study
from reports.benchmark.overview import LEGEND
from reports.benchmark.terminal import summarize
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    FIFTY,
    HONO,
    HONO_POSTGRES,
    TEN,
    Session,
    make_framework,
    make_scenario,
)


def test_holds_the_answers_and_the_overview() -> None:
    session = Session([EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES], [TEN, FIFTY])
    for cell, time in zip(session.header.cells, (100, 200, 300, 300), strict=True):
        for scenario in (TEN, FIFTY):
            session.measure(cell, scenario, time)
            session.count(cell, scenario, flow=1)
    assert summarize(study(session.end())) == (
        "4 of 4 cells ran, 48 timed samples, no failures.\n"
        "\n"
        "Fastest World: Local is 2.12x faster than Postgres over both scenarios [2.04, 2.21]: "
        "faster in 2, slower in 0, no clear difference in 0.\n"
        "Fastest Framework: Express is 1.41x faster than Hono over both scenarios [1.36, 1.47]: "
        "faster in 2, slower in 0, no clear difference in 0. "
        "In sequential-10 and sequential-50, Express is faster than Hono except on Postgres.\n"
        "\n"
        "Scenario       Local    Postgres    Express    Hono\n"
        "-------------  -------  ----------  ---------  -------\n"
        "all scenarios  🥇        2.12x       🥇          1.41x\n"
        "sequential-10  🥇        2.12x 🔀     🥇          1.41x 🔀\n"
        "sequential-50  🥇        2.12x 🔀     🥇          1.41x 🔀\n"
        "\n"
        f"{LEGEND}\n"
        "\n"
        "Invocations for N sequential steps: N=10: 1, N=50: 1 on v5\n"
    )


def test_several_lines_are_told_apart() -> None:
    session = Session([EXPRESS_V4, EXPRESS], [TEN])
    session.measure(EXPRESS_V4, TEN, 200)
    session.measure(EXPRESS, TEN, 100)
    text = summarize(study(session.end()))
    assert "Fastest Line: v5 is 2.00x faster than v4 " in text
    assert "Scenario       v4     v5" in text


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

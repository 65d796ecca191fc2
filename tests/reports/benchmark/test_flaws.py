"""Every failure is told whole, once, with the command that shows it again."""

from __future__ import annotations

import shlex

import pytest

from harness.descriptions import Cell
from reports.benchmark.findings import Flaw, study
from reports.benchmark.flaws import count_flaws, render_failures
from tests.reports.factories import EXPRESS, FIFTY, HONO, TEN, Session, make_scenario


def render(session: Session) -> str:
    return render_failures(study(session.end()))


@pytest.fixture
def session() -> Session:
    session = Session([EXPRESS], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 100)
    session.measure(EXPRESS, FIFTY, 500)
    return session


def test_without_failures_there_is_no_section(session: Session) -> None:
    assert render(session) == ""


def test_reason_is_told_whole_with_its_lines(session: Session) -> None:
    reason = f"expected 45\n{'long ' * 100}| and `more`"
    session.spoil(EXPRESS, TEN, "incorrect", reason)
    assert reason in render(session)


def test_command_runs_that_cell_and_scenario_with_the_seed(session: Session) -> None:
    session.spoil(EXPRESS, TEN, "failed", "crashed")
    assert (
        "world-harness bench --line v5 --framework express --world local "
        "--scenario sequential-10 --seed 7\n"
    ) in render(session)


def test_command_survives_odd_names() -> None:
    cell = Cell("v5", "my framework", "it's; rm")
    session = Session([cell], [make_scenario(id="$(odd)")])
    session.take(cell, make_scenario(id="$(odd)"), outcome="failed", error="crashed")
    (command,) = [line for line in render(session).split("\n") if line.startswith("world-harness")]
    assert shlex.split(command)[4:9:2] == ["--framework", "--world", "--scenario"]
    assert shlex.split(command)[5:10:2] == ["my framework", "it's; rm", "$(odd)"]


def test_same_reason_is_told_once_and_counted(session: Session) -> None:
    for block in (1, 2, 3):
        session.spoil(EXPRESS, TEN, "timeout", "no end within 60 s", block=block)
    text = render(session)
    assert text.count("no end within 60 s") == 1
    assert "**v5 · Local · Express · workflow with 10 sequential steps: 3 of 9 timed out**" in text


def test_different_reasons_are_told_apart(session: Session) -> None:
    session.spoil(EXPRESS, TEN, "failed", "crashed")
    session.spoil(EXPRESS, TEN, "failed", "crashed")
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    text = render(session)
    assert "sequential steps: 1 of 9 wrong, 2 of 9 failed**" in text
    assert "1 incorrect answer:\n\n```text\nwrong\n```" in text
    assert "2 failed runs:\n\n```text\ncrashed\n```" in text


def test_failed_fork_is_told_once_for_all_its_scenarios(session: Session) -> None:
    session.fail_fork(EXPRESS, "the server died")
    text = render(session)
    assert text.count("the server died") == 1
    assert "**v5 · Local · Express: 1 failed timing fork**" in text
    assert "--world local --seed 7\n" in text


def test_failed_counting_fork_is_told_too(session: Session) -> None:
    session.fail_fork(EXPRESS, "no recorder", block=4, kind="counting")
    assert "1 failed counting fork" in render(session)


def test_cell_that_is_missing_whole_is_told_once() -> None:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 100)
    session.measure(EXPRESS, FIFTY, 500)
    text = render(session)
    assert text.count("no sample of it was taken") == 1
    assert "**v5 · Local · Hono: 2 missing results**" in text
    assert "--world local --seed 7\n" in text


def test_missing_scenario_is_named() -> None:
    session = Session([EXPRESS], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 100)
    text = render(session)
    assert "workflow with 50 sequential steps: 1 missing result**" in text
    assert "--scenario sequential-50 --seed 7\n" in text


def test_reason_cannot_close_its_block(session: Session) -> None:
    session.spoil(EXPRESS, TEN, "failed", "```\n## Summary\n```")
    text = render(session)
    assert "````text\n```\n## Summary\n```\n````" in text


def test_flaws_are_counted_gravest_first() -> None:
    flaws = [Flaw("timeout", "a", 2), Flaw("incorrect", "b", 1), Flaw("timeout", "c", 1)]
    assert count_flaws(flaws) == "1 incorrect answer, 3 timeouts"
    assert count_flaws([]) == ""

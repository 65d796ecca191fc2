"""The end of long runs is compared with their beginning, within each run."""

from __future__ import annotations

import pytest

from harness.descriptions import Scenario
from harness.results.records import BenchResults, StepTimes
from reports.benchmark.findings import study
from reports.benchmark.growth import TITLE, render_growth
from reports.benchmark.pace import PaceAnswer, answer_question, render_pace
from tests.reports.factories import EXPRESS, HONO, Session, make_scenario

SHORT = make_scenario(50)
LONG = make_scenario(100)
LONGER = make_scenario(200)
FAN_OUT = make_scenario(100, "concurrent")


def steps(number: int, slowdown: float = 1.0) -> tuple[StepTimes, ...]:
    """Steps of 2 ms each; those of the last tenth take `slowdown` times as long."""
    entries = [0.0]
    for index in range(1, number):
        late = index >= number - number // 10
        entries.append(entries[-1] + 2 * (slowdown if late else 1.0))
    return tuple(StepTimes(at, at, "a") for at in entries)


def take(session: Session, *slowdowns: float, scenario: Scenario = LONG, size: int = 100) -> None:
    for block, slowdown in enumerate(slowdowns, 1):
        session.take(EXPRESS, scenario, block=block, steps=steps(size, slowdown))


def only(results: BenchResults) -> PaceAnswer:
    (answer,) = answer_question(study(results))
    return answer


def test_step_that_takes_longer_at_the_end_costs_more() -> None:
    session = Session([EXPRESS], [LONG])
    take(session, 3.0, 3.1, 3.2)
    answer = only(session.end())
    assert answer.verdict == "yes"
    assert answer.ratio.center == pytest.approx(3.1)
    assert answer.first_ms == pytest.approx(2.0)
    assert answer.last_ms == pytest.approx(6.2)


def test_step_that_takes_as_long_at_the_end_does_not_cost_more() -> None:
    session = Session([EXPRESS], [LONG])
    take(session, 1.0, 1.01, 0.99)
    assert only(session.end()).verdict == "no"


def test_forks_that_disagree_leave_it_open() -> None:
    session = Session([EXPRESS], [LONG])
    take(session, 0.9, 1.2, 3.0)
    assert only(session.end()).verdict == "not certain"


def test_one_fork_leaves_it_open_whatever_it_shows() -> None:
    session = Session([EXPRESS], [LONG])
    take(session, 9.0)
    assert only(session.end()).verdict == "not certain"


def test_longest_runs_answer() -> None:
    session = Session([EXPRESS], [LONG, LONGER])
    take(session, 1.0, 1.0, 1.0)
    take(session, 2.0, 2.0, 2.0, scenario=LONGER, size=200)
    answer = only(session.end())
    assert (answer.steps, answer.verdict) == (200, "yes")


def test_longest_runs_that_failed_leave_the_answer_to_the_next() -> None:
    session = Session([EXPRESS], [LONG, LONGER])
    take(session, 1.0, 1.0, 1.0)
    session.spoil(EXPRESS, LONGER, "timeout", "no end within 300000 ms")
    assert only(session.end()).steps == 100


@pytest.mark.parametrize("scenario", [SHORT, FAN_OUT])
def test_short_runs_and_fan_outs_answer_nothing(scenario: Scenario) -> None:
    session = Session([EXPRESS], [scenario])
    take(session, 3.0, 3.0, 3.0, scenario=scenario, size=50 if scenario is SHORT else 100)
    assert render_pace(study(session.end())) == ""


def test_cell_of_several_processes_answers_nothing() -> None:
    session = Session([EXPRESS], [LONG])
    session.take(EXPRESS, LONG, steps=steps(100, 3.0), partial=True)
    assert answer_question(study(session.end())) == ()


def test_growth_says_it_in_one_sentence_per_cell() -> None:
    session = Session([EXPRESS, HONO], [LONG])
    take(session, 3.0, 3.1, 3.2)
    text = render_growth(study(session.end()))
    assert text.startswith(f"### {TITLE}\n\n**Does a step cost more, the longer the run?**")
    (sentence,) = [line for line in text.splitlines() if line.startswith("- ")]
    assert sentence == (
        "- Local, Express, sequential: **yes**. In a run of 100 steps, each of the last 10 takes "
        "3.10 [3.00, 3.20] times as long as each of the first 10 (6.2 ms against 2 ms; 3 runs in "
        "3 forks)."
    )

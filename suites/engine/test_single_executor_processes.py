"""Single executor, in two processes: what both of them have executed is completed once."""

from __future__ import annotations

import pytest

from suites.engine.cases import Cases
from suites.engine.completions import Completions, Simultaneous
from suites.engine.stage import Stage
from suites.engine.trials import ask_routes


@pytest.mark.engine("ENG-COMPLETED-ONCE", cost=12)
def test_two_processes_complete_a_step_once(stage: Stage, cases: Cases) -> None:
    found = Completions()
    with stage.second_process() as second:
        ask_routes(second)
        given = [Simultaneous(steps=steps) for steps in (4, 6, 8)]
        try:
            cases.run(given, lambda case: found.count((stage, second), case), together=1)
        finally:
            cases.answer("completed twice", found.describe())

"""Retry inflation, without any fault: replays that meet at a fan-in queue the next step each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from suites.engine.cases import Cases
from suites.engine.fan_ins import FanIn, draw_fan_ins, play_fan_in
from suites.engine.stage import Stage

#: The Python SDK's LocalWorld is to tell messages apart as its own queue does; nothing else asks.
OWN_KEYS = {"WORLD_HARNESS_LOCAL_KEYS": "own"}


@pytest.mark.engine("ENG-INFLATION-FAN-IN", cost=10)
def test_replays_that_meet_at_a_fan_in_do_not_give_the_next_step_up(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    with open_own(env=OWN_KEYS) as stage:
        cases.explore(
            FanIn, draw_fan_ins(), lambda case: play_fan_in(stage, case), examples=0.5, together=1
        )

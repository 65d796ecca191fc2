"""Crash recovery, of the World's server: it is killed, and comes back with what it had written."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest

from suites.engine.cases import Cases
from suites.engine.restarts import LEASE, Outage, judge_after
from suites.engine.stage import Stage
from suites.engine.violations import Inconclusive

#: One step after the other, and all at once.
_SHAPES: tuple[Any, ...] = (
    {"seq": [{"step": f"turn-{index}", "ms": 500} for index in range(6)]},
    {"all": [{"step": f"crowd-{index}", "ms": 2_000} for index in range(6)]},
)
_OUTAGE = Outage(what="its server was killed and had come back", within_s=25.0)


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is killed while its runs are under way."""

    after_ms: int


@pytest.mark.engine("ENG-SERVER-CRASH", cost=30)
def test_runs_outlive_a_crash_of_their_server(
    open_alone: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    def play(case: Crash) -> None:
        with open_alone(env=LEASE) as stage:
            runs = [stage.program(shape) for shape in _SHAPES]
            time.sleep(case.after_ms / 1000)
            if any(run.status().status != "running" for run in runs):
                raise Inconclusive("a run ended before its server was killed")
            stage.crash_servers()
            for run in runs:
                judge_after(_OUTAGE, stage, run, cases)

    cases.run([Crash(after_ms=300)], play)

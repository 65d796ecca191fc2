"""Steps that end together, the one that follows them, and no fault at all."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from suites.engine.stage import Stage
from suites.engine.trials import SUBJECT, judge_trial

#: How often the last step may fail; it never does.
_RETRIES = 3


class FanIn(msgspec.Struct, frozen=True, kw_only=True):
    """Steps at the same time, and the one that follows them all; nothing is done to them."""

    width: int
    ms: int
    last_ms: int


def draw_fan_ins() -> st.SearchStrategy[FanIn]:
    """Draw cases. The last step takes longer than the replays of the others are apart."""
    return st.builds(
        FanIn,
        width=st.sampled_from([10, 25, 50]),
        ms=st.sampled_from([100, 20]),
        last_ms=st.sampled_from([1_000, 300]),
    )


def play_fan_in(stage: Stage, case: FanIn) -> None:
    """Let steps end together: none of them fails, and the one after them is not given up."""
    steps = [{"step": f"s{number}", "ms": case.ms} for number in range(case.width)]
    last = {"step": SUBJECT, "ms": case.last_ms, "retries": _RETRIES}
    run = stage.program({"seq": [{"all": steps}, last]})
    judge_trial(run, run.await_end(), _RETRIES)

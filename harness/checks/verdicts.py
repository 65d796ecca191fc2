"""The verdict on a session of checks, whatever it examines."""

from __future__ import annotations

from typing import Literal, TypeAlias

FinalVerdict: TypeAlias = Literal["passed", "failed", "inconclusive"]


def decide_session(*, failed: bool, undecided: bool) -> FinalVerdict:
    """Decide a session: a failure weighs more than what is not decided."""
    if failed:
        return "failed"
    return "inconclusive" if undecided else "passed"

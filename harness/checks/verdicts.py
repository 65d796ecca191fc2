"""Decides a session of checks, for every suite."""

from __future__ import annotations

from typing import Literal, TypeAlias

FinalVerdict: TypeAlias = Literal["passed", "failed", "inconclusive"]


def decide_session(*, failed: bool, undecided: bool) -> FinalVerdict:
    """Decide a session: a failure outweighs an undecided check."""
    if failed:
        return "failed"
    return "inconclusive" if undecided else "passed"

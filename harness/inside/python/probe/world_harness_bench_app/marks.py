"""Marks that steps leave: when their bodies ran, and in which invocation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from vercel.workflow import get_step_metadata

from .probe import probe


@contextlib.contextmanager
def marked() -> Iterator[None]:
    """Mark a step's body, for which this stands around it."""
    step = get_step_metadata()
    with probe.in_step(step.run_id, step.step_id, step.attempt):
        yield

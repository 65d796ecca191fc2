"""Which clause a check decides, and in which forms it runs."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., Any])

ALONE = "alone"
TOGETHER = "16 together"
PROCESSES = "4 processes"
CRASH = "crash"

#: Form -> how many processes the arena has.
PROCESSES_OF = {ALONE: 1, TOGETHER: 1, PROCESSES: 4, CRASH: 1}


def decides(clause: str, *forms: str, cost: float = 1) -> Callable[[F], F]:
    """Say which clause a check decides.

    Args:
        clause: The clause's id.
        forms: How it runs; `ALONE` by default. `RACING` is both forms of a race.
        cost: Roughly how many seconds it takes; long ones are started first.
    """

    def mark(check: F) -> F:
        parameters = [_group(form, clause) for form in forms or (ALONE,)]
        marked: F = pytest.mark.clause(clause, cost=cost)(
            pytest.mark.parametrize("form", parameters)(check)
        )
        return marked

    return mark


RACING = (TOGETHER, PROCESSES)

#: How many workers hold several processes: each that does has to start them all.
_GROUPS = 3


def _group(form: str, clause: str) -> Any:
    if form != PROCESSES:
        return form
    number = zlib.crc32(clause.encode()) % _GROUPS
    return pytest.param(form, marks=pytest.mark.xdist_group(f"processes-{number}"), id=form)

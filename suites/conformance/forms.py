"""Which clause a check decides, and in which forms it runs."""

from __future__ import annotations

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
        marked: F = pytest.mark.clause(clause, cost=cost)(
            pytest.mark.parametrize("form", forms or (ALONE,))(check)
        )
        return marked

    return mark


RACING = (TOGETHER, PROCESSES)

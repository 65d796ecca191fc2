"""Waiting until a server answers."""

from __future__ import annotations

import time
from collections.abc import Callable

_PAUSE_S = 0.02


def await_answer(
    answers: Callable[[], bool], *, within_s: float, dead: Callable[[], bool] = lambda: False
) -> bool:
    """Wait for a server's first answer; return whether it came in time and the server lives.

    Args:
        answers: Asks the server once.
        within_s: How long the server may take.
        dead: Whether the server has already ended.
    """
    deadline = time.monotonic() + within_s
    while not dead() and time.monotonic() < deadline:
        if answers():
            # Another program on the same port can answer too: check that our server is alive.
            return not dead()
        time.sleep(_PAUSE_S)
    return False

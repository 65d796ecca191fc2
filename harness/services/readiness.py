"""Waiting until a server answers."""

from __future__ import annotations

import time
from collections.abc import Callable

_PAUSE_S = 0.02


def await_answer(
    answers: Callable[[], bool], *, within_s: float, dead: Callable[[], bool] = lambda: False
) -> bool:
    """Wait for a server's first answer; tell whether it came before its death and in time.

    Args:
        answers: Asks the server once.
        within_s: How long the server may take.
        dead: Whether there is no server anymore to wait for.
    """
    deadline = time.monotonic() + within_s
    while not dead() and time.monotonic() < deadline:
        if answers():
            # A stranger on the same port answers as well: only a server that lives is ours.
            return not dead()
        time.sleep(_PAUSE_S)
    return False

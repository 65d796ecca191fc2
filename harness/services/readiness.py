"""Whether a server answers, and waiting until it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import ServiceError

#: Given a server's URL: asks it for a sign of life. A ServiceError says why there is none.
Probe = Callable[[str], object]

_PAUSE_S = 0.02


def answers(probe: Probe, url: str) -> bool:
    """Tell whether a server lets us in by now."""
    try:
        probe(url)
    except ServiceError:
        return False
    return True


def describe_silence(probe: Probe, url: str) -> str:
    """Say why a server that was waited for does not let us in."""
    try:
        probe(url)
    except ServiceError as error:
        return error.cause
    return "it answered only after the time was up"


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

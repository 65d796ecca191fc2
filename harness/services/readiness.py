"""Check whether a server answers, and wait until it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import ServiceError

#: Checks that the server at a URL answers; raises ServiceError with the reason if it does not.
Probe = Callable[[str], object]

_PAUSE_S = 0.02


def answers(probe: Probe, url: str) -> bool:
    """Return whether a server accepts connections."""
    try:
        probe(url)
    except ServiceError:
        return False
    return True


def describe_silence(probe: Probe, url: str) -> str:
    """Explain why a server did not accept connections in time."""
    try:
        probe(url)
    except ServiceError as error:
        return error.cause
    return "it answered only after the time limit"


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

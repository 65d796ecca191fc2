"""Ctrl-C and its like, held back where they would leave something behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

#: What asks the harness to end.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """The user, or the system, wants us to end."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


def end_by_unwinding() -> None:
    """Let what asks this process to end raise :class:`Interrupted`, so that all is cleaned up.

    For programs, before they start anything. A hang-up is ignored where it was (`nohup`).
    """
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End by unwinding; a second signal must not cut the cleaning up short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


@contextlib.contextmanager
def hold_signals() -> Iterator[None]:
    """Let the block come to its end; a signal that came meanwhile takes effect after it.

    For blocks that nothing could clean up after: between a process's birth and its entry in our
    books, or in the middle of the cleaning up itself. Keep them short.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals reach the main thread only.
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    # Not a mask: a child would inherit it, whereas handlers end with its exec.
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda which, frame: came.append(which))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for which in came:
            signal.raise_signal(which)

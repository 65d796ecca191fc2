"""Ctrl-C and similar signals: delayed where they would leave something behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

#: The signals that ask the harness to end.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """The user, or the system, asked the harness to end."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


def end_by_unwinding() -> None:
    """Make the signals that ask this process to end raise :class:`Interrupted`.

    So every block cleans up. Programs call this before they start anything. SIGHUP stays ignored
    if it was (`nohup`).
    """
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Raise `Interrupted`, and ignore a second signal, which would cut the clean-up short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


@contextlib.contextmanager
def hold_signals() -> Iterator[None]:
    """Delay signals until the end of the block.

    For blocks whose interruption would leave something behind: between the start of a process and
    the moment it is registered, or during the clean-up itself. Keep them short.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread receives signals.
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    # Not a signal mask: a child process would inherit it, but exec resets handlers.
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

"""Cleaning up is not interrupted: who presses Ctrl-C twice leaves no server behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def deferring_interrupts() -> Iterator[None]:
    """Let interrupts wait for the end of the block, and deliver the first of them then.

    For blocks that end soon by themselves. A signal for which there is no handler has its effect at
    once. In a thread other than the main one there is nothing to defer: it gets no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {name: signal.getsignal(name) for name in _INTERRUPTS}
    handled = {name: handler for name, handler in handlers.items() if callable(handler)}
    for name in handled:
        signal.signal(name, lambda number, _: waiting.append(number))
    try:
        yield
    finally:
        for name, handler in handled.items():
            signal.signal(name, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)

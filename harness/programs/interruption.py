"""Ctrl-C and its like, held back where they would leave something behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

#: What asks the harness to end.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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

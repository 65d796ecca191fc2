"""To wait for what happens by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Far more than anything here takes: a test that waits longer hangs.
HANGS_S = 45.0


def wait_until(condition: Callable[[], bool]) -> bool:
    """Ask again and again; tell whether the condition came true."""
    deadline = time.monotonic() + HANGS_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()

"""The command line, run in this process instead of a separate one."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from harness.cli import main
from harness.programs.interruption import SIGNALS


class Done(NamedTuple):
    """What a command left for its user to see."""

    code: int
    out: str
    err: str


def run(*words: str | Path) -> Done:
    """Run `world-harness` with these words."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        with (
            patch.object(sys, "argv", ["world-harness", *map(str, words)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Done(int(ended.value.code or 0), _read(out), _read(err))


def _read(stream: io.TextIOWrapper) -> str:
    """Return all that was written; some commands write bytes, as they may to a real stream."""
    stream.seek(0)
    return stream.read()

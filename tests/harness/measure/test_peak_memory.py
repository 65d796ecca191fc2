"""The peak of memory is a process's own, not that of its parent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.measure.session import peak_memory


@pytest.mark.slow
def test_a_large_parent_does_not_count() -> None:
    ballast = bytearray(400 * 2**20)
    ballast[:: 2**12] = b"x" * len(ballast[:: 2**12])
    code = "from harness.measure.session import peak_memory; print(peak_memory())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert peak_memory() > len(ballast)
    assert 2**20 < int(told.stdout) < len(ballast)

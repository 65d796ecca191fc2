"""The command line of the tests of the benchmark's reliability."""

from __future__ import annotations

import gzip
import signal
import sys
from pathlib import Path

import pytest

from harness.exit_codes import ExitCode
from suites.honesty import __main__ as command
from tests import RESULTS

EXAMPLE = RESULTS / "quick.jsonl"


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["honesty", *words])
    return command.main()


def test_a_signal_ends_the_command_and_cleans_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned = []

    def work(tries: int, seed: int) -> list[object]:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append(True)
        return []

    monkeypatch.setattr(command, "try_made_up", work)
    assert call(monkeypatch, "made-up") == 143
    assert cleaned
    assert "nothing is left running" in capsys.readouterr().err


def test_a_recording_with_too_few_blocks_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "try", str(EXAMPLE), "--minutes", "600") == 3
    assert "record more blocks" in capsys.readouterr().err


def test_a_file_that_is_not_a_recording_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"nothing"))
    assert call(monkeypatch, "try", str(path)) == ExitCode.USAGE
    assert "what to do" in capsys.readouterr().err

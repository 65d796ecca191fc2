"""`nox -s perf` refuses what it does not know, and measures whole commands more than once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from suites.performance.__main__ import PARTS, read_words
from suites.performance.commands import time_command
from suites.performance.merging import time_merge
from suites.performance.rendering import time_comment
from suites.performance.repeating import spread

pytestmark = pytest.mark.slow


def test_an_unknown_part_is_refused_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_words(["merging"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "merging" in said
    assert all(part in said for part in PARTS)


@pytest.mark.parametrize("words", [[], ["merge"], ["merge", "adapter"], ["all"]])
def test_the_named_parts_are_measured_or_all_by_default(words: list[str]) -> None:
    parts, _ = read_words(words)
    assert {*parts} == ({*words} & {*PARTS} or {*PARTS})


def test_a_spread_shows_median_smallest_and_largest() -> None:
    assert spread([3.0, 1.0, 2.5]).describe(".1f", "s") == "2.5 s (median of 3, 1.0 to 3.0)"
    assert spread([4e6]).describe(".0f", "MB", 1e6) == "4 MB (median of 1, 4 to 4)"


def test_time_command_measures_wall_time_and_peak_memory_of_the_command() -> None:
    ballast = bytes(range(256)) * (600 * 2**12)
    held = "import time; kept = b'x' * (80 * 2**20); time.sleep(0.2); raise SystemExit(3)"
    spent = time_command(sys.executable, "-I", "-S", "-c", held)
    assert spent.code == 3
    assert spent.seconds >= 0.2
    # Its own, and not what this process holds.
    assert 80 * 2**20 <= spent.memory_bytes < len(ballast)


def test_time_merge_runs_the_merge_command_repeatedly(tmp_path: Path) -> None:
    merged = time_merge(tmp_path, files=3, samples=40, repeats=2)
    assert merged.seconds.number == merged.memory_bytes.number == 2
    assert merged.seconds.smallest <= merged.seconds.middle <= merged.seconds.largest
    assert merged.memory_bytes.smallest > 2**20
    assert merged.file_bytes == sum(path.stat().st_size for path in tmp_path.glob("[123].jsonl"))


def test_time_comment_renders_repeatedly() -> None:
    assert time_comment(2, 2, 2, repeats=2).seconds.number == 2

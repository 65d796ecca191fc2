"""Whether neighbors change times is decided by the code that decides everything else."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from suites.honesty.neighbors import ALONE, TURNS, Times, compare_ways, write_times
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, HONO, HONO_POSTGRES

CELLS = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES]


def measure(slower: float) -> Times:
    """Measure blocks of which all cells are slow or fast together; Postgres suffers in turns."""
    random_ = random.Random(2)
    times: Times = {ALONE: {}, TURNS: {}}
    for block in range(1, 7):
        for way, places in times.items():
            for cell in CELLS:
                factor = slower if way == TURNS and cell.world == "postgres" else 1.0
                for scenario in ("a", "b", "c"):
                    time = 100 * factor * math.exp(random_.gauss(0, 0.02))
                    places.setdefault((cell, scenario), {})[block] = [time]
    return times


def test_neighbors_that_change_nothing_are_no_difference() -> None:
    found = compare_ways(measure(1.0))
    assert [item.world for item in found] == ["local", "postgres"]
    assert not any(item.judgment.called for item in found)
    assert {item.blocks for item in found} == {6}


def test_neighbors_that_slow_a_world_are_seen() -> None:
    local, postgres = compare_ways(measure(1.1))
    assert not local.judgment.called
    assert postgres.judgment.called
    assert math.exp(postgres.judgment.center) == pytest.approx(1.1, rel=0.02)


def test_every_time_is_written(tmp_path: Path) -> None:
    path = tmp_path / "times.jsonl"
    write_times(measure(1.0), path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 2 * len(CELLS) * 3 * 6
    assert lines[0] == {
        "way": ALONE,
        "cell": "v5/express/local",
        "scenario": "a",
        "block": 1,
        "ms": lines[0]["ms"],
    }

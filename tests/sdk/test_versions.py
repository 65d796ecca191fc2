"""Two versions of one World, measured side by side on the real SDK, as a user asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.measure.statistics import BLOCKS_TO_CALL
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from tests.harness.cli import command_line

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("v5")]

PACKAGE, OTHER = "@workflow/world-local", "5.0.0-beta.33"


def test_two_pins_are_compared_in_one_session(tmp_path: Path) -> None:
    done = command_line.run(
        *("bench", "--profile", "smoke", "--line", "v5", "--framework", "express"),
        *("--world", "local", "--scenario", "no-steps,one-step", "--forks", str(BLOCKS_TO_CALL)),
        *("--against", f"{PACKAGE}@{OTHER}", "--seed", "7", "--out", tmp_path),
    )
    assert done.code == 0, done.err
    (path,) = tmp_path.glob("*.jsonl")
    results = read_results_as(path, BenchResults)
    before = next(world for world in results.header.worlds if world.id == "local-before")
    assert before.instead == {PACKAGE: OTHER}
    assert {sample.outcome for sample in results.samples} == {"correct"}

    report = command_line.run("report", path, "--format", "json")
    changes = json.loads(report.out)["benchmark"]["changes"]
    assert changes["interleaved"]
    assert changes["before"]["title"] == f"{PACKAGE}@{OTHER}"
    rows = {row["scenario"]: row for row in changes["rows"]}
    assert rows.keys() == {"no-steps", "one-step"}
    for row in rows.values():
        assert row["cell"] == {
            "line": "v5",
            "framework": "express",
            "world": "local",
            "mode": "production",
        }
        assert row["direction"] in {"regression", "improvement", "no difference"}
        assert row["ratio"]["forks"] == BLOCKS_TO_CALL
        assert row["floor"] > 0

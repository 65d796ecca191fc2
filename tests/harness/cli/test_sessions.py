"""Sessions through the command line, from asking to comparing, on apps that take milliseconds."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from harness.descriptions import Catalog
from harness.measure.changes import Changes
from harness.measure.machines import SESSIONS_TO_KNOW_DRIFT, remember
from harness.measure.statistics import BLOCKS_TO_CALL
from harness.results import files
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from harness.workspaces import install
from reports.benchmark import findings
from reports.benchmark.findings import study
from reports.benchmark.remembered import summarize_session
from reports.load import study as load_study
from suites import catalog
from tests.harness.cli import command_line
from tests.harness.cli.command_line import Done
from tests.harness.deployments import tiny_bench

pytestmark = pytest.mark.slow

PACKAGE = "tiny-world"
OPTIONS = ("--line", "tiny", "--framework", "tiny", "--scenario", "good", "--seed", "7")


def describe() -> Catalog:
    """Return the tiny catalog with two Worlds, each a package."""
    world = msgspec.structs.replace(
        tiny_bench.CATALOG.worlds["tiny"], packages={"tiny": {PACKAGE: "1.0.0"}}, entry=PACKAGE
    )
    other = msgspec.structs.replace(world, id="other", title="Other")
    return tiny_bench.CATALOG.with_worlds({"tiny": world, "other": other})


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "run_npm", lambda *asked: None)
    monkeypatch.setattr(catalog, "read_catalog", describe)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


def bench(out: Path, *more: str, world: str = "tiny") -> Done:
    words = ("bench", "--profile", "smoke", *OPTIONS, "--world", world, *more)
    return command_line.run(*words, "--out", out)


def measure(out: Path, *more: str, world: str = "tiny") -> Path:
    """Measure, and return the result file."""
    done = bench(out, *more, world=world)
    assert done.code == 0, done.err
    (path,) = out.glob("*.jsonl")
    return path


def list_timed(results: BenchResults) -> list[str]:
    return [end.fork for end in results.forks if end.kind == "timing"]


def count_calls(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[str]:
    """Return a list that grows by one each time when a function is called."""
    calls: list[str] = []
    function = getattr(module, name)

    def call(*args: object) -> object:
        calls.append(name)
        return function(*args)

    monkeypatch.setattr(module, name, call)
    return calls


@pytest.mark.parametrize("words", [("bench",), ("load", "--rate", "20/s", "--for", "1s")])
def test_a_file_is_read_once_and_studied_once(
    out: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(out.with_name("summary.md")))
    reads = count_calls(monkeypatch, files, "read_lines")
    studies = count_calls(monkeypatch, findings, "plan_forks")
    summaries = count_calls(monkeypatch, load_study, "summarize_session")
    done = command_line.run(*words, *OPTIONS, "--world", "tiny", "--out", out)
    assert done.code in {0, 2}, done.err
    assert len(reads) == 1
    assert len(studies) + len(summaries) == 1


class TestAgainst:
    def test_two_versions_are_measured_side_by_side_and_the_rows_say_what_changed(
        self, out: Path
    ) -> None:
        path = measure(out, "--against", f"{PACKAGE}@0.9.0", "--forks", str(BLOCKS_TO_CALL))
        report = command_line.run("report", path, "--format", "json")
        changes = json.loads(report.out)["benchmark"]["changes"]
        assert changes["interleaved"]
        assert changes["before"]["title"] == f"{PACKAGE}@0.9.0"
        (row,) = changes["rows"]
        assert (row["cell"]["world"], row["scenario"]) == ("tiny", "good")
        # Every run of a tiny app says the same times.
        assert (row["direction"], row["ratio"]["center"]) == ("no difference", 1.0)

    def test_what_nothing_uses_is_refused_before_anything_is_measured(self, out: Path) -> None:
        done = bench(out, "--against", "left-pad@1.0.0")
        assert done.code == 3
        assert "no cell uses left-pad" in done.err
        assert "what to do" in done.err
        assert not out.exists()


class TestPrecision:
    def test_forks_are_added_until_intervals_are_narrow(self, out: Path) -> None:
        results = read_results_as(measure(out, "--precision", "3%", "--forks", "1"), BenchResults)
        assert results.footer is not None
        assert results.footer.stopped == "precision"
        assert len(list_timed(results)) == 3
        assert "--precision 3% " in results.header.command
        assert results.header.budget_s == 600

    def test_budget_ends_it(self, out: Path) -> None:
        results = read_results_as(
            measure(out, "--precision", "3%", "--budget", "0.0001s", "--forks", "1"), BenchResults
        )
        assert results.footer is not None
        assert results.footer.stopped == "budget"
        assert len(list_timed(results)) == 1

    def test_budget_alone_adds_blocks_while_a_comparison_is_open(self, out: Path) -> None:
        """Here there is one cell, so there is nothing to compare."""
        results = read_results_as(measure(out, "--budget", "60s"), BenchResults)
        assert results.footer is not None
        assert results.footer.stopped == "precision"


class TestComparing:
    def test_two_sessions_are_compared_but_nothing_is_called(self, out: Path) -> None:
        one, other = (measure(out / name) for name in ("one", "other"))
        done = command_line.run("compare", one, other)
        assert done.code == 2
        assert "nothing is called" in done.out
        told = msgspec.json.decode(
            command_line.run("compare", one, other, "--json").out, type=Changes
        )
        assert not told.interleaved
        assert [row.direction for row in told.rows] == ["not compared"]
        assert [row.ratio.center for row in told.rows if row.ratio] == [1.0]

    def test_once_drift_is_known_rows_are_judged(self, out: Path) -> None:
        one, other = (measure(out / name) for name in ("one", "other"))
        results = read_results_as(one, BenchResults)
        memory = summarize_session(study(results))
        for number in range(SESSIONS_TO_KNOW_DRIFT):
            began = f"2026-01-0{number + 1}T00:00:00+00:00"
            remember(results.header.machine, msgspec.structs.replace(memory, started_at=began))
        done = command_line.run("compare", one, other, "--json")
        assert done.code == 0, done.err
        told = msgspec.json.decode(done.out, type=Changes)
        assert [row.direction for row in told.rows] == ["no difference"]

    def test_sessions_of_other_scenarios_or_cells_are_refused(self, out: Path) -> None:
        one = measure(out / "one")
        other = measure(out / "other", world="other")
        done = command_line.run("compare", one, other)
        assert done.code == 2
        assert "no cell in common" in done.out


class TestSpreading:
    def list_jobs(self) -> Sequence[dict[str, str]]:
        asked = ("--profile", "smoke", *OPTIONS, "--world", "tiny,other", "--shards", "2")
        done = command_line.run("matrix", *asked, "--json")
        assert done.code == 0, done.err
        jobs: list[dict[str, str]] = json.loads(done.out)["include"]
        return jobs

    def test_matrix_says_what_each_machine_does_and_merge_puts_it_together(self, out: Path) -> None:
        jobs = self.list_jobs()
        assert {job["name"].partition(": ")[0] for job in jobs} == {"1/2", "2/2"}
        for number, job in enumerate(jobs):
            done = command_line.run(*shlex.split(job["arguments"]), "--out", out / str(number))
            assert done.code == 0, done.err
        shards = sorted(out.glob("*/*.jsonl"))
        merged = out / "merged.jsonl"
        done = command_line.run("merge", merged, *shards)
        assert done.code == 0, done.err
        assert "2 of 2 shards: 2 cells" in done.out
        assert merged.with_suffix(".md").exists()
        whole, parts = (
            read_results_as(merged, BenchResults),
            [read_results_as(path, BenchResults) for path in shards],
        )
        assert {cell.world for cell in whole.header.cells} == {"tiny", "other"}
        assert len(whole.samples) == sum(len(part.samples) for part in parts)
        assert whole.footer is not None

    def test_merge_without_one_of_the_shards_says_so(self, out: Path) -> None:
        shard = measure(out, "--shard", "1/2", world="tiny,other")
        done = command_line.run("merge", out / "merged.jsonl", shard)
        assert done.code == 2
        assert "1 of 2 shards" in done.out

"""`--mode` through the command line: measured, resumed, spread, merged; on tiny apps."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import msgspec
import pytest

from harness.descriptions import Catalog
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from harness.workspaces import install
from suites import catalog
from tests.harness.cli import command_line
from tests.harness.deployments import tiny_bench
from tests.reports.reading import read_table

pytestmark = pytest.mark.slow

OPTIONS = ("--line", "tiny", "--framework", "tiny", "--scenario", "good", "--seed", "7")
BOTH = ("--mode", "production,development")
IDS = ["tiny/tiny/tiny", "tiny/tiny/tiny/development"]


def describe() -> Catalog:
    """Return the tiny catalog, with a dev server and a second World."""
    tiny = tiny_bench.CATALOG.frameworks["tiny"]
    world = tiny_bench.CATALOG.worlds["tiny"]
    developed = msgspec.structs.replace(tiny, dev=tiny.start)
    return msgspec.structs.replace(
        tiny_bench.CATALOG,
        frameworks={"tiny": developed, "bare": msgspec.structs.replace(tiny, id="bare")},
        worlds={
            "tiny": world,
            "other": msgspec.structs.replace(world, id="other", title="Other"),
        },
    )


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "run_npm", lambda *asked: None)
    monkeypatch.setattr(catalog, "read_catalog", describe)
    return tmp_path / "results"


def measure(out: Path, *more: str, world: str = "tiny") -> Path:
    """Measure, and return the result file."""
    words = ("bench", "--profile", "smoke", *OPTIONS, "--world", world, *more)
    done = command_line.run(*words, "--out", out)
    assert done.code == 0, done.err
    (path,) = out.glob("*.jsonl")
    return path


def list_cells(path: Path) -> list[str]:
    return [cell.id for cell in read_results_as(path, BenchResults).header.cells]


def test_both_modes_are_measured_in_one_session_each_in_its_section(out: Path) -> None:
    path = measure(out, *BOTH)
    results = read_results_as(path, BenchResults)
    assert [cell.id for cell in results.header.cells] == IDS
    assert {sample.cell.id for sample in results.samples} >= {*IDS}
    assert "--mode production --mode development" in results.header.command
    report = path.with_suffix(".md").read_text()
    for section in ("#### 💻 Tiny Development", "#### Tiny"):
        (row,) = read_table(report, section)
        assert row["Framework"] == "Tiny"


def test_mode_is_production_by_default(out: Path) -> None:
    path = measure(out)
    assert list_cells(path) == ["tiny/tiny/tiny"]
    assert "--mode" not in read_results_as(path, BenchResults).header.command
    assert "Development" not in path.with_suffix(".md").read_text()


def test_cell_without_a_dev_server_is_skipped_with_the_reason(out: Path) -> None:
    named = ("--world", "tiny", "--framework", "bare")
    done = command_line.run("bench", "--profile", "smoke", *OPTIONS, *named, *BOTH, "--out", out)
    assert done.code == 0, done.err
    assert "skipping tiny/bare/tiny/development: bare has no dev server" in done.err


def test_unknown_mode_is_refused_with_the_closest(out: Path) -> None:
    done = command_line.run("bench", "--mode", "developmnt", "--out", out)
    assert done.code == 3
    assert "no mode is called 'developmnt'" in done.err
    assert "did you mean development" in done.err
    assert not out.exists()


def test_interrupted_session_is_continued_in_both_modes(out: Path) -> None:
    path = measure(out, *BOTH)
    lines = path.read_bytes().splitlines(keepends=True)
    ends = [place for place, line in enumerate(lines) if b'"record":"fork"' in line]
    path.write_bytes(b"".join(lines[: ends[0] + 1]))
    done = command_line.run("bench", "--resume", path)
    assert done.code == 0, done.err
    results = read_results_as(path, BenchResults)
    assert results.footer is not None
    assert {end.cell.id for end in results.forks} >= {*IDS}


def test_shards_are_merged_with_their_modes(out: Path) -> None:
    asked = ("--profile", "smoke", *OPTIONS, "--world", "tiny,other", *BOTH, "--shards", "2")
    done = command_line.run("matrix", *asked, "--json")
    jobs = json.loads(done.out)["include"]
    assert all("--mode production --mode development" in job["arguments"] for job in jobs)
    for number, job in enumerate(jobs):
        done = command_line.run(*shlex.split(job["arguments"]), "--out", out / str(number))
        assert done.code == 0, done.err
    merged = out / "merged.jsonl"
    done = command_line.run("merge", merged, *sorted(out.glob("*/*.jsonl")))
    assert done.code == 0, done.err
    assert "2 of 2 shards: 4 cells" in done.out
    assert {*IDS} < {*list_cells(merged)}


def test_two_sessions_are_compared_mode_by_mode(out: Path) -> None:
    one, other = measure(out / "one", *BOTH), measure(out / "other", "--mode", "development")
    done = command_line.run("compare", one, other, "--json")
    rows = json.loads(done.out)["rows"]
    assert [row["cell"]["mode"] for row in rows] == ["development"]

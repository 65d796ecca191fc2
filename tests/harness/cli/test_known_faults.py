"""`bench` ends with 0 if all that went wrong is a known fault, and with 1 otherwise."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.descriptions import Catalog
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from harness.workspaces import install
from suites import catalog, workflows
from tests.harness.cli import command_line
from tests.harness.cli.command_line import Done
from tests.harness.deployments import tiny_bench

pytestmark = pytest.mark.slow

LIST = """
[[fault]]
id = "something-else"
scenarios = ["wr*"]
lines = ["tiny"]
versions = { tiny-world = "1.0.0" }
messages = ["answered 'something else'"]
reason = "the World mixes runs up"
"""


def describe() -> Catalog:
    """Return the tiny catalog with a scenario whose answers are right, and one of wrong ones."""
    good = tiny_bench.CATALOG.scenarios["good"]
    wrong = msgspec.structs.replace(good, id="wrong", title="A wrong run", workflow="wrong")
    world = msgspec.structs.replace(
        tiny_bench.CATALOG.worlds["tiny"],
        packages={"tiny": {"tiny-world": "1.0.0"}},
        entry="tiny-world",
    )
    return msgspec.structs.replace(
        tiny_bench.CATALOG, scenarios={"good": good, "wrong": wrong}, worlds={"tiny": world}
    )


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr(install, "run_npm", lambda *asked: None)
    monkeypatch.setattr(catalog, "read_catalog", describe)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    path = tmp_path / "known-faults.toml"
    path.write_text(LIST, encoding="utf-8")
    return path


def bench(out: Path, *more: str | Path, scenario: str = "wrong") -> Done:
    words = ("bench", "--profile", "smoke", "--line", "tiny", "--framework", "tiny")
    choice = ("--world", "tiny", "--scenario", scenario, "--seed", "7", "--forks", "1")
    return command_line.run(*words, *choice, *more, "--out", out)


def test_a_wrong_answer_that_is_listed_does_not_fail_the_command(
    tmp_path: Path, known: Path
) -> None:
    done = bench(tmp_path, "--known", known)
    assert done.code == 0, done.err
    assert "Known faults" in done.out
    assert "the World mixes runs up" in done.out


def test_a_wrong_answer_that_is_not_listed_fails_the_command(tmp_path: Path) -> None:
    done = bench(tmp_path)
    assert done.code == 1
    assert "Failures" in done.out
    assert "answered 'something else'" in done.out


@pytest.mark.parametrize(
    ("old", "new"), [("1.0.0", "1.0.1"), ("something else'", "nothing'"), ('"wr*"', '"good"')]
)
def test_an_entry_of_something_else_excuses_nothing(
    tmp_path: Path, known: Path, old: str, new: str
) -> None:
    known.write_text(LIST.replace(old, new), encoding="utf-8")
    assert bench(tmp_path, "--known", known).code == 1


def test_an_entry_that_has_expired_fails_the_command_and_says_so(
    tmp_path: Path, known: Path
) -> None:
    known.write_text(f"{LIST}expires = 2026-01-01\n", encoding="utf-8")
    done = bench(tmp_path, "--known", known)
    assert done.code == 1
    assert "expired on 2026-01-01" in done.out


def test_a_report_of_the_file_knows_the_faults_that_its_session_knew(
    tmp_path: Path, known: Path
) -> None:
    bench(tmp_path, "--known", known)
    (path,) = tmp_path.glob("*.jsonl")
    known.unlink()
    done = command_line.run("report", path)
    assert "Known Faults" in done.out
    assert "the World mixes runs up" in done.out


def test_a_session_that_is_resumed_keeps_its_list(tmp_path: Path, known: Path) -> None:
    bench(tmp_path, "--known", known)
    (path,) = tmp_path.glob("*.jsonl")
    assert command_line.run("bench", "--resume", path).code == 0


def test_the_list_of_this_project_is_the_default(
    tmp_path: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "KNOWN_FAULTS", known)
    assert bench(tmp_path).code == 0
    (path,) = tmp_path.glob("*.jsonl")
    (entry,) = read_results_as(path, BenchResults).header.known_faults
    assert entry.id == "something-else"


def test_right_answers_need_no_list(tmp_path: Path) -> None:
    done = bench(tmp_path, scenario="good")
    assert done.code == 0
    assert "Known faults" not in done.out


def test_a_list_that_is_not_valid_is_a_mistake_in_the_command(tmp_path: Path, known: Path) -> None:
    known.write_text(LIST.replace('"tiny"', '"tinny"'), encoding="utf-8")
    done = bench(tmp_path, "--known", known)
    assert done.code == 3
    assert "did you mean tiny?" in done.err
    assert not list(tmp_path.glob("*.jsonl"))

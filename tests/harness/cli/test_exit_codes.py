"""One table of exit codes for all commands: docs/exit-codes.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from harness.certification.certificate import write_certificate
from harness.doctor import Diagnosis
from harness.exit_codes import ExitCode
from harness.results.files import ResultsWriter
from harness.results.records import EngineResults, LoadResults, Record
from tests import RESULTS, ROOT
from tests.harness.certification.certifying import make_sample, make_verdict
from tests.harness.cli import command_line
from tests.harness.cli.test_help import COMMANDS
from tests.harness.load.test_summary import STEADY, make_results, play
from tests.harness.results.test_shards import measure as measure_shard
from tests.harness.results.test_shards import write
from tests.reports.checking import make_check
from tests.reports.checking import make_results as make_checked

TABLE = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
EXAMPLE = RESULTS / "quick.jsonl"
VERDICTS = [
    ("passed", ExitCode.GOOD),
    ("failed", ExitCode.FAILED),
    ("inconclusive", ExitCode.UNDECIDED),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_table_has_every_code() -> None:
    codes = re.findall(r"^\| (\d) \|", TABLE, re.MULTILINE)
    assert [int(code) for code in codes] == [*ExitCode]


def test_the_table_has_every_command_in_the_order_of_the_help() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TABLE, re.MULTILINE) == [*COMMANDS]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_help_ends_with_the_codes_and_where_they_are_explained(name: str) -> None:
    told = " ".join(command_line.run(*name.split(), "--help").out.split())
    assert "Exit codes: 0 good, 1 a failure was found, 2 undecided, 3 usage" in told
    assert "docs/exit-codes.md" in told


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_a_usage_error(name: str) -> None:
    done = command_line.run(name, "--no-such-option")
    assert done.code == ExitCode.USAGE
    assert "No such option" in done.err


@pytest.mark.parametrize(
    "words",
    [
        *(["bench", "--resume"], ["report"], ["verify"], ["comment"], ["merge", "out.jsonl"]),
        *(["compare", str(EXAMPLE)], ["comment", str(EXAMPLE), "--changes"]),
        *(["certify", "reference", "--manifest"], ["smoke", "reference", "--manifest"]),
        *(["certify", "reference", "--known"], ["e2e", "--known"]),
    ],
    ids=lambda words: " ".join(Path(word).name for word in words),
)
def test_a_file_that_is_not_there_is_a_usage_error(words: Sequence[str]) -> None:
    done = command_line.run(*words, "missing")
    assert done.code == ExitCode.USAGE
    assert "missing" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        *(["bench"], ["e2e"], ["load", "--rate", "5/s"], ["matrix"]),
        *(["certify", "reference"], ["smoke", "reference"], ["clauses"], ["export", "app"]),
    ],
    ids=" ".join,
)
def test_an_unknown_name_is_a_usage_error(words: Sequence[str]) -> None:
    done = command_line.run(*words, "--line", "v55")
    assert done.code == ExitCode.USAGE
    assert "no line is called 'v55'" in done.err


@pytest.mark.parametrize(
    "words",
    [
        *(["list"], ["clauses"], ["matrix"], ["report", str(EXAMPLE)], ["comment", str(EXAMPLE)]),
        ["export", "app"],
    ],
    ids=lambda words: " ".join(Path(word).name for word in words),
)
def test_what_was_written_is_good(words: Sequence[str]) -> None:
    done = command_line.run(*words)
    assert done.code == ExitCode.GOOD, done.err


@pytest.mark.parametrize(
    "words",
    [
        ["bench", "--profile", "smoke"],
        ["load", "--rate", "5/s"],
        ["e2e"],
        ["certify", "starter"],
        ["smoke", "starter"],
    ],
    ids=" ".join,
)
def test_a_cache_that_cannot_be_written_is_an_environment_error(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").touch()
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(Path("file").resolve() / "cache"))
    done = command_line.run(*words)
    assert done.code == ExitCode.ENVIRONMENT, done
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [["report", str(EXAMPLE), "--output", "file/report.md"], ["export", "file/app"]],
    ids=lambda words: words[0],
)
def test_a_place_that_cannot_be_written_is_an_environment_error(words: Sequence[str]) -> None:
    Path("file").touch()
    done = command_line.run(*words)
    assert done.code == ExitCode.ENVIRONMENT
    assert "a file or folder cannot be used" in done.err


@pytest.mark.parametrize(
    ("state", "code"), [("ready", ExitCode.GOOD), ("missing", ExitCode.ENVIRONMENT)]
)
def test_doctor(state: Any, code: ExitCode, monkeypatch: pytest.MonkeyPatch) -> None:
    command_line.run("doctor", "--help")
    monkeypatch.setattr(
        "harness.cli.doctor.examine", lambda catalog: [Diagnosis("Node", state, "24")]
    )
    assert command_line.run("doctor").code == code


@pytest.mark.parametrize(("verdict", "code"), VERDICTS)
def test_verify_has_the_code_of_the_verdict(verdict: str, code: ExitCode, tmp_path: Path) -> None:
    path = tmp_path / "acme.certificate.jsonl"
    write_certificate(path, make_sample([make_verdict(verdict=verdict)]))
    assert command_line.run("verify", path).code == code


def test_a_changed_certificate_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "acme.certificate.jsonl"
    write_certificate(path, make_sample([make_verdict()]))
    path.write_bytes(path.read_bytes().replace(b"1.2.3", b"1.2.4"))
    assert command_line.run("verify", path).code == ExitCode.FAILED


@pytest.mark.parametrize(("verdict", "code"), VERDICTS)
def test_certify_has_the_code_of_the_verdict(
    verdict: str, code: ExitCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined = SimpleNamespace(verdicts=(make_verdict("LIFE-CLOSE", verdict),))
    command_line.run("certify", "--help")
    monkeypatch.setattr("harness.cli.certify.examine_world", lambda *asked: examined)
    done = command_line.run("certify", "reference", "--clause", "LIFE-CLOSE")
    assert done.code == code, done.err


@pytest.mark.parametrize(("verdict", "code"), VERDICTS)
def test_e2e_has_the_code_of_its_checks(
    verdict: Any, code: ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_results(tmp_path / "e2e.jsonl", make_checked([make_check(verdict)]))
    command_line.run("e2e", "--help")
    monkeypatch.setattr("harness.cli.e2e.run_e2e", lambda *asked, **named: path)
    done = command_line.run("e2e")
    assert done.code == code, done.err


@pytest.mark.parametrize(
    ("latency", "late_ms", "code"),
    [
        (20.0, 1.0, ExitCode.GOOD),
        (None, 1.0, ExitCode.FAILED),
        (20.0, 500.0, ExitCode.UNDECIDED),
    ],
)
def test_load_has_the_code_of_its_runs(
    latency: float | None,
    late_ms: float,
    code: ExitCode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = play(STEADY, lambda due_ms: latency)
    late = [msgspec.structs.replace(run, late_ms=late_ms) for run in runs]
    path = write_results(tmp_path / "load.jsonl", make_results(STEADY, late))
    command_line.run("load", "--help")
    monkeypatch.setattr("harness.cli.load.run_load", lambda *asked, **named: path)
    done = command_line.run("load", "--rate", "10/s", "--for", "20s")
    assert done.code == code, done.err


def write_results(path: Path, results: EngineResults | LoadResults) -> Path:
    with ResultsWriter(path) as writer:
        records: list[Record] = [results.header]
        if isinstance(results, EngineResults):
            records += [*results.checks, *results.cells]
        else:
            records += results.loads
        records += [results.footer] if results.footer else []
        for record in records:
            writer.append(record)
    return path


def test_two_sessions_that_cannot_be_compared_are_undecided() -> None:
    assert command_line.run("compare", EXAMPLE, EXAMPLE).code == ExitCode.UNDECIDED


def test_merge_without_all_shards_is_undecided(tmp_path: Path) -> None:
    shards = [write(tmp_path / f"{number}.jsonl", measure_shard(number)) for number in (1, 2, 3)]
    assert command_line.run("merge", "all.jsonl", *shards).code == ExitCode.GOOD
    assert command_line.run("merge", "two.jsonl", *shards[1:]).code == ExitCode.UNDECIDED


def test_a_fault_of_the_harness_is_no_failure_that_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_down() -> None:
        raise RuntimeError("the harness broke down")

    monkeypatch.setattr("suites.catalog.read_catalog", break_down)
    done = command_line.run("list")
    assert done.code == ExitCode.ENVIRONMENT
    assert "RuntimeError: the harness broke down" in done.err
    assert "what to do: this is a fault of the harness" in done.err

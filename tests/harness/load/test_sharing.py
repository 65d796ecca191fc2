"""Two generators in separate processes share a load on one app; Ctrl-C keeps their results."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.exit_codes import ExitCode
from harness.load.arrivals import WARMUP_S
from harness.load.summary import MOST_LATE
from harness.results.files import read_results_as
from harness.results.records import LoadResults
from reports.load.study import study_load
from tests.harness.cli import command_line
from tests.harness.deployments.conftest import Launch, launch, log, marks

pytestmark = pytest.mark.slow

__all__ = ["launch", "log", "marks"]

PASSWORD = "hunter2-of-the-url"
PROGRAM = Path(sys.executable).parent / "world-harness"


@pytest.fixture(autouse=True)
def _answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TINY_RUN", "good")


def words(base_url: str, out: Path, *more: str) -> list[str | Path]:
    url = base_url.replace("//", f"//user:{PASSWORD}@")
    given = ("--rate", "20/s", "--for", "2s", "--seed", "7", *more)
    return [PROGRAM, "load", "--world", "remote", "--url", url, "--out", out, *given]


def start(command: list[str | Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def is_late(path: Path) -> bool:
    """Whether more of a load's starts were sent late than docs/load.md allows."""
    study = study_load(read_results_as(path, LoadResults))
    return any(summary.late > MOST_LATE for summary in study.summaries)


def test_two_generators_are_one_load(launch: Launch, tmp_path: Path) -> None:
    # As long as two programs may take to start where others keep the machine busy.
    begin = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    with launch() as app:
        running = [
            start(
                words(
                    app.base_url,
                    tmp_path / str(number),
                    *("--generator", f"{number}/2", "--begin", begin),
                )
            )
            for number in (1, 2)
        ]
        said = [process.communicate(timeout=120)[0] for process in running]
    files = [next((tmp_path / number).glob("*.jsonl")) for number in ("1", "2")]
    # On a busy machine starts can be sent late: then, and only then, the load is undecided.
    expected = [ExitCode.UNDECIDED if is_late(path) else ExitCode.GOOD for path in files]
    assert [process.returncode for process in running] == expected, said
    done = command_line.run("merge", tmp_path / "load.jsonl", *files)
    assert done.code == 0, done.err
    merged = read_results_as(tmp_path / "load.jsonl", LoadResults)
    assert [run.index for run in merged.loads] == list(range(len(merged.loads)))
    assert len(merged.loads) > WARMUP_S * 10
    assert {run.outcome for run in merged.loads} == {"correct"}
    written = "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))
    assert PASSWORD not in written + "".join(said) + done.out


def test_an_interruption_keeps_what_was_measured(launch: Launch, tmp_path: Path) -> None:
    with launch() as app:
        running = start(words(app.base_url, tmp_path / "out", "--for", "600s"))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            files = list((tmp_path / "out").glob("*.jsonl"))
            if files and files[0].read_bytes().count(b'"load"') > 20:
                break
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    results = read_results_as(files[0], LoadResults)
    assert results.footer is None
    assert len(results.loads) > 10


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--rate", "fast"), "'fast' is not a valid rate"),
        (("--rate", "5/s", "--generator", "3/2"), "'3/2' is not a valid share"),
        (("--rate", "5/s", "--generator", "1/2"), "a generator needs a seed"),
        (("--rate", "5/s", "--generator", "1/2", "--seed", "1"), "need one app"),
        (("--rate", "5/s", "--begin", "soon"), "'soon' is not a valid time"),
        (("--rate", "5/s", "--for", "5s", "--burst", "2x:9s@1s"), "does not fit"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_begins(
    more: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = command_line.run("load", *more, "--out", tmp_path / "out")
    assert done.code == 3
    assert said in done.err
    assert "what to do" in done.err
    assert not (tmp_path / "out").exists()

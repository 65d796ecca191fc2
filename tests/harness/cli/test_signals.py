"""Ctrl-C at any moment: everything ends, nothing is left, and the session can go on later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.results.files import read_results_as
from harness.results.records import BenchResults
from tests import ROOT
from tests.harness.deployments import tiny_bench
from tests.harness.deployments.observing import alive, assert_gone, await_that, family_of, listens

pytestmark = pytest.mark.slow


class Session:
    """A benchmark of tiny apps in a separate process."""

    def __init__(self, folder: Path) -> None:
        self.marks = folder / "marks"
        self.temporary = folder / "temporary"
        self.out = folder / "results"
        self.cache = folder / "cache"
        for place in (self.marks, self.temporary):
            place.mkdir()
        self.processes: list[psutil.Process] = []
        self._running: list[subprocess.Popen[str]] = []

    def begin(self, *words: str | Path, **environment: str) -> None:
        """Start it; the environment says how its apps behave and where it waits."""
        forks = ("--profile", "smoke", "--forks", "2", "--seed", "7", "--out", self.out)
        command = [sys.executable, "-m", tiny_bench.__name__, "bench", *(words or forks)]
        process = subprocess.Popen(
            [
                *map(str, command),
                *(() if words else ("--line", "tiny", "--framework", "tiny", "--world", "tiny")),
                *(() if words else ("--scenario", "good")),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                **environment,
                "TINY_MARKS": str(self.marks),
                "TMPDIR": str(self.temporary),
                "WORLD_HARNESS_CACHE": str(self.cache),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._running.append(process)

    def await_mark(self, name: str) -> None:
        """Wait until it has come to a place; remember everything that runs there."""
        await_that(lambda: (self.marks / name).exists() or self._running[-1].poll() is not None)
        if not (self.marks / name).exists():
            pytest.fail(f"it never came to {name}: {self._running[-1].communicate()[0]}")
        self.processes = family_of(self._running[-1].pid)

    def send(self, how: signal.Signals) -> None:
        self._running[-1].send_signal(how)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and all that it said."""
        said, _ = self._running[-1].communicate(timeout=60)
        return self._running[-1].returncode, said

    @property
    def results(self) -> Path:
        (path,) = self.out.glob("*.jsonl")
        return path

    def assert_nothing_left(self) -> None:
        assert_gone(self.processes)
        assert not list(self.temporary.iterdir())
        port = self.marks / "port"
        assert not port.exists() or not listens(int(port.read_text()))

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()
        for stray in alive(self.processes):
            stray.kill()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.kill()


#: Where it is interrupted -> what makes it wait there, and how many processes run by then.
PLACES = {
    "building": ({"TINY_BUILD": "hang"}, 4),
    "starting": ({"TINY_APP": "mute family"}, 4),
    "sampling": ({"TINY_APP": "family", "TINY_RUN": "hang"}, 4),
    "waiting": ({"TINY_STOP": "between"}, 1),
}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize(
    ("place", "how"),
    [
        *((place, signal.SIGINT) for place in PLACES),
        *((place, signal.SIGTERM) for place in ("building", "sampling")),
        ("starting", signal.SIGHUP),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value,
)
def test_an_interruption_ends_everything_and_says_how_to_go_on(
    session: Session, place: str, how: signal.Signals
) -> None:
    environment, running = PLACES[place]
    session.begin(**environment)
    session.await_mark(place)
    assert len(session.processes) >= running
    session.send(how)
    code, said = session.end()
    assert code == CODES[how], said
    session.assert_nothing_left()
    assert "interrupted; nothing is left running" in said
    assert f"to continue: world-harness bench --resume {session.results}" in said
    assert "Traceback" not in said


def test_an_interrupted_session_can_be_resumed(session: Session) -> None:
    session.begin(TINY_STOP="between")
    session.await_mark("waiting")
    session.send(signal.SIGINT)
    session.end()
    (first,) = read_results_as(session.results, BenchResults).forks
    session.begin("--resume", session.results)
    code, said = session.end()
    assert code == 0, said
    results = read_results_as(session.results, BenchResults)
    assert results.forks[0] == first
    assert len(results.forks) == 3
    assert {sample.outcome for sample in results.samples} == {"correct"}
    session.assert_nothing_left()


def test_more_signals_do_not_cut_the_cleaning_up_short(session: Session) -> None:
    session.begin(TINY_STOP="cleaning", TINY_APP="family", TINY_RUN="hang")
    session.await_mark("sampling")
    session.send(signal.SIGINT)
    everything = session.processes
    session.await_mark("cleaning")
    session.processes = everything
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        session.send(how)
    (session.marks / "sent").touch()
    code, said = session.end()
    assert code == 130, said
    session.assert_nothing_left()
    assert "--resume" in said


def test_a_signal_during_the_last_cleaning_up_waits_for_its_end(session: Session) -> None:
    session.begin(TINY_STOP="cleaning")
    session.await_mark("cleaning")
    session.send(signal.SIGTERM)
    (session.marks / "sent").touch()
    code, said = session.end()
    assert code == 143, said
    session.assert_nothing_left()
    assert read_results_as(session.results, BenchResults).footer is not None


def test_nohup_survives_the_end_of_its_terminal(session: Session) -> None:
    """A signal that was ignored from the beginning stays so."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        session.begin(TINY_APP="family", TINY_RUN="hang")
    finally:
        signal.signal(signal.SIGHUP, before)
    session.await_mark("sampling")
    session.send(signal.SIGHUP)
    session.send(signal.SIGTERM)
    code, said = session.end()
    assert code == 143, said
    session.assert_nothing_left()

"""A folder is made once for all who want it; half a folder never counts."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.workspaces.cache import cache_folder, digest, is_complete, obtain
from tests import ROOT
from tests.harness.deployments import tiny_app
from tests.harness.deployments.observing import alive, assert_gone, await_that, family_of
from tests.harness.workspaces import making


class Maker:
    """Fills folders, and remembers which."""

    def __init__(self) -> None:
        self.made: list[Path] = []

    def __call__(self, folder: Path) -> None:
        self.made.append(folder)
        assert not list(folder.iterdir())
        (folder / "content").write_text("whole")


@pytest.fixture
def make() -> Maker:
    return Maker()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "thing-0123"


def test_it_is_made_once(folder: Path, make: Maker) -> None:
    for _ in range(2):
        assert obtain(folder, make) == folder
    assert make.made == [folder]
    assert is_complete(folder)
    assert (folder / "content").read_text() == "whole"


def test_an_incomplete_entry_of_a_killed_run_is_made_again(folder: Path, make: Maker) -> None:
    folder.mkdir(parents=True)
    (folder / "half").mkdir()
    (folder / "half" / "made").touch()
    assert not is_complete(folder)
    obtain(folder, make)
    assert sorted(path.name for path in folder.iterdir()) == [".complete", "content"]


@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_nothing_is_kept_when_making_fails_and_the_next_try_works(
    folder: Path, make: Maker, error: type[BaseException]
) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise error

    with pytest.raises(error):
        obtain(folder, fail)
    assert not folder.exists()
    obtain(folder, make)
    assert is_complete(folder)


def test_a_digest_changes_with_the_content_and_not_with_its_order() -> None:
    first = digest({"a": 1, "b": {"x": b"1", "y": b"2"}})
    assert first == digest({"b": {"y": b"2", "x": b"1"}, "a": 1})
    assert first != digest({"a": 1, "b": {"x": b"1", "y": b"3"}})
    assert len(first) == 12


def test_the_environment_can_move_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", "somewhere")
    assert cache_folder() == Path.cwd() / "somewhere"


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    place = tmp_path / "marks"
    place.mkdir()
    return place


@pytest.fixture
def others(marks: Path, folder: Path) -> Iterator[Others]:
    others = Others(marks, folder)
    yield others
    others.end()


class Others:
    """Other processes that want the same folder."""

    def __init__(self, marks: Path, folder: Path) -> None:
        self.marks = marks
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.strays: list[psutil.Process] = []

    def want(self, *command: str) -> subprocess.Popen[str]:
        """Have another process obtain the folder; returns when it is about to."""
        words = [making.__name__, str(self.folder), str(self.marks), *command]
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        await_that((self.marks / f"wants-{process.pid}").exists)
        return process

    def made_by(self) -> list[int]:
        return [int(path.name.removeprefix("made-by-")) for path in self.marks.glob("made-by-*")]

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        for stray in alive(self.strays):
            stray.kill()


#: Ends when the file that is its argument is there.
PATIENT = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""


def test_two_that_want_it_at_once_make_it_once(others: Others, folder: Path) -> None:
    go = others.marks / "go"
    patient = (sys.executable, "-I", "-S", "-c", PATIENT, str(go))
    first = others.want(*patient)
    await_that(others.made_by)
    second = others.want(*patient)
    go.touch()
    for process in (first, second):
        assert process.wait(60) == 0
    assert others.made_by() == [first.pid]
    assert is_complete(folder)


def test_one_that_is_killed_makes_room_for_the_next(others: Others, folder: Path) -> None:
    first = others.want(sys.executable, "-I", "-S", "-c", PATIENT, str(others.marks / "never"))
    await_that(lambda: (folder / "content").exists())
    await_that(lambda: len(family_of(first.pid)) == 2)
    # A killed process cannot end what it started.
    others.strays += family_of(first.pid)[1:]
    first.kill()
    first.wait()
    second = others.want(sys.executable, "-c", "")
    assert second.wait(60) == 0
    assert is_complete(folder)


def test_an_interruption_keeps_nothing_and_ends_what_was_started(
    others: Others, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_BUILD", "hang")
    monkeypatch.setenv("TINY_MARKS", str(others.marks))
    process = others.want(sys.executable, "-I", "-S", tiny_app.__file__, "build")
    await_that((others.marks / "building").exists)
    others.strays += family_of(process.pid)[1:]
    assert len(others.strays) == 3
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert_gone(others.strays)
    assert not folder.exists()
    monkeypatch.delenv("TINY_BUILD")
    assert others.want(sys.executable, "-c", "").wait(60) == 0
    assert is_complete(folder)

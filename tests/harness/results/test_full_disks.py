"""A full disk is said to be one, with what to do; what is finished stays readable."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from harness.bench import running
from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import BenchHeader, BenchResults
from harness.workspaces.cache import obtain
from tests.harness.cli import command_line
from tests.harness.results.test_files import make_end, make_sample

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_results_that_cannot_be_written_are_an_error_with_its_remedy(
    make_header: Callable[..., BenchHeader],
) -> None:
    with ResultsWriter(FULL) as writer, pytest.raises(ResultsError) as caught:
        writer.append(make_header())
    assert caught.value.what == f"results cannot be written to {FULL}"
    assert caught.value.cause == os.strerror(errno.ENOSPC)
    assert "make room" in caught.value.remedy
    assert "--resume" in caught.value.remedy
    assert caught.value.exit_code == 4


def test_a_place_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="cannot be written"):
        ResultsWriter(tmp_path / "file" / "results.jsonl").__enter__()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A file whose disk can be made full: it takes a part, then nothing."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield tmp_path / "results.jsonl"
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_record_that_fits_only_in_part_is_noticed_and_loses_only_its_fork(
    path: Path, make_header: Callable[..., BenchHeader]
) -> None:
    header = msgspec.structs.replace(make_header(), scenarios=(), frameworks=(), worlds=())
    with ResultsWriter(path) as writer:
        for record in (header, make_sample(), make_end()):
            writer.append(record)
        size = path.stat().st_size
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
        with pytest.raises(ResultsError):
            writer.append(make_sample("timing-1/b"))
        assert path.stat().st_size == size + 20
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    with ResultsWriter(path) as writer:
        writer.append(make_sample("timing-1/b", attempt=2))
        writer.append(make_end("timing-1/b", attempt=2))
    results = read_results_as(path, BenchResults)
    assert [(end.fork, end.attempt) for end in results.forks] == [
        ("timing-1/a", 1),
        ("timing-1/b", 2),
    ]
    assert len(results.samples) == 2


class Launcher:
    """Finds no room when it prepares a cell."""

    number = errno.ENOSPC

    def __init__(self, *args: object, **options: object) -> None:
        pass

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def prepare(self, cell: Cell) -> None:
        def make(folder: Path) -> None:
            (folder / "half").touch()
            raise OSError(self.number, os.strerror(self.number))

        obtain(Path(os.environ["WORLD_HARNESS_CACHE"]) / "apps" / cell.framework, make)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_cache_without_room_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Launcher, "number", number)
    monkeypatch.setattr(running, "Launcher", Launcher)
    out = tmp_path / "results"
    done = command_line.run("bench", "--profile", "smoke", "--out", out)
    assert done.code == 4
    assert "the disk is full\n  because: [Errno" in done.err
    assert f"what to do: make room; `{tmp_path / 'cache'}` can be removed" in done.err
    (results,) = out.glob("*.jsonl")
    assert f"to continue: world-harness bench --resume {results}" in done.err
    assert not list((tmp_path / "cache" / "apps").glob("*/half"))


def test_a_cache_that_cannot_be_written_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "file" / "cache"))
    done = command_line.run("bench", "--profile", "smoke", "--out", tmp_path / "results")
    assert done.code == 4
    assert "a file or folder cannot be used" in done.err
    assert "WORLD_HARNESS_CACHE" in done.err

"""An interrupted session goes on where it was, and only if it is still the same measurement."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.bench import BenchOutcome, BenchRequest, resuming, run_bench, running
from harness.deployments.apps import Contents
from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Catalog
from harness.errors import ResultsError, UsageError
from harness.machine import Machine
from harness.measure.plan import Choice, plan_forks
from harness.results.encoding import encode_record
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import BenchResults, Header, Part
from suites.workflows.bench.answers import EXPECTATIONS
from tests.harness.measure.deploying import PretendingPreparer, answer_rightly
from tests.harness.measure.test_session import Watching
from tests.reports.factories import (
    EXPRESS,
    TEN,
    make_engine_header,
    make_header,
    make_load_header,
)
from tests.reports.loading import STEADY

PART = Part(
    number=1,
    count=2,
    cells=(EXPRESS,),
    machine=make_header([EXPRESS], [TEN]).machine,
    started_at="2026-01-02T03:04:05+00:00",
)


class Bench:
    """Measures with a launcher that only pretends."""

    def __init__(self, out: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = out
        self.catalog = catalog
        self.preparer = PretendingPreparer()
        scenarios = Choice(scenarios=("no-steps", "one-step", "sequential-10"))
        self.request = BenchRequest(profile="smoke", seed=7, out=out, choice=scenarios)

        @contextlib.contextmanager
        def launcher(*args: object, **options: object) -> Iterator[PretendingPreparer]:
            yield self.preparer

        monkeypatch.setattr(running, "Launcher", launcher)

    @property
    def path(self) -> Path:
        (path,) = self.out.glob("*.jsonl")
        return path

    def begin(self, preparer: PretendingPreparer | None = None) -> BenchOutcome:
        return self._run(self.request, preparer)

    def interrupt(self, after: int, answer: Any = answer_rightly) -> None:
        """Begin, and press Ctrl-C while a sample is taken."""

        def answer_until(request: SampleRequest) -> SampleReply:
            if len(preparer.requests) > after:
                raise KeyboardInterrupt
            reply: SampleReply = answer(request)
            return reply

        preparer = PretendingPreparer(answer_until)
        with pytest.raises(KeyboardInterrupt):
            self.begin(preparer)

    def resume(self, preparer: PretendingPreparer | None = None) -> BenchOutcome:
        return self._run(BenchRequest(resume=self.path), preparer)

    def _run(self, request: BenchRequest, preparer: PretendingPreparer | None) -> BenchOutcome:
        self.preparer = preparer or PretendingPreparer()
        contents = Contents("bench", {"typescript": self.out}, self.out, EXPECTATIONS)
        return run_bench(request, self.catalog, contents, Watching())


@pytest.fixture
def session(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    return Bench(tmp_path / "results", catalog, monkeypatch)


#: Taken samples when Ctrl-C comes: none, in the first block, in later ones, in the last.
@pytest.mark.parametrize("after", [0, 5, 11, 40, 71])
@pytest.mark.parametrize("cut", [0, 1, 25])
def test_no_finished_fork_is_lost_and_only_the_others_are_measured(
    session: Bench, after: int, cut: int
) -> None:
    session.interrupt(after)
    content = session.path.read_bytes()
    session.path.write_bytes(content[: len(content) - cut] if after else content)
    before = read_results_as(session.path, BenchResults)
    finished = {end.fork: end for end in before.forks}
    begun = forks_with_samples(session.path) - set(finished)
    # The forks of a block take turns, so an interruption loses those of one block.
    assert len({fork.partition("/")[0] for fork in begun}) <= 1

    outcome = session.resume()
    results = read_results_as(session.path, BenchResults)
    plan = plan_forks(results.header)
    ends = {end.fork: end for end in results.forks}
    assert set(ends) == {fork.id for fork in plan}
    assert {name: ends[name] for name in finished} == finished
    assert results.samples[: len(before.samples)] == before.samples
    assert Counter(session.preparer.deployed) == Counter(
        fork.cell for fork in plan if fork.id not in finished
    )
    assert {end.fork for end in results.forks if end.attempt == 2} == begun
    assert outcome.sound
    assert results.footer is not None


def forks_with_samples(path: Path) -> set[str]:
    """Forks of which a whole record is in the file, even without the end of its line."""
    records = []
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(msgspec.DecodeError):
            records.append(msgspec.json.decode(line))
    return {record["fork"] for record in records if record["record"] == "sample"}


def test_a_fork_that_failed_is_tried_again(session: Bench) -> None:
    outcome = session.begin(PretendingPreparer(broken="nitro"))
    assert not outcome.sound
    assert session.resume().sound
    assert {cell.framework for cell in session.preparer.deployed} == {"nitro"}
    assert {end.attempt for end in read_results_as(session.path, BenchResults).forks} == {1, 2}


def test_a_session_that_is_complete_has_nothing_left_to_do(session: Bench) -> None:
    session.begin()
    samples = read_results_as(session.path, BenchResults).samples
    assert session.resume().sound
    assert not session.preparer.prepared
    assert not session.preparer.deployed
    assert read_results_as(session.path, BenchResults).samples == samples


def test_what_was_wrong_before_is_wrong_after_resuming(session: Bench) -> None:
    def wrong(request: SampleRequest) -> SampleReply:
        return SampleReply(outcome="completed", called_at_ms=1.0, answer="something else")

    session.interrupt(40, wrong)
    assert not session.resume().sound


def test_a_file_without_its_header_is_refused(session: Bench) -> None:
    session.interrupt(0)
    session.path.write_bytes(session.path.read_bytes()[:40])
    with pytest.raises(ResultsError, match="not a result file"):
        session.resume()


Change = Callable[[Catalog], Catalog]


def change(kind: str, name: str, **changes: object) -> Change:
    """Describe one thing otherwise."""

    def apply(catalog: Catalog) -> Catalog:
        described = getattr(catalog, kind)
        other = msgspec.structs.replace(described[name], **changes)
        return msgspec.structs.replace(catalog, **{kind: {**described, name: other}})

    return apply


def remove(kind: str, name: str) -> Change:
    """Describe one thing no longer."""

    def apply(catalog: Catalog) -> Catalog:
        kept = {key: item for key, item in getattr(catalog, kind).items() if key != name}
        return msgspec.structs.replace(catalog, **{kind: kept})

    return apply


@pytest.mark.parametrize(
    ("apply", "differs"),
    [
        (change("scenarios", "no-steps", samples=4), "scenarios"),
        (change("frameworks", "express", env={"MODE": "other"}), "frameworks"),
        (change("worlds", "local", description="another"), "worlds"),
        (change("lines", "v5", packages={"workflow": "5.0.0"}), "pins"),
        (remove("lines", "v5"), "pins"),
        (remove("scenarios", "no-steps"), "scenarios"),
    ],
    ids=["scenario", "framework", "world", "pin", "no line", "no scenario"],
)
def test_what_is_described_otherwise_by_now_is_not_resumed(
    session: Bench, catalog: Catalog, apply: Change, differs: str
) -> None:
    session.interrupt(5)
    content = session.path.read_bytes()
    session.catalog = apply(catalog)
    with pytest.raises(ResultsError, match="cannot be resumed") as caught:
        session.resume()
    assert f"{differs} have changed since it was started" in caught.value.cause
    assert "measure again: world-harness bench --profile smoke --scenario" in caught.value.remedy
    assert caught.value.remedy.endswith("--seed 7")
    assert session.path.read_bytes() == content


def test_what_is_described_otherwise_and_not_measured_does_not_matter(
    session: Bench, catalog: Catalog
) -> None:
    session.interrupt(5)
    session.catalog = change("scenarios", "concurrent-10", samples=9)(catalog)
    assert session.resume().sound


def test_a_session_of_another_machine_is_not_resumed(
    session: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.interrupt(5)
    other = Machine(system="Other", processor="x", cores=1, memory_bytes=1, python="3", node="1")
    monkeypatch.setattr(resuming, "describe_machine", lambda version: other)
    with pytest.raises(ResultsError, match="cannot be resumed") as caught:
        session.resume()
    assert "machine have changed" in caught.value.cause


def test_two_sessions_never_write_to_one_file(session: Bench) -> None:
    session.interrupt(5)
    with (
        ResultsWriter(session.path),
        pytest.raises(ResultsError, match="another session is writing"),
    ):
        session.resume()


def test_a_remote_session_needs_its_url_again(session: Bench, catalog: Catalog) -> None:
    session.interrupt(5)
    lines = session.path.read_bytes().splitlines(keepends=True)
    header = read_results_as(session.path, BenchResults).header
    remote = msgspec.structs.replace(header, worlds=(catalog.worlds["remote"],))
    session.path.write_bytes(b"".join([encode_record(remote), *lines[1:]]))
    with pytest.raises(UsageError, match="needs a URL"):
        session.resume()


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        (make_engine_header([EXPRESS]), "not the file of a benchmark"),
        (make_load_header([EXPRESS], [TEN], STEADY), "not the file of a benchmark"),
        (
            make_header([EXPRESS], [TEN], parts=(PART,)),
            "merged from the results of several machines",
        ),
    ],
    ids=["engine", "load", "merged"],
)
def test_only_the_file_of_one_benchmark_is_resumed(
    session: Bench, header: Header, cause: str
) -> None:
    session.interrupt(0)
    session.path.write_bytes(encode_record(header))
    with pytest.raises(ResultsError, match="cannot be resumed") as caught:
        session.resume()
    assert cause in caught.value.cause

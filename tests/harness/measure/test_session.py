"""A session runs its plan in order, loses nothing finished, and stops trying what does not work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Catalog, Cell
from harness.errors import ResultsError, ServiceError
from harness.measure.plan import Fork, plan_forks, plan_heats
from harness.measure.session import conduct, leave_out_places
from harness.results.encoding import encode_record
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import BenchHeader, BenchResults, Footer, ForkEnd, Sample
from suites import workflows
from tests.harness.measure.deploying import PretendingPreparer, answer_rightly
from worlds import FOLDER

MakeHeader = Callable[..., BenchHeader]


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def preparing(self, text: str) -> None:
        self.told.append(text)

    def planned(self, forks: int, samples: int, budget_s: float | None) -> None:
        self.told.append(f"{forks} forks, {samples} samples")

    def added(self, forks: int, samples: int) -> None:
        self.told.append(f"{forks} forks more")

    def fork_began(self, fork: Fork) -> None:
        self.told.append(f"began {fork.id}")

    def sample_taken(self, sample: Sample) -> None:
        self.told.append(f"sample of {sample.fork}")

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        self.told.append(f"ended {end.fork}")


def measure(
    header: BenchHeader, preparer: PretendingPreparer, path: Path, watcher: Watching | None = None
) -> Footer:
    with ResultsWriter(path) as writer:
        writer.append(header)
        return conduct(
            header, preparer, writer, watcher or Watching(), workflows.BENCH.check_answer
        )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def test_results_name_no_place_of_this_machine(make_header: MakeHeader, catalog: Catalog) -> None:
    worlds = [catalog.worlds[name] for name in ("sqlite", "postgres")]
    there = [leave_out_places(world).on("py").source for world in worlds]
    assert there == ["python", "python"]
    header = make_header(worlds=tuple(leave_out_places(world) for world in worlds))
    assert str(FOLDER) not in encode_record(header).decode()


class TestTheOrderOfWork:
    def work(self, header: BenchHeader, path: Path) -> tuple[list[Cell], list[SampleRequest]]:
        preparer = PretendingPreparer()
        measure(header, preparer, path)
        return preparer.deployed, preparer.requests

    def test_is_the_same_for_the_same_seed(self, make_header: MakeHeader, tmp_path: Path) -> None:
        header = make_header(seed=11)
        first = self.work(header, tmp_path / "first.jsonl")
        assert first == self.work(header, tmp_path / "second.jsonl")
        records = [
            [
                (sample.fork, sample.scenario, sample.sequence)
                for sample in read_results_as(path, BenchResults).samples
            ]
            for path in (tmp_path / "first.jsonl", tmp_path / "second.jsonl")
        ]
        assert records[0] == records[1]

    def test_is_another_for_another_seed(self, make_header: MakeHeader, tmp_path: Path) -> None:
        cells, requests = self.work(make_header(seed=11), tmp_path / "first.jsonl")
        other_cells, other_requests = self.work(make_header(seed=12), tmp_path / "second.jsonl")
        assert sorted(cells) == sorted(other_cells)
        assert (cells, requests) != (other_cells, other_requests)

    def test_is_the_plans(self, make_header: MakeHeader, path: Path) -> None:
        header = make_header()
        preparer, watcher = PretendingPreparer(), Watching()
        footer = measure(header, preparer, path, watcher)
        planned = plan_forks(header)
        deployed, ended = iter(preparer.deployed), iter(read_results_as(path, BenchResults).forks)
        for heat in plan_heats(header):
            assert {next(deployed) for _ in heat} == {fork.cell for fork in heat}
            assert {next(ended).fork for _ in heat} == {fork.id for fork in heat}
        assert preparer.recordings == [fork.kind == "counting" for fork in planned]
        assert (footer.forks_finished, footer.forks_failed) == (len(planned), 0)
        assert footer.samples == len(preparer.requests)
        assert f"{len(planned)} forks, {footer.samples} samples" in watcher.told

    def test_begins_with_preparing_each_cell_once(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        preparer, watcher = PretendingPreparer(), Watching()
        measure(make_header(), preparer, path, watcher)
        assert sorted(preparer.prepared) == sorted(make_header().cells)
        assert all(text.startswith("preparing") for text in watcher.told[:3])


class TestACellThatDoesNotWork:
    def test_is_not_tried_again_after_two_forks_and_the_others_go_on(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        preparer = PretendingPreparer(broken="nitro")
        footer = measure(make_header(), preparer, path)
        assert sum(cell.framework == "nitro" for cell in preparer.deployed) == 2
        ends = read_results_as(path, BenchResults).forks
        failed = [end for end in ends if end.outcome == "failed"]
        assert {end.cell.framework for end in failed} == {"nitro"}
        assert {end.cell.framework for end in ends if end.outcome == "finished"} == {"express"}
        assert (footer.forks_finished, footer.forks_failed) == (8, 4)
        reasons = [end.reason for end in failed]
        assert all("the app died before it was healthy" in reason for reason in reasons)
        skipped = [reason.startswith("not tried, because 2 forks") for reason in reasons]
        assert skipped == [False, False, True, True]
        assert reasons[2] == reasons[3]

    def test_because_it_cannot_be_prepared_fails_alone_and_is_never_started(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        class Unprepared(PretendingPreparer):
            def prepare(self, cell: Cell) -> None:
                if cell.world == "postgres":
                    raise ServiceError("no PostgreSQL server is available", remedy="give a URL")

        preparer = Unprepared()
        footer = measure(make_header(), preparer, path)
        assert {cell.world for cell in preparer.deployed} == {"local"}
        failed = [
            end for end in read_results_as(path, BenchResults).forks if end.outcome == "failed"
        ]
        assert {end.cell.world for end in failed} == {"postgres"}
        assert {end.reason for end in failed} == {
            "no PostgreSQL server is available\n  what to do: give a URL"
        }
        assert footer.forks_finished == 8

    def test_like_all_the_others_ends_the_session(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        class Unprepared(PretendingPreparer):
            def prepare(self, cell: Cell) -> None:
                raise ServiceError("no PostgreSQL server is available")

        with pytest.raises(ServiceError, match="is available"):
            measure(make_header(), Unprepared(), path)
        assert read_results_as(path, BenchResults).footer is None

    def test_rightly_is_shown_and_not_given_up(self, make_header: MakeHeader, path: Path) -> None:
        """A wrong answer is a finding about the World, not a reason to stop looking."""

        def answer(request: SampleRequest) -> SampleReply:
            if request.workflow == "sequentialSteps":
                return SampleReply(outcome="completed", called_at_ms=1.0, answer=44)
            return answer_rightly(request)

        footer = measure(make_header(), PretendingPreparer(answer), path)
        samples = read_results_as(path, BenchResults).samples
        bad = [sample for sample in samples if sample.outcome != "correct"]
        assert {sample.scenario for sample in bad} == {"sequential-10"}
        assert footer.samples_bad == len(bad) > 0
        assert footer.forks_failed == 0


class TestTheRunningApp:
    """Whatever stops a session, the app is ended before what it runs on."""

    def test_is_ended_when_the_watcher_is_interrupted(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        class Interrupting(Watching):
            def sample_taken(self, sample: Sample) -> None:
                assert preparer.running == 1
                raise KeyboardInterrupt

        preparer = PretendingPreparer()
        with pytest.raises(KeyboardInterrupt) as caught:
            measure(make_header(), preparer, path, Interrupting())
        # While the error is still on its way up: what it passes next is what the app runs on.
        assert (preparer.running, caught.type) == (0, KeyboardInterrupt)

    def test_is_ended_when_results_cannot_be_written(
        self, make_header: MakeHeader, path: Path
    ) -> None:
        class FullWriter(ResultsWriter):
            def append(self, record: object) -> None:
                if isinstance(record, Sample):
                    assert preparer.running == 1
                    raise ResultsError("results cannot be written")

        preparer = PretendingPreparer()
        with FullWriter(path) as writer, pytest.raises(ResultsError) as caught:
            conduct(make_header(), preparer, writer, Watching(), workflows.BENCH.check_answer)
        assert (preparer.running, caught.type) == (0, ResultsError)

"""Percentiles, backlog, saturation and recovery, from runs that were made up."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ResultsError
from harness.load.arrivals import plan_arrivals, read_stages, take_share
from harness.load.merging import merge_generators
from harness.load.summary import Backlog, summarize_load
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import Footer, Load, LoadEnd, LoadResults, LoadRun, LoadStage
from reports.forms.badge import render_badge
from reports.forms.data import make_schema, render_data
from reports.forms.junit import render_junit
from reports.forms.markdown import render_markdown
from reports.forms.page.page import render_page
from reports.forms.studies import study_session
from reports.load.study import study_load
from reports.load.terminal import summarize_loads
from tests.reports.factories import EXPRESS, FIFTY, TEN, make_load_header

STEADY = Load(stages=read_stages("10/s", 20), arrivals="constant")


def play(load: Load, latency: object, seed: int = 7) -> list[LoadRun]:
    """Give every start of a plan the latency that a function of its time says; `None` for never."""
    assert callable(latency)
    runs = []
    for arrival in take_share(plan_arrivals(load, seed), load):
        took = latency(arrival.due_ms)
        runs.append(
            LoadRun(
                cell=EXPRESS,
                scenario=TEN.id,
                index=arrival.index,
                stage=arrival.stage,
                intended_ms=arrival.due_ms,
                late_ms=1.0,
                latency_ms=took,
                outcome="correct" if took is not None else "timeout",
            )
        )
    return runs


def refuse(runs: list[LoadRun], since_ms: float, after_ms: float) -> list[LoadRun]:
    """Let the runs from a time on fail so long after they were to start."""
    return [
        msgspec.structs.replace(
            run, outcome="failed", latency_ms=None, failed_ms=after_ms, error="503"
        )
        if run.intended_ms >= since_ms
        else run
        for run in runs
    ]


def make_results(load: Load, runs: list[LoadRun], *, ended: bool = True) -> LoadResults:
    header = make_load_header([EXPRESS], [TEN], load)
    footer = Footer(
        finished_at="2026-01-02T03:14:05+00:00",
        seconds=30.0,
        forks_finished=0,
        forks_failed=0,
        samples=len(runs),
        samples_bad=sum(run.outcome != "correct" for run in runs),
        harness_cpu_share=0.1,
        harness_memory_bytes=2**26,
    )
    return LoadResults(
        header=header, footer=footer if ended else None, loads=tuple(runs), load_ends=()
    )


class TestBacklog:
    @given(
        st.lists(
            st.tuples(st.floats(0, 1e4), st.none() | st.floats(0.1, 1e4)), min_size=1, max_size=40
        ),
        st.floats(0, 3e4),
    )
    def test_is_what_has_started_and_not_ended(
        self, given_runs: list[tuple[float, float | None]], moment: float
    ) -> None:
        runs = [
            LoadRun(
                cell=EXPRESS,
                scenario="x",
                index=place,
                stage=0,
                intended_ms=start,
                late_ms=0.0,
                latency_ms=took,
                outcome="correct" if took else "timeout",
            )
            for place, (start, took) in enumerate(given_runs)
        ]
        expected = sum(
            start <= moment and (took is None or start + took > moment)
            for start, took in given_runs
        )
        assert Backlog(runs).at(moment) == expected


class TestStages:
    def test_a_cell_that_keeps_up(self) -> None:
        (summary,) = summarize_load(STEADY, play(STEADY, lambda due: 80.0))
        steady = summary.stages[1]
        assert steady.latencies[50.0] == 80.0
        assert steady.throughput == pytest.approx(10, rel=0.1)
        assert (summary.kept_up, summary.saturated) == (10, None)

    def test_a_cell_that_falls_behind(self) -> None:
        # It does half of what is asked: each run waits for all before it.
        (summary,) = summarize_load(STEADY, play(STEADY, lambda due: 100.0 + due))
        assert summary.saturated == 10
        assert summary.kept_up is None
        assert summary.stages[1].throughput == pytest.approx(5, rel=0.15)

    def test_the_saturation_point_is_between_two_rates(self) -> None:
        load = Load(stages=read_stages("10/s..320/s", 10), arrivals="constant")
        limit_ms = (5 + 10 * 3) * 1000

        def latency(due: float) -> float:
            return 50.0 if due < limit_ms else 50.0 + 0.8 * (due - limit_ms)

        (summary,) = summarize_load(load, play(load, latency))
        assert (summary.kept_up, summary.saturated) == (40, 80)

    def test_a_run_that_never_ends_is_endless_and_not_left_out(self) -> None:
        def latency(due: float) -> float | None:
            return None if due > 24_000 else 10.0

        (summary,) = summarize_load(STEADY, play(STEADY, latency))
        steady = summary.stages[1]
        assert steady.latencies[50.0] == 10.0
        assert math.isinf(steady.latencies[99.0])
        assert math.isinf(steady.largest)
        assert steady.bad == 9

    def test_what_fails_at_once_is_not_kept_up_with(self) -> None:
        load = Load(stages=read_stages("100/s", 10), arrivals="constant")
        (summary,) = summarize_load(load, refuse(play(load, lambda due: 80.0), 0.0, 5.0))
        steady = summary.stages[1]
        assert (summary.kept_up, summary.saturated) == (None, 100)
        assert (steady.throughput, steady.bad) == (0, steady.started)
        # It ended, though badly: it is not under way, and no latency of it counts as short.
        assert steady.backlog_after <= 1
        assert math.isinf(steady.latencies[50.0])

    @pytest.mark.parametrize(("every", "kept"), [(10, None), (25, 10)])
    def test_a_few_bad_runs_do_not_saturate_a_cell_and_more_do(
        self, every: int, kept: float | None
    ) -> None:
        runs = [
            refuse([run], 0.0, 5.0)[0] if run.index % every == 0 else run
            for run in play(STEADY, lambda due: 80.0)
        ]
        (summary,) = summarize_load(STEADY, runs)
        assert summary.kept_up == kept

    def test_a_stage_in_which_nothing_started_is_not_kept_up_with(self) -> None:
        runs = [run for run in play(STEADY, lambda due: 80.0) if run.stage == 0]
        (summary,) = summarize_load(STEADY, runs)
        assert (summary.kept_up, summary.saturated) == (None, None)
        assert not summary.stages[1].kept_up

    def test_few_runs_have_no_far_percentiles(self) -> None:
        (summary,) = summarize_load(STEADY, play(STEADY, lambda due: 10.0))
        assert 99.0 in summary.stages[1].latencies
        assert 99.9 not in summary.stages[1].latencies

    def test_warming_up_counts_for_nothing_but_itself(self) -> None:
        (summary,) = summarize_load(
            STEADY, play(STEADY, lambda due: 4_000.0 if due < 5_000 else 10.0)
        )
        assert summary.stages[1].latencies[90.0] == 10.0


class TestBursts:
    LOAD = Load(stages=read_stages("10/s", 40, "5x:5s@10s"), arrivals="constant")

    def test_recovery_is_from_its_end_until_things_are_as_before(self) -> None:
        ends = 20_000.0

        def latency(due: float) -> float:
            return 60.0 if not 15_000 < due <= ends else 8_000.0

        (summary,) = summarize_load(self.LOAD, play(self.LOAD, latency))
        assert summary.recovery_s == pytest.approx(8.0, abs=0.3)

    def test_what_never_recovers_says_so(self) -> None:
        (summary,) = summarize_load(
            self.LOAD, play(self.LOAD, lambda due: 60.0 if due < 15_000 else None)
        )
        assert summary.recovery_s == math.inf

    def test_a_backlog_falls_when_what_failed_has_ended(self) -> None:
        # In the burst half of the runs are refused, after three seconds.
        runs = [
            refuse([run], 15_000.0, 3_000.0)[0] if run.stage == 2 and run.index % 2 else run
            for run in play(self.LOAD, lambda due: 60.0)
        ]
        (summary,) = summarize_load(self.LOAD, runs)
        assert summary.recovery_s == pytest.approx(3.0, abs=0.3)

    def test_an_app_that_refuses_everything_from_the_burst_on_does_not_recover(self) -> None:
        runs = refuse(play(self.LOAD, lambda due: 60.0), 15_000.0, 5.0)
        (summary,) = summarize_load(self.LOAD, runs)
        assert summary.recovery_s == math.inf

    def test_recovery_is_when_runs_end_well_again(self) -> None:
        refused = {
            run.index: run
            for run in refuse(play(self.LOAD, lambda due: 60.0), 15_000.0, 5.0)
            if run.intended_ms < 25_000
        }
        runs = [refused.get(run.index, run) for run in play(self.LOAD, lambda due: 60.0)]
        (summary,) = summarize_load(self.LOAD, runs)
        # At most one run in twenty of those after it may still be bad.
        assert 3.5 < (summary.recovery_s or 0.0) <= 5.1


class TestMerging:
    def write(self, folder: Path, number: int, count: int, seed: int = 7) -> Path:
        load = Load(stages=STEADY.stages, arrivals="constant", generator=number, generators=count)
        results = make_results(load, play(load, lambda due: due % 97))
        header = msgspec.structs.replace(results.header, seed=seed)
        path = folder / f"{number}-{count}-{seed}.jsonl"
        with ResultsWriter(path) as writer:
            writer.append(header)
            for run in results.loads:
                writer.append(run)
            if results.footer:
                writer.append(results.footer)
        return path

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_percentiles_are_those_of_one_generator(self, count: int, tmp_path: Path) -> None:
        files = [self.write(tmp_path, number, count) for number in range(1, count + 1)]
        merge_generators(tmp_path / "out.jsonl", files[::-1])
        merged = read_results_as(tmp_path / "out.jsonl", LoadResults)
        alone = play(STEADY, lambda due: due % 97)
        assert list(merged.loads) == alone
        assert study_load(merged).summaries == tuple(summarize_load(STEADY, alone))
        assert merged.footer is not None
        assert merged.footer.samples == len(alone)

    def test_several_scenarios_and_ends_of_loads_are_merged(self, tmp_path: Path) -> None:
        files = [self.write(tmp_path, number, 2) for number in (1, 2)]
        for path, reason in zip(files, ("", "no answer"), strict=True):
            with ResultsWriter(path) as writer:
                for run in read_results_as(path, LoadResults).loads:
                    writer.append(msgspec.structs.replace(run, scenario=FIFTY.id))
                for scenario in (TEN.id, FIFTY.id):
                    writer.append(
                        LoadEnd(
                            cell=EXPRESS,
                            scenario=scenario,
                            outcome="failed" if reason else "finished",
                            reason=reason,
                            seconds=1.0,
                        )
                    )
        merge_generators(tmp_path / "out.jsonl", files)
        merged = read_results_as(tmp_path / "out.jsonl", LoadResults)
        alone = play(STEADY, lambda due: due % 97)
        assert [run.index for run in merged.loads] == [run.index for run in alone] * 2
        assert [end.reason for end in merged.load_ends] == ["", "", "no answer", "no answer"]
        assert [item.failure for item in study_load(merged).summaries] == ["no answer"]

    @pytest.mark.parametrize("source", [0, 1], ids=["doubled", "foreign"])
    def test_a_start_that_is_not_its_generators_is_refused_and_nothing_is_written(
        self, source: int, tmp_path: Path
    ) -> None:
        files = [self.write(tmp_path, number, 2) for number in (1, 2)]
        with ResultsWriter(files[0]) as writer:
            writer.append(read_results_as(files[source], LoadResults).loads[-1])
        before = sorted(tmp_path.iterdir())
        with pytest.raises(ResultsError, match="starts of another generator"):
            merge_generators(tmp_path / "out.jsonl", files)
        assert sorted(tmp_path.iterdir()) == before

    def test_what_is_not_of_one_plan_is_refused(self, tmp_path: Path) -> None:
        one, other = self.write(tmp_path, 1, 2), self.write(tmp_path, 2, 2, seed=8)
        for files, cause in (
            ([one], "number 2 of 2"),
            ([one, one], "both are generator 1"),
            ([one, other], "they differ in seed"),
        ):
            with pytest.raises(ResultsError) as caught:
                merge_generators(tmp_path / "out.jsonl", files)
            assert cause in (caught.value.cause or "")
            assert not (tmp_path / "out.jsonl").exists()


class TestReport:
    def test_says_what_came_out(self) -> None:
        results = make_results(STEADY, play(STEADY, lambda due: 80.0))
        text = render_markdown(study_session(results), source="x.jsonl")
        assert text.startswith("**✅ 2")
        assert "kept up with 10/s" in text
        assert "80 ms" in text
        assert "<title>" in render_page(study_session(results), source="x.jsonl")
        assert "kept up with 10/s" in summarize_loads(study_load(results))

    @pytest.mark.parametrize("bad", [0, 3])
    def test_every_form_says_so(self, bad: int) -> None:
        runs = play(STEADY, lambda due: 80.0)
        failed = [msgspec.structs.replace(run, outcome="failed") for run in runs[-bad:] if bad]
        results = make_results(STEADY, [*runs[: len(runs) - bad], *failed])
        data = msgspec.json.decode(render_data(study_session(results), source="x"))
        jsonschema.validate(data, make_schema())
        assert data["benchmark"] is data["tests"] is None
        (row,) = data["loads"]
        assert row["kept_up_rate"] == 10
        assert row["stages"][1]["latencies_ms"]["50"] == 80.0
        assert row["stages"][1]["bad"] == bad
        suites = Xml.fromstring(render_junit(study_session(results), source="x"))
        assert suites.get("failures") == ("1" if bad else "0")
        badge = msgspec.json.decode(render_badge(study_session(results), source="x"))
        assert badge["color"] == ("red" if bad else "brightgreen")

    def test_a_late_generator_is_told_and_is_no_success(self) -> None:
        late = [
            msgspec.structs.replace(run, late_ms=400.0) for run in play(STEADY, lambda due: 480.0)
        ]
        results = make_results(STEADY, late)
        assert not study_load(results).sound
        assert (
            "the generator was late" in render_markdown(study_session(results), source="x").lower()
        )

    def test_a_session_that_was_cut_off_is_told(self) -> None:
        results = make_results(STEADY, play(STEADY, lambda due: 80.0)[:50], ended=False)
        assert "was cut off" in render_markdown(study_session(results), source="x")

    def test_failures_are_told_with_their_number(self) -> None:
        runs = [
            msgspec.structs.replace(run, outcome="failed", error="no room <b>")
            if run.index % 50 == 0
            else run
            for run in play(STEADY, lambda due: 80.0)
        ]
        text = render_markdown(study_session(make_results(STEADY, runs)), source="x")
        assert "5 did not end well" in text
        assert "- 5 x failed: no room" in text


def test_stages_of_a_load_are_kept_in_the_file(tmp_path: Path) -> None:
    results = make_results(STEADY, play(STEADY, lambda due: 1.0))
    with ResultsWriter(tmp_path / "x.jsonl") as writer:
        writer.append(results.header)
    kept = read_results_as(tmp_path / "x.jsonl", LoadResults).header.load
    assert kept == STEADY
    assert isinstance(STEADY.stages[0], LoadStage)

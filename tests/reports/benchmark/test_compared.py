"""Two versions are compared where that can be done, and never where it cannot."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import msgspec
import pytest

from harness.descriptions import Cell, Scenario
from harness.measure.changes import Change, Changes
from harness.results.records import BenchResults, Match
from reports.benchmark.changes import ALL_SCENARIOS, describe_changes, render_changes
from reports.benchmark.compared import compare_sessions, compare_versions, find_outcome, refuse
from reports.benchmark.findings import study
from reports.forms.markdown import render_markdown
from reports.forms.studies import study_session
from tests.reports.factories import EXPRESS, FIFTY, HONO, TEN, Session, make_scenario
from tests.reports.reading import pick, read_tables

BEFORE = Cell("v5", "express", "local-before")
AGAIN = Cell("v5", "express", "local-before-twin")
MATCHES = (
    Match(before=BEFORE, after=EXPRESS, kind="version"),
    Match(before=BEFORE, after=AGAIN, kind="twin"),
)


def measure_side_by_side(
    ratio: float, *, blocks: int = 8, noise: float = 0.02, scenarios: Sequence[Scenario] = ()
) -> Session:
    """Measure three cells: before, before again, and after, which takes the ratio of it."""
    asked = scenarios or [make_scenario(size) for size in (10, 25, 50, 100)]
    session = Session([EXPRESS], asked, forks=blocks, matches=MATCHES, against=("local@1.0.0",))
    random_ = random.Random(f"{ratio}/{blocks}")
    for block in range(1, blocks + 1):
        for scenario in asked:
            machine = 100.0 * scenario.size * math.exp(random_.gauss(0, 0.2))
            for cell, factor in ((BEFORE, 1.0), (AGAIN, 1.0), (EXPRESS, ratio)):
                own = math.exp(random_.gauss(0, noise))
                session.take(cell, scenario, machine * factor * own, block=block)
    return session


def compare(results: BenchResults) -> Changes:
    changes = compare_versions(study(results))
    assert changes is not None
    return changes


def one(changes: Changes, scenario: str) -> Change:
    (found,) = [row for row in changes.rows if row.scenario == scenario]
    return found


class TestVersions:
    def test_slower_version_is_a_regression(self) -> None:
        changes = compare(measure_side_by_side(1.2).end())
        assert {row.direction for row in changes.rows} == {"regression"}
        assert find_outcome(changes) == "failed"
        (whole,) = changes.overall
        assert whole.ratio is not None
        assert whole.ratio.center == pytest.approx(1.2, rel=0.05)
        assert whole.direction == "regression"

    def test_faster_version_is_an_improvement(self) -> None:
        changes = compare(measure_side_by_side(0.8).end())
        assert {row.direction for row in changes.rows} == {"improvement"}
        assert find_outcome(changes) == "passed"

    def test_same_version_is_no_difference_however_the_machine_drifts(self) -> None:
        changes = compare(measure_side_by_side(1.0).end())
        assert {row.direction for row in changes.rows} == {"no difference"}
        assert describe_changes(changes).startswith("No significant difference")

    def test_every_row_says_its_floor_and_its_chance(self) -> None:
        for row in compare(measure_side_by_side(1.2).end()).rows:
            assert row.floor is not None
            assert row.chance is not None
            assert 0 < row.floor < 0.2
            assert row.chance < 0.05

    def test_twins_that_differ_raise_every_floor(self) -> None:
        """Two builds of one thing that lie 10% apart: a change of 10% is worth nothing."""
        session = measure_side_by_side(1.1)
        session.samples = [
            msgspec.structs.replace(sample, completed_ms=1 + (sample.completed_ms or 0) * 1.1)
            if sample.cell == AGAIN
            else sample
            for sample in session.samples
        ]
        assert {row.direction for row in compare(measure_side_by_side(1.1).end()).rows} == {
            "regression"
        }
        assert {row.direction for row in compare(session.end()).rows} == {"no difference"}

    def test_few_blocks_are_not_compared(self) -> None:
        changes = compare(measure_side_by_side(2.0, blocks=2).end())
        assert {row.direction for row in changes.rows} == {"not compared"}
        assert find_outcome(changes) == "inconclusive"

    def test_flaw_on_either_side_is_not_compared_and_said(self) -> None:
        session = measure_side_by_side(2.0)
        session.fail_fork(BEFORE, "died")
        row = one(compare(session.end()), TEN.id)
        assert row.direction == "not compared"
        assert row.reason == "before: 1 failed fork: died"

    def test_bad_sample_on_either_side_costs_only_itself_and_is_said(self) -> None:
        session = measure_side_by_side(2.0)
        clean = one(compare(session.end()), TEN.id)
        session.spoil(BEFORE, TEN, "timeout", "slow")
        row = one(compare(session.end()), TEN.id)
        assert (row.direction, row.ratio) == ("regression", clean.ratio)
        assert (row.reason, row.faults) == ("", "before: 1 of 9 timed out, not known")

    def test_session_of_one_version_has_no_changes(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.measure(EXPRESS, TEN, 100)
        assert compare_versions(study(session.end())) is None

    def test_companions_stand_in_no_table_of_cells(self) -> None:
        report = render_markdown(study_session(measure_side_by_side(1.0).end()), source="x")
        tables = report[report.index("📊") : report.index("<summary>Provenance")]
        assert "Local-Before" not in tables
        assert "1 of 1 cell ran" in report


class TestSessions:
    def measure(self, ratio: float, *, noise: float = 0.01, seed: int = 1) -> BenchResults:
        random_ = random.Random(seed)
        session = Session([EXPRESS, HONO], [TEN, FIFTY], forks=5)
        for block in range(1, 6):
            for cell in (EXPRESS, HONO):
                for scenario in (TEN, FIFTY):
                    time = 1000 * ratio * math.exp(random_.gauss(0, noise))
                    session.take(cell, scenario, time, block=block)
        return session.end()

    def compare(self, ratio: float, drift: float | None) -> Changes:
        before, after = self.measure(1.0), self.measure(ratio, seed=2)
        return compare_sessions(study(before), study(after), drift=drift)

    def test_change_beyond_drift_and_noise_is_called(self) -> None:
        changes = self.compare(1.3, 0.02)
        assert {row.direction for row in changes.rows} == {"regression"}
        assert not changes.interleaved

    def test_change_within_the_drift_of_the_machine_is_not(self) -> None:
        assert {row.direction for row in self.compare(1.3, 0.2).rows} == {"no difference"}

    def test_nothing_is_called_where_the_drift_is_not_known(self) -> None:
        changes = self.compare(3.0, None)
        assert {row.direction for row in changes.rows} == {"not compared"}
        assert find_outcome(changes) == "inconclusive"
        ratio = changes.rows[0].ratio
        assert ratio is not None
        assert ratio.center == pytest.approx(3.0, rel=0.05)

    def test_reader_is_told_that_two_sessions_are_worth_less(self) -> None:
        assert any("--against" in caution for caution in self.compare(1.0, 0.02).cautions)

    def test_scenario_that_one_session_lacks_is_said(self) -> None:
        before, after = self.measure(1.0), self.measure(1.0, seed=2)
        header = msgspec.structs.replace(after.header, scenarios=(TEN,))
        less = msgspec.structs.replace(
            after,
            header=header,
            samples=tuple(item for item in after.samples if item.scenario == TEN.id),
        )
        changes = compare_sessions(study(before), study(less), drift=0.02)
        assert f"in one session only, and left out: {FIFTY.id}" in changes.cautions

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"methodology": 99}, "methodology"),
            ({"profile": "full"}, "profile"),
            ({"harness_version": "9.9.9"}, "version of the harness"),
            ({"harness_version": "0.1.0.dev7+g053d0d2"}, ""),
            ({"workers": 4}, "workers"),
            ({"scenarios": (make_scenario(10, samples=99), FIFTY)}, "sequential-10"),
            ({"cells": (HONO,), "scenarios": (TEN,)}, ""),
        ],
    )
    def test_different_sessions_are_refused_by_name(
        self, changes: dict[str, object], named: str
    ) -> None:
        header = self.measure(1.0).header
        said = refuse(header, msgspec.structs.replace(header, **changes))
        assert (named in said) if named else not said

    def test_another_machine_is_refused(self) -> None:
        header = self.measure(1.0).header
        other = msgspec.structs.replace(
            header, machine=msgspec.structs.replace(header.machine, cores=99)
        )
        changes = compare_sessions(
            study(self.measure(1.0)),
            study(msgspec.structs.replace(self.measure(9.0), header=other)),
            drift=0.01,
        )
        assert changes.refused == "the two sessions differ in machine"
        assert changes.rows == ()
        assert describe_changes(changes).startswith("Not compared")


class TestTables:
    def test_what_changed_comes_first_and_the_rest_is_folded(self) -> None:
        session = measure_side_by_side(1.2, scenarios=[TEN, FIFTY])
        session.spoil(EXPRESS, FIFTY, "incorrect", "wrong")
        session.samples = [
            sample
            for sample in session.samples
            if (sample.cell, sample.scenario, sample.outcome) != (EXPRESS, FIFTY.id, "correct")
        ]
        findings = study(session.end())
        changes = compare_versions(findings)
        text = render_changes(changes, findings.results.header.scenarios, findings.names)
        called, rest = read_tables(text)
        assert [row[""] for row in called] == ["🔺"]
        assert pick(rest, Scenario=FIFTY.title)["Floor"] == "after: 1 incorrect answer: wrong"

    def test_mean_of_all_scenarios_has_a_row(self) -> None:
        findings = study(measure_side_by_side(1.2).end())
        changes = compare_versions(findings)
        text = render_changes(changes, findings.results.header.scenarios, findings.names)
        row = pick(read_tables(text)[0], Scenario=ALL_SCENARIOS)
        assert row["Ratio"].startswith("1.")
        assert row["Floor"].startswith("±")

    def test_refusal_is_all_there_is(self) -> None:
        findings = study(measure_side_by_side(1.0).end())
        refused = msgspec.structs.replace(compare(findings.results), refused="they differ", rows=())
        assert "Not compared: they differ" in render_changes(refused, [], findings.names)

"""The comment on a pull request: what matters first and whole, never too long, never broken."""

from __future__ import annotations

import random
import re

import msgspec
import pytest

from harness.descriptions import Cell
from harness.results.records import Results
from reports.forms.comment import LIMIT, MARKER, measure_length, render_comment
from reports.forms.comment.history import (
    HistoryEntry,
    add_entry,
    hide_history,
    read_history,
    render_history,
)
from reports.forms.comment.rendering import Page
from reports.forms.studies import study_session
from tests.reports.benchmark.test_compared import compare, measure_side_by_side
from tests.reports.checking import make_check, make_results
from tests.reports.factories import (
    EXPRESS,
    FIFTY,
    HONO,
    TEN,
    Session,
    make_framework,
    make_scenario,
    make_world,
)
from tests.reports.linking import LIVE, list_linked
from tests.reports.loading import load_cell, make_loaded


@pytest.fixture
def small() -> Results:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    for scenario in (TEN, FIFTY):
        session.measure(EXPRESS, scenario, 100)
        session.measure(HONO, scenario, 200)
    return session.end()


def make_large(scenarios: int = 40) -> Results:
    """Measure 8 Worlds behind 12 frameworks."""
    cells = [Cell("v5", f"framework{f}", f"world{w}") for w in range(8) for f in range(12)]
    asked = [make_scenario(10 + number, f"family{number % 8}") for number in range(scenarios)]
    random_ = random.Random(1)
    session = Session(cells, asked)
    for cell in cells:
        for scenario in asked:
            session.measure(cell, scenario, 100 * (1 + random_.random()))
    return session.end()


def entry(commit: str, **changes: object) -> HistoryEntry:
    given = {
        "commit": commit,
        "started_at": "2026-01-02",
        "verdict": "all well",
        "methodology": 1,
        "machine": "this one",
    }
    return HistoryEntry(**{**given, **changes})  # type: ignore[arg-type]


class TestOrder:
    def test_marker_and_verdict_come_first(self, small: Results) -> None:
        body = render_comment(study_session(small))
        assert body.startswith(MARKER)
        shown = [line for line in body.splitlines() if line and not line.startswith("<!--")]
        assert shown[0].startswith("## ✅ world-harness: 2 of 2 cells ran")

    def test_sections_are_folded_behind_everything_else(self, small: Results) -> None:
        body = render_comment(study_session(small))
        places = [
            body.index("## 🏁 Overview"),
            body.index("Where the numbers come from"),
            body.index(f"<summary>{TEN.title}"),
            body.index(f"<summary>{FIFTY.title}"),
        ]
        assert places == sorted(places)

    def test_changes_come_before_what_is_folded_and_only_those_beyond_the_floor(self) -> None:
        body = render_comment(study_session(measure_side_by_side(1.2).end()))
        assert body.index("## Changes") < body.index("<details>")
        assert "❌ world-harness: 5 regressions in 5 rows" in body
        quiet = render_comment(study_session(measure_side_by_side(1.0).end()))
        changes = quiet[quiet.index("## Changes") : quiet.index("<details>")]
        assert "|" not in changes
        assert "No significant difference" in changes

    def test_failures_are_told_without_unfolding(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.measure(EXPRESS, TEN, 100)
        session.spoil(EXPRESS, TEN, "timeout", "it took for ever")
        body = render_comment(study_session(session.end()))
        assert "## ❌" in body
        assert body.index("it took for ever") < body.index("<details>")


class TestLimit:
    @pytest.mark.slow
    def test_large_table_is_cut_at_its_last_sections_and_says_so(self) -> None:
        body = render_comment(
            study_session(make_large()), page=Page(address="https://ci.example/7")
        )
        assert LIMIT * 0.8 < measure_length(body) <= LIMIT
        last = body.rstrip().splitlines()[-1]
        assert "scenarios cut to fit" in last
        assert "https://ci.example/7" in last
        shown = body.count("<summary>workflow with")
        assert f"{40 - shown} scenarios cut to fit" in last
        assert body.count("<details>") == body.count("</details>")

    @pytest.mark.parametrize("limit", [5_000, 9_000, 20_000])
    def test_no_limit_is_ever_exceeded(self, limit: int) -> None:
        body = render_comment(study_session(make_large(4)), limit=limit)
        assert measure_length(body) <= limit
        assert "world-harness: 96 of 96 cells ran" in body

    def test_small_report_is_not_cut(self, small: Results) -> None:
        assert "cut to fit" not in render_comment(study_session(small))

    def test_signs_outside_of_the_basic_plane_count_twice(self) -> None:
        assert measure_length("🥇") == 2
        assert measure_length("é") == 1


class TestHistory:
    def test_survives_the_comment(self) -> None:
        history = (entry("1"), entry("2", verdict="--> <!-- `x` | y"))
        assert read_history(f"before {hide_history(history)} after") == history

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "<!-- world-harness-history !!! -->",
            "<!-- world-harness-history AAAA -->",
            "<!-- world-harness-history eJyrVkrLz1eyUkpKLFKqBQAjNwR9 -->",
        ],
    )
    def test_what_somebody_changed_is_forgotten(self, body: str) -> None:
        assert read_history(body) == ()

    def test_keeps_twenty_commits_and_each_once(self) -> None:
        history: tuple[HistoryEntry, ...] = ()
        for number in range(30):
            history = add_entry(history, entry(str(number)))
        history = add_entry(history, entry("29", verdict="again"))
        assert [item.commit for item in history] == [str(number) for number in range(10, 30)]
        assert history[-1].verdict == "again"

    def test_numbers_of_another_methodology_or_machine_are_marked(self) -> None:
        history = (entry("1", methodology=0), entry("2", machine="other"), entry("3"), entry("4"))
        shown = render_history(history).splitlines()
        assert [line.count("not comparable") for line in shown if "`" in line] == [0, 1, 1]

    def test_goes_from_comment_to_comment(self, small: Results) -> None:
        body = ""
        for commit in ("aaa", "bbb", "ccc"):
            body = render_comment(study_session(small), page=Page(commit=commit), previous=body)
        assert [item.commit for item in read_history(body)] == ["aaa", "bbb", "ccc"]
        assert "History: 2 former commits" in body


class TestForeignText:
    HOSTILE = "-->\n\n@everyone | `x` <script>alert(1)</script> </details> ## no"

    def test_title_breaks_neither_table_nor_marker_and_calls_nobody(self) -> None:
        session = Session(
            [EXPRESS, HONO],
            [make_scenario(10, title=self.HOSTILE)],
            frameworks=(make_framework("express", title=self.HOSTILE), make_framework("hono")),
        )
        scenario = session.header.scenarios[0]
        session.measure(EXPRESS, scenario, 100)
        session.spoil(HONO, scenario, "failed", self.HOSTILE)
        # What stands in code is shown as it is, and does nothing.
        body = re.sub(
            r"(`+)(?!`).+?(?<!`)\1(?!`)", "", render_comment(study_session(session.end()))
        )
        assert "<script>" not in body
        assert "@everyone" not in body
        assert body.count("<details>") == body.count("</details>")
        assert body.count("-->") == body.count("<!--")

    def test_nothing_of_it_is_live_and_our_own_address_is(self) -> None:
        hostile = " ".join(LIVE)
        session = Session(
            [EXPRESS, HONO],
            [make_scenario(10, title=hostile)],
            frameworks=(make_framework("express", title=hostile), make_framework("hono")),
            worlds=(make_world("local", title=hostile, section=hostile, description=hostile),),
            started_at=hostile,
            harness_version=hostile,
        )
        session.measure(EXPRESS, session.header.scenarios[0], 100)
        session.spoil(HONO, session.header.scenarios[0], "failed", hostile)
        page = Page(address="https://ci.example/7", commit=hostile)
        measured = session.end()
        once = render_comment(study_session(measured), page=page)
        twice = render_comment(study_session(measured), page=Page(commit="abc"), previous=once)
        checked = make_results([make_check("failed", message=hostile, suite=hostile)])
        loaded = make_loaded(load_cell(outcome="failed", error=hostile, latency_ms=None))
        for body in (
            once,
            twice,
            render_comment(study_session(checked)),
            render_comment(study_session(loaded)),
        ):
            assert list_linked(body) == []
        cut = render_comment(study_session(measured), page=page, limit=9_000)
        assert [piece for piece in list_linked(cut) if "https://ci.example/7" not in piece] == []
        assert "the whole report: https://ci.example/7" in cut


def test_other_versions_numbers_are_rendered_as_given(small: Results) -> None:
    refused = msgspec.structs.replace(
        compare(measure_side_by_side(1.0).end()), refused="the two sessions differ in machine"
    )
    assert "Not compared: the two sessions differ in machine" in render_comment(
        study_session(small), changes=refused
    )

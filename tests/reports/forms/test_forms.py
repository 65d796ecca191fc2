"""Badges, the summary of a step, and every other form that a result file is rendered in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.results.records import Results
from reports.forms.badge import render_badge
from reports.forms.files import write_reports
from reports.forms.formats import FORMATS
from reports.forms.markdown import render_markdown, render_unfolded
from reports.forms.page.document import read_document
from reports.forms.page.page import render_page
from reports.forms.page.sorting import find_sort_key
from reports.forms.step_summary import cut, render_step_summary
from reports.forms.studies import study_session
from reports.writing.folding import split_sections
from reports.writing.text import NOTHING
from tests import RESULTS
from tests.harness.cli import command_line
from tests.reports.checking import make_check, make_results
from tests.reports.factories import EXPRESS, FIFTY, HONO, TEN, Session

EXAMPLE = RESULTS / "quick.jsonl"


def measure(*, spoiled: bool = False, cut_off: bool = False) -> Results:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    for cell in (EXPRESS, HONO):
        session.measure(cell, TEN, 100.0)
        session.measure(cell, FIFTY, 500.0)
    if spoiled:
        session.spoil(HONO, TEN, "incorrect", "wrong")
    if cut_off:
        session.interrupt(HONO, block=3)
    return session.end()


class TestBadge:
    @pytest.mark.parametrize(
        ("results", "message", "color"),
        [
            (measure(), "2 cells, no failures", "brightgreen"),
            (measure(spoiled=True), "1 failure in 2 cells", "red"),
            (make_results([make_check("failed")]), "1 failed", "red"),
        ],
    )
    def test_says_what_came_out(self, results: Results, message: str, color: str) -> None:
        badge = json.loads(render_badge(study_session(results), source="x"))
        assert badge["schemaVersion"] == 1
        assert message in badge["message"]
        assert badge["color"] == color

    def test_is_never_green_for_a_session_that_did_not_end(self) -> None:
        badge = json.loads(render_badge(study_session(measure(cut_off=True)), source="x"))
        assert badge["color"] != "brightgreen"


class TestStepSummary:
    def test_is_the_report_where_there_is_room(self) -> None:
        results = measure()
        whole = render_markdown(study_session(results), source="x.jsonl")
        assert render_step_summary(study_session(results), source="x.jsonl") == whole

    @pytest.mark.parametrize("room", [20_000, 5_000, 2_500])
    def test_never_takes_more_than_its_room_and_says_what_is_gone(self, room: int) -> None:
        whole = render_markdown(study_session(measure()), source="x.jsonl") + "ü🥇\n" * 20_000
        text = cut(whole, source="x.jsonl", room=room)
        assert len(text.encode()) <= room
        assert "world-harness report x.jsonl" in text.splitlines()[-1]

    def test_the_verdict_is_what_stays_longest(self) -> None:
        whole = render_unfolded(study_session(measure(spoiled=True)), source="x.jsonl")
        text = cut(whole, source="x.jsonl", room=len(whole.encode()) - 1)
        assert text.splitlines()[0] == whole.splitlines()[0]
        assert "Step Latency" in text.splitlines()[-1]

    def test_sections_are_the_whole_report(self) -> None:
        text = "head\n\n## A\n\n```\n## no heading\n```\n\n## B\nb\n"
        assert split_sections(text) == [
            "head\n\n",
            "## A\n\n```\n## no heading\n```\n\n",
            "## B\nb\n",
        ]

    def test_is_appended_where_github_asks_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("before\n", encoding="utf-8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        results = measure()
        report = write_reports(study_session(results), tmp_path / "x.jsonl")
        assert summary.read_text("utf-8") == "before\n" + report.read_text("utf-8")


class TestForms:
    @pytest.mark.parametrize("form", FORMATS)
    def test_the_command_renders_each(self, form: str, tmp_path: Path) -> None:
        out = tmp_path / "out"
        done = command_line.run("report", EXAMPLE, "--format", form, "--output", out)
        assert done.code == 0, done.err
        assert out.read_text("utf-8").strip()

    def test_a_report_is_written_as_markdown_and_as_a_page(self, tmp_path: Path) -> None:
        write_reports(study_session(measure()), tmp_path / "x.jsonl")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["x.html", "x.md"]


class TestPage:
    def test_says_the_text_of_the_markdown(self) -> None:
        results = measure(spoiled=True)
        page = render_page(study_session(results), source="x.jsonl")
        document = read_document(render_unfolded(study_session(results), source="x.jsonl"))
        assert document.head in page
        assert document.sections
        for section in document.sections:
            assert section.body in page

    def test_titles_that_are_the_same_have_places_of_their_own(self) -> None:
        document = read_document("x\n\n## A\n\na\n\n## A\n\nb\n")
        assert [section.anchor for section in document.sections] == ["a", "a-2"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("90 ms [80, 100]", "90"),
        ("1.5 s [1, 2]", "1500"),
        ("~2 min", "120000"),
        ("12,345", "12345"),
        ("1.22x", "1.22"),
        ("+5.3%", "5.3"),
        ("-5.3%", "-5.3"),
        ("N^0.94 [0.9, 1]", "0.94"),
        ("2 MiB", "2097152"),
        ("🥇 Express", "express"),
        (NOTHING, ""),
        ("❌ 1 incorrect", ""),
        ("2N + 1", "2n + 1"),
    ],
)
def test_cells_are_sorted_by_the_amount_that_they_begin_with(text: str, key: str) -> None:
    assert find_sort_key(text) == key

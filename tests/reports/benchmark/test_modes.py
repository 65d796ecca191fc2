"""Builds and dev servers stand in sections of their own, and never compete."""

from __future__ import annotations

import json
import shlex
from xml.etree import ElementTree

import msgspec
import pytest

from harness.results.records import BenchResults
from reports.benchmark.findings import Findings, study
from reports.benchmark.flaws import render_failures
from reports.benchmark.overview import TITLE, render_overview
from reports.benchmark.scenarios import decide_sections, render_scenario
from reports.benchmark.terminal import summarize
from reports.benchmark.wins import hold_contests, render_summary
from reports.forms.answer_data import list_answers
from reports.forms.comment.benchmark import tell_benchmark
from reports.forms.data import render_data
from reports.forms.junit import render_junit
from reports.forms.page.figures.heatmap import lay_tiles
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    HONO,
    HONO_POSTGRES,
    TEN,
    Session,
)
from tests.reports.reading import list_headings, pick, read_table

BUILT = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES]
DEVELOPED = [msgspec.structs.replace(cell, mode="development") for cell in BUILT]
TIMES = [100.0, 200.0, 400.0, 300.0]


def measure() -> BenchResults:
    """Measure dev servers that are ten times faster than any build."""
    session = Session([cell for pair in zip(BUILT, DEVELOPED, strict=True) for cell in pair], [TEN])
    for built, developed, time in zip(BUILT, DEVELOPED, TIMES, strict=True):
        session.measure(built, TEN, time)
        session.measure(developed, TEN, time / 10)
    return session.end()


@pytest.fixture(scope="module")
def findings() -> Findings:
    return study(measure())


def render(findings: Findings) -> str:
    return render_scenario(findings, TEN, decide_sections(findings))


def test_dev_servers_of_a_world_have_a_section_and_come_first(findings: Findings) -> None:
    assert [title for title in list_headings(render(findings)) if title.startswith("####")] == [
        "#### 💻 Local Development",
        "#### 💻 Postgres Development",
        "#### 📦 Local Production",
        "#### 🐘 Postgres",
    ]


@pytest.mark.parametrize("section", ["#### 💻 Local Development", "#### 📦 Local Production"])
def test_fastest_is_of_its_own_mode(findings: Findings, section: str) -> None:
    rows = read_table(render(findings), section)
    assert [(row["Framework"], row["vs Fastest"]) for row in rows] == [
        ("🥇 Express", "1.00x"),
        ("Hono", "2.00x"),
    ]


def test_columns_of_a_table_of_times_are_those_that_people_know(findings: Findings) -> None:
    row = read_table(render(findings), "#### 💻 Local Development")[0]
    assert list(row)[:3] == ["World", "Framework", "Workflow Time"]


def test_contests_never_mix_modes(findings: Findings) -> None:
    for part in ("framework", "world"):
        contests = hold_contests(findings, part)
        assert len(contests) == 4
        assert all(len(contest.contenders) == 2 for contest in contests)
    rows = read_table(render_summary(findings), "## Summary", "### Fastest Framework by World")
    for mode in ("production", "development"):
        local = pick(rows, World="Local", Mode=mode)
        assert local["🥇 Fastest Framework"] == "🥇 Express"
        assert pick(rows, World="Postgres", Mode=mode)["🥇 Fastest Framework"] == "🥇 Hono"


def test_answers_and_overview_are_given_mode_by_mode(findings: Findings) -> None:
    told = summarize(findings)
    overview = render_overview(findings)
    for mode in ("production", "development"):
        assert f"Fastest World in {mode}: " in told
        (whole, _) = read_table(overview, f"## {TITLE}", f"### {mode}")
        assert whole["Local"] == "🥇"
    assert [answer.mode for answer in list_answers(findings) if answer.part == "world"] == [
        "production",
        "development",
    ]


def test_mode_is_not_named_where_only_builds_were_measured() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    for cell in (EXPRESS, HONO):
        session.measure(cell, TEN, 100.0)
    findings = study(session.end())
    assert "in production" not in summarize(findings)
    assert "Mode" not in render_summary(findings)
    assert "production" not in findings.names.label(EXPRESS)


def test_heatmap_compares_within_a_mode(findings: Findings) -> None:
    tiles = lay_tiles(findings, TEN, decide_sections(findings))
    by_cell = dict(zip(findings.results.header.cells, tiles, strict=True))
    assert by_cell[EXPRESS].text == "1.00x 🥇"
    assert by_cell[DEVELOPED[0]].text == "1.00x 🥇"


def test_command_of_a_failure_runs_its_mode() -> None:
    session = Session([EXPRESS, DEVELOPED[0]], [TEN])
    session.measure(EXPRESS, TEN, 100.0)
    session.spoil(DEVELOPED[0], TEN, "failed", "crashed")
    told = render_failures(study(session.end()))
    assert "Local · Express · development · " in told
    (command,) = [line for line in told.splitlines() if line.startswith("world-harness")]
    words = shlex.split(command)
    assert words[words.index("--mode") + 1] == "development"


def test_comment_shows_the_sections_and_the_first_compile() -> None:
    session = Session([EXPRESS, DEVELOPED[0]], [TEN])
    for cell in (EXPRESS, DEVELOPED[0]):
        first = {"warmup": True, "sequence": 0, "request_ms": 4_000.0}
        session.take(cell, TEN, block=1, **first)
        session.measure(cell, TEN, 100.0)
    story = tell_benchmark(study(session.end()), None, "results.jsonl")
    assert any("Start-up and first compile" in point for point in story.points)
    assert "💻 Local Development" in story.sections[0].render()


def test_data_and_junit_name_the_mode_of_each_cell(findings: Findings) -> None:
    report = json.loads(render_data(findings, source="results.jsonl"))["benchmark"]
    sections = {(row["cell"]["mode"], row["section"]) for row in report["rows"]}
    assert ("development", "💻 Local Development") in sections
    assert ("production", "📦 Local Production") in sections
    assert {row["vs_fastest"] for row in report["rows"]} >= {1.0}
    suites = ElementTree.fromstring(render_junit(findings, source="results.jsonl"))
    names = [suite.get("name") for suite in suites]
    assert names.count("v5/express/local") == names.count("v5/express/local/development") == 1

"""The report has everything, in the order in which it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.results.records import Results
from reports.forms.markdown import render_markdown
from reports.forms.studies import study_session
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    FIFTY,
    HONO,
    HONO_POSTGRES,
    STREAM,
    TEN,
    Session,
    make_framework,
    make_scenario,
    make_world,
)
from tests.reports.reading import list_headings, read_tables

markdown_it: Any = pytest.importorskip("markdown_it")

SECTIONS = [
    "🏁 Overview",
    "Failures",
    "📊 Benchmark Results",
    "Stream Benchmarks (includes TTFB metrics)",
    "Step Latency (TTFS / TTLS / STSO / WO)",
    "Summary",
    "Cost of a Run",
    "Memory and CPU",
    "Column Definitions",
    "Worlds:",
    "Provenance",
]

GOLDEN = Path(__file__).parent / "golden.md"
HOSTILE = "a|b\\|c\n`tick` ``` <b>*x*</b> </details> @someone \x1b[31m"


def render(results: Results) -> str:
    return render_markdown(study_session(results), source="results/one.jsonl")


def small_session() -> Session:
    """Two frameworks on two Worlds: a win, a tie, a wrong answer, a timeout and streams."""
    one = make_scenario(1, title="workflow with 1 step")
    cells = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES]
    session = Session(cells, [one, TEN, FIFTY, STREAM])
    paces = {EXPRESS: 1.0, HONO: 1.5, EXPRESS_POSTGRES: 2.0, HONO_POSTGRES: 2.01}
    for cell, pace in paces.items():
        for scenario in (one, TEN, FIFTY):
            session.count(cell, scenario, flow=1)
            if (cell, scenario) != (HONO, FIFTY):
                session.measure(cell, scenario, pace * (12 + 8 * scenario.size))
        session.measure(cell, STREAM, pace * 240)
        session.count(cell, STREAM, flow=3)
    session.spoil(HONO_POSTGRES, TEN, "incorrect", "expected 45, got 36", block=2)
    for block in (1, 2, 3):
        session.spoil(HONO, FIFTY, "timeout", "no end within 30000 ms", block=block)
    return session


def test_small_report_reads_like_this() -> None:
    """After a change that is meant: `python -m tests.reports.forms.test_markdown`."""
    assert render(small_session().end()) == GOLDEN.read_text(encoding="utf-8")


def test_answers_come_first_and_details_are_folded() -> None:
    text = render(small_session().end())
    parts = [
        line.removeprefix("## ").removeprefix("<summary>").removesuffix("</summary>")
        for line in text.splitlines()
        if line.startswith(("## ", "<summary>"))
    ]
    assert [part for part in parts if part in SECTIONS] == SECTIONS
    assert [line for line in list_headings(text) if line.startswith("## ")] == [
        "## 🏁 Overview",
        "## Failures",
    ]


def test_verdict_is_the_first_line() -> None:
    assert render(small_session().end()).startswith("**❌ 4 of 4 cells ran, ")


def test_sound_session_has_a_sound_verdict_and_no_failures() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.measure(HONO, TEN, 100)
    text = render(session.end())
    assert text.startswith("**✅ 2 of 2 cells ran, 12 timed samples, no failures.**")
    assert "## Failures" not in text


def test_scenarios_keep_the_order_of_the_header_and_streams_come_last() -> None:
    session = Session([EXPRESS], [STREAM, FIFTY, TEN])
    found = [line for line in list_headings(render(session.end())) if line.startswith("### ")]
    assert found[:3] == [f"### {scenario.title}" for scenario in (FIFTY, TEN, STREAM)]


@pytest.mark.parametrize("scenarios", [[], [TEN], [STREAM]])
@pytest.mark.parametrize("cells", [[EXPRESS], [EXPRESS, HONO_POSTGRES]])
def test_nothing_measured_still_has_a_report(cells: list[Any], scenarios: list[Any]) -> None:
    text = render(Session(cells, scenarios).end())
    assert text.startswith(f"**{'❌' if scenarios else '✅'} 0 of ")
    assert "<summary>Provenance" in text


def test_interrupted_session_is_incomplete_and_shows_what_it_has() -> None:
    session = small_session()
    session.interrupt(HONO_POSTGRES, block=3)
    text = render(session.end())
    assert "The session is incomplete: 15 of 16 forks ended." in text.split("\n")[0]
    assert "in 2 forks" in text


def test_order_of_the_file_does_not_matter() -> None:
    session = small_session()
    for reason in ("one", "another", "one"):
        session.spoil(EXPRESS, FIFTY, "failed", reason)
    session.fail_fork(HONO, "this")
    session.fail_fork(HONO, "that", block=2)
    results = session.end()
    turned = msgspec.structs.replace(
        results, samples=results.samples[::-1], forks=results.forks[::-1]
    )
    assert render(turned) == render(results)


def test_no_text_from_outside_breaks_the_document() -> None:
    session = Session(
        [EXPRESS, HONO],
        [make_scenario(10, title=HOSTILE)],
        frameworks=(make_framework("express", title=HOSTILE), make_framework("hono")),
        worlds=(make_world("local", title=HOSTILE, section=HOSTILE, description=HOSTILE),),
        pins={HOSTILE: {HOSTILE: HOSTILE}},
        command=HOSTILE,
        profile=HOSTILE,
        harness_commit=HOSTILE,
    )
    session.measure(EXPRESS, session.header.scenarios[0], 100)
    session.spoil(HONO, session.header.scenarios[0], "failed", HOSTILE)
    session.fail_fork(HONO, HOSTILE)
    session.count(EXPRESS, session.header.scenarios[0], 1, calls={HOSTILE: 1})
    text = render(session.end())
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    blocks = [token.content for token in tokens if token.type == "html_block"]
    folds = text.count("\n<details>\n")
    assert folds > 8
    assert sum(block.count("<details>") for block in blocks) == folds
    assert sum(block.count("</details>") for block in blocks) == folds
    assert sum(token.type == "table_open" for token in tokens) == len(read_tables(text))
    assert "\x1b" not in text
    inline = [child for token in tokens for child in token.children or ()]
    tags = {child.content for child in inline if child.type == "html_inline"}
    assert tags == {"<!-- -->"}


if __name__ == "__main__":
    GOLDEN.write_text(render(small_session().end()), encoding="utf-8")

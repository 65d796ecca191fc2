"""Percentiles say how many values they come from, and none comes from too few."""

from __future__ import annotations

from typing import Any

import pytest

from harness.results.records import BenchResults, StepTimes
from reports.benchmark.findings import study
from reports.benchmark.latencies import TITLE, list_latencies, render_latencies
from reports.benchmark.overview import render_overview
from reports.forms.markdown import ONLY_LATENCIES, render_markdown
from reports.writing.text import NOTHING
from tests.reports.factories import EXPRESS, HONO, TEN, Session, make_scenario
from tests.reports.reading import Row, pick, read_tables

HOOKS = make_scenario(
    20, "hook-resume", kind="latency", measures=("resume",), hooks=20, title="20 hooks"
)


def take(session: Session, latency: float, *, hooks: int = 20, block: int = 1) -> None:
    at = [100.0 * number for number in range(hooks)]
    session.take(
        EXPRESS,
        HOOKS,
        block=block,
        resumed_ms=tuple(at),
        steps=tuple(StepTimes(start + latency, start + latency + 1, "a") for start in at),
    )


def rows(results: BenchResults) -> list[Row]:
    return read_tables(render_latencies(study(results)))[0]


def test_row_says_how_many_values_of_how_many_forks() -> None:
    session = Session([EXPRESS], [HOOKS], forks=5)
    for block in range(1, 6):
        take(session, 10.0 + block, block=block)
    (row,) = rows(session.end())
    assert (row["Measure"], row["Values"]) == ("Hook resume", "100 in 5 forks")
    assert row["p50"].startswith("13 ms [")
    assert row["p99"].startswith("15 ms [")


@pytest.mark.parametrize(("hooks", "shown"), [(9, ["p50"]), (10, ["p50", "p90"])])
def test_no_percentile_comes_from_fewer_values_than_it_needs(hooks: int, shown: list[str]) -> None:
    session = Session([EXPRESS], [HOOKS])
    take(session, 10.0, hooks=hooks)
    (row,) = rows(session.end())
    assert [name for name in ("p50", "p90", "p99") if row[name] != NOTHING] == shown
    (latency,) = list_latencies(study(session.end()))
    assert [*latency.percentiles] == shown
    assert latency.values == hooks


def test_bad_samples_and_warm_ups_have_no_values() -> None:
    session = Session([EXPRESS], [HOOKS])
    take(session, 10.0)
    late: dict[str, Any] = {"resumed_ms": (0.0,), "steps": (StepTimes(999.0, 1000.0, "a"),)}
    session.take(EXPRESS, HOOKS, warmup=True, **late)
    session.take(EXPRESS, HOOKS, outcome="incorrect", error="answered 3", **late)
    (latency,) = list_latencies(study(session.end()))
    assert (latency.values, latency.largest) == (20, 10.0)


def test_cell_without_values_says_why() -> None:
    session = Session([EXPRESS, HONO], [HOOKS])
    take(session, 10.0)
    session.spoil(HONO, HOOKS, "timeout", "no end within 60000 ms")
    row = pick(rows(session.end()), Framework="Hono")
    assert row["p50"] == NOTHING
    assert "❌" in row["Values"]
    assert "no end within 60000 ms" in row["Values"]


def test_workflow_time_of_a_latency_decides_nothing() -> None:
    session = Session([EXPRESS, HONO], [HOOKS])
    for block in (1, 2, 3):
        session.take(EXPRESS, HOOKS, 10.0, block=block)
        session.take(HONO, HOOKS, 1000.0, block=block)
    findings = study(session.end())
    assert not any(entry.competes for entry in findings.entries.values())


def test_overview_has_no_row_of_a_latency() -> None:
    session = Session([EXPRESS, HONO], [HOOKS, TEN])
    session.measure(EXPRESS, TEN, 100)
    session.measure(HONO, TEN, 200)
    text = render_overview(study(session.end()))
    assert TEN.id in text
    assert HOOKS.id not in text


def test_sessions_without_such_scenarios_have_no_such_section() -> None:
    assert render_latencies(study(Session([EXPRESS], [TEN]).end())) == ""
    assert TITLE in render_latencies(study(Session([EXPRESS], [HOOKS]).end()))


def test_report_of_latencies_alone_says_so() -> None:
    session = Session([EXPRESS], [HOOKS])
    take(session, 10.0)
    assert ONLY_LATENCIES in render_markdown(study(session.end()), source="results/one.jsonl")
    other = Session([EXPRESS], [HOOKS, TEN])
    assert ONLY_LATENCIES not in render_markdown(study(other.end()), source="results/one.jsonl")

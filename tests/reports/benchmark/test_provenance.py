"""A reader can tell what was measured, on what, and measure it again."""

from __future__ import annotations

import pytest

from harness.results.records import METHODOLOGY
from reports.benchmark.findings import Findings, study
from reports.benchmark.provenance import render_provenance
from reports.benchmark.resources import render_resources
from reports.writing.definitions import render_definitions, render_worlds
from reports.writing.names import name_everything
from reports.writing.text import NOTHING
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    TEN,
    Session,
    make_world,
)
from tests.reports.reading import read_table, read_tables


@pytest.fixture
def findings() -> Findings:
    session = Session([EXPRESS, EXPRESS_POSTGRES], [TEN])
    session.measure(EXPRESS, TEN, 100)
    return study(session.end())


@pytest.mark.parametrize(
    "fact",
    [
        "- **Harness**: 0.1.0, commit `abc1234`",
        f"- **Methodology**: {METHODOLOGY}; results of another are not comparable",
        "- **Profile**: quick: 2 cells, 1 scenario, 3 forks per cell",
        "- **SDK**: v5 (TypeScript)",
        "- **Seed**: 7",
        "- **Machine**: A Processor, 2 cores, 24 GiB, Linux 6.1, Python 3.11.7, Node v24.1.0",
        "- **Session**: began 2026-01-02T03:04:05+00:00, took 10 min 0 s: 8 of 8 forks ended",
        "- **Harness overhead**: 1.2% of one core while samples were taken, 150 MiB of memory",
        "- **Raw data**: `results/one.jsonl`",
        "```sh\nworld-harness bench quick --seed 7\n```",
    ],
)
def test_provenance_has_every_fact(findings: Findings, fact: str) -> None:
    assert fact in render_provenance(findings, "results/one.jsonl")


def test_pins_fold_under_a_line(findings: Findings) -> None:
    folded = render_provenance(findings, "x").split("<details>")[1]
    assert read_tables(folded)[0] == [
        {"Line": "v5", "Package": "`workflow`", "Version": "5.0.0-beta.35"}
    ]


def test_session_that_did_not_end_says_so() -> None:
    session = Session([EXPRESS], [TEN])
    session.fail_fork(EXPRESS, "died")
    session.interrupt(EXPRESS, block=3)
    text = render_provenance(study(session.end()), "x")
    assert "**incomplete**: 3 of 4 forks ended, 1 of them failed" in text
    assert "unknown: the session did not end" in text


def test_unknown_commit_and_pins_are_said_to_be_unknown() -> None:
    session = Session([EXPRESS], [TEN], harness_commit="", pins={})
    text = render_provenance(study(session.end()), "x")
    assert "commit unknown" in text
    assert "none recorded" in text


def test_several_workers_are_a_fact_and_one_is_none(findings: Findings) -> None:
    several = study(Session([EXPRESS], [TEN], workers=2).end())
    assert "- **Workers**: 2 processes an app" in render_provenance(several, "x")
    assert "Workers" not in render_provenance(findings, "x")


def test_worlds_are_described_with_their_packages_on_every_line() -> None:
    versions = {line: {"@workflow/world-local": f"{line}.0"} for line in ("v4", "v5")}
    worlds = (make_world("local", packages=versions), make_world("postgres", packages={}))
    session = Session([EXPRESS_V4, EXPRESS, EXPRESS_POSTGRES], [TEN], worlds=worlds)
    names = name_everything(session.header)
    assert read_table(render_worlds(session.header, names), "## Worlds:") == [
        {
            "World": "Local",
            "Description": "all about local",
            "Package on v4": "`@workflow/world-local` v4.0",
            "Package on v5": "`@workflow/world-local` v5.0",
        },
        {
            "World": "Postgres",
            "Description": "all about postgres",
            "Package on v4": NOTHING,
            "Package on v5": NOTHING,
        },
    ]


@pytest.mark.parametrize(
    "term",
    [
        *("Workflow Time", "Wall Time", "Overhead", "TTFB", "Slurp", "TTFS", "STSO", "WO"),
        *("Samples", "vs Fastest", "🥇", "🤝 tied", "Wins and Ties", "Invocations"),
    ],
)
def test_every_column_and_sign_is_defined(term: str) -> None:
    assert f"- **{term}**: " in render_definitions()


class TestResources:
    def test_fork_has_its_peak_and_its_sum(self) -> None:
        session = Session([EXPRESS, HONO], [TEN])
        for block, memory in ((1, 100), (2, 300), (3, 200)):
            for share in (0.5, 1.0):
                bytes_ = int(memory * share * 1024**2)
                session.take(EXPRESS, TEN, block=block, memory_bytes=bytes_, cpu_ms=memory * 10)
        rows = read_table(render_resources(study(session.end())), "## Memory and CPU")
        assert rows[0] == {
            "World": "Local",
            "Framework": "Express",
            "Peak memory": "200 MiB",
            "CPU a fork": "4.0 s",
            "Start-up": "321 ms",
            "Forks": "3",
        }
        assert rows[1]["Peak memory"] == rows[1]["CPU a fork"] == NOTHING

    def test_counting_forks_are_not_asked(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.take(EXPRESS, TEN, kind="counting", block=4)
        rows = read_table(render_resources(study(session.end())), "## Memory and CPU")
        assert rows[0]["Peak memory"] == NOTHING

    def test_what_the_system_did_not_tell_is_not_zero(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.take(EXPRESS, TEN, memory_bytes=None, cpu_ms=None)
        rows = read_table(render_resources(study(session.end())), "## Memory and CPU")
        assert rows[0]["Peak memory"] == rows[0]["CPU a fork"] == NOTHING

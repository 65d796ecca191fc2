"""The report as data: what the documents say, for programs; `docs/report.schema.json` is its shape.

`python -m reports.forms.data` writes the schema. The raw samples are in the result file; here are
the conclusions, by the functions that the documents take them from.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from harness.descriptions import Cell
from harness.measure.changes import Changes
from harness.measure.questions import Part
from harness.measure.statistics import Decision, Estimate, Mode
from harness.results.encoding import HeaderLine, make_line
from harness.results.records import Check, Counts
from harness.schemas import describe_types
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import Entry, Findings, Flaw
from reports.benchmark.first_answers import measure_first_answers
from reports.benchmark.flaws import list_failures, list_known_faults, reproduce
from reports.benchmark.growth import estimate_exponents
from reports.benchmark.latencies import Latency, list_latencies
from reports.benchmark.pace import PaceAnswer, answer_question
from reports.benchmark.scaling import list_count_growth
from reports.benchmark.scenarios import decide_sections, find_pace, name_section
from reports.benchmark.verdict import reach_verdict
from reports.benchmark.wins import hold_contests, list_parts
from reports.engine.study import EngineStudy, state_verdict
from reports.forms.answer_data import AnswerRow, list_answers
from reports.forms.load_data import LoadRow, make_load_row
from reports.forms.studies import Study
from reports.load.study import LoadStudy

DOCUMENT = Path(__file__).parents[2] / "docs" / "report.schema.json"

#: Raised when a field changes its meaning or goes; a new field does not raise it.
FORMAT = 1

Standing = Literal["won", "tied", "behind", "alone", "flawed"]


class StatedVerdict(msgspec.Struct, frozen=True):
    """What it came to, in the words of the documents."""

    sign: str
    line: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One cell in one scenario."""

    cell: Cell
    scenario: str
    #: The table that it stands in.
    section: str
    taken: int
    correct: int
    polled: int
    #: Of every kind, warm-ups and counted ones included: what the times of flaws are a share of.
    runs: int
    times: Annotated[
        dict[str, Estimate], msgspec.Meta(description="workflow, wall, overhead, ttfb, …, in ms")
    ]
    modes: tuple[Mode, ...]
    flaws: tuple[Flaw, ...]
    #: What is flawed does not win, but is compared if only single samples of it are bad.
    standing: Standing
    #: Workflow time divided by the smallest of the table without a flaw; absent where there is
    #: none.
    vs_fastest: float | None


class ContestRow(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that differ in one part only, and who won how many scenarios."""

    part: Part
    #: One of the cells: they agree in everything but the part.
    place: Cell
    contenders: tuple[str, ...]
    leaders: tuple[str, ...]
    wins: dict[str, int]
    ties: int
    #: Scenario -> the winner; null if there is none.
    winners: dict[str, str | None]


class GrowthData(msgspec.Struct, frozen=True, kw_only=True):
    """How the workflow time of a cell follows the number of steps: the exponent of N."""

    cell: Cell
    family: str
    exponent: Estimate | None


class CountGrowth(msgspec.Struct, frozen=True, kw_only=True):
    """How what a run asks of its World follows the number of steps, counted in one fork."""

    cell: Cell
    family: str
    quantity: Annotated[
        str, msgspec.Meta(description="invocations, world calls, events (created) or bytes")
    ]
    #: The straight line that all counts lie on: `2N + 1`. Null where they lie on none.
    law: str | None
    #: Of the power of N that is fitted to them; it has no interval.
    exponent: float
    #: Whether it grows faster than N whichever runs are taken, behind whichever framework.
    superlinear: bool


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one counted run asked of its World."""

    cell: Cell
    scenario: str
    counts: Counts


class FirstAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How long a cell took from the start of its process to its first answered workflow, in ms."""

    cell: Cell
    time: Estimate


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that went wrong, and the command that measures it again."""

    cell: Cell
    #: Empty when it concerns all.
    scenarios: tuple[str, ...]
    what: str
    flaws: tuple[Flaw, ...]
    reproduce: str
    #: Whether all of it is on the list of known faults.
    known: bool = False


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What was timed and counted."""

    verdict: StatedVerdict
    rows: tuple[Row, ...]
    contests: tuple[ContestRow, ...]
    growth: tuple[GrowthData, ...]
    costs: tuple[Cost, ...]
    failures: tuple[FailureRow, ...]
    changes: Changes | None
    #: Of sizes from ten steps on; what has fewer than three of them is left out.
    count_growth: tuple[CountGrowth, ...] = ()
    #: Which World, framework and line is faster, by how much.
    answers: tuple[AnswerRow, ...] = ()
    #: Whether a step costs more, the longer the run; of runs of a hundred steps or more.
    paces: tuple[PaceAnswer, ...] = ()
    #: How late hooks, sleeps and stream chunks are.
    latencies: tuple[Latency, ...] = ()
    #: Of a dev server, it contains the first compile; no other time does.
    first_answers: tuple[FirstAnswer, ...] = ()


class Tests(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine suites found."""

    verdict: StatedVerdict
    checks: tuple[Check, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A result file, studied."""

    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    #: Where the raw data is.
    source: str
    #: What was asked for, of what, where, and the command that does it again.
    session: HeaderLine
    #: Whether the session came to its end.
    ended: bool
    benchmark: Benchmark | None
    tests: Tests | None
    #: What was loaded instead of timed.
    loads: tuple[LoadRow, ...] | None = None


def render_data(study: Study, *, source: str) -> str:
    """Render the report as JSON."""
    return _format(collect(study, source=source))


def collect(study: Study, *, source: str) -> Report:
    """Collect what the documents say of a result file.

    Args:
        study: What came of a session.
        source: Where the raw data is, for the reader: a path or an address.
    """
    return Report(
        source=source,
        session=make_line(study.results.header),
        ended=study.results.footer is not None,
        benchmark=_collect_benchmark(study) if isinstance(study, Findings) else None,
        tests=_collect_tests(study) if isinstance(study, EngineStudy) else None,
        loads=tuple(map(make_load_row, study.summaries)) if isinstance(study, LoadStudy) else None,
    )


def make_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    (report,), definitions = describe_types([Report])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The report of world-harness as data, format {FORMAT}",
        **report,
        "$defs": definitions,
    }


def render_schema() -> str:
    """Return the schema as it is published."""
    return _format(make_schema())


def _format(content: object) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _collect_benchmark(findings: Findings) -> Benchmark:
    verdict = reach_verdict(findings)
    header = findings.results.header
    return Benchmark(
        verdict=StatedVerdict(verdict.sign, verdict.line),
        rows=tuple(_list_rows(findings)),
        contests=tuple(_list_contests(findings)),
        growth=tuple(
            GrowthData(cell=cell, family=family, exponent=exponent)
            for (cell, family), exponent in estimate_exponents(findings).items()
        ),
        costs=tuple(
            Cost(cell=sample.cell, scenario=sample.scenario, counts=sample.counts)
            for sample in findings.counted
            if sample.kind == "counting" and sample.counts
        ),
        failures=tuple(
            FailureRow(
                cell=failure.cell,
                scenarios=tuple(scenario.id for scenario in failure.scenarios),
                what=failure.what,
                flaws=failure.flaws,
                reproduce=reproduce(failure, header),
                known=failure.known,
            )
            for failure in (*list_failures(findings), *list_known_faults(findings))
        ),
        changes=compare_versions(findings),
        count_growth=tuple(
            CountGrowth(
                cell=growth.cell,
                family=growth.family,
                quantity=growth.quantity,
                law=growth.law or None,
                exponent=growth.exponent.center,
                superlinear=growth.superlinear,
            )
            for growth in list_count_growth(findings)
        ),
        answers=tuple(list_answers(findings)),
        paces=answer_question(findings),
        latencies=list_latencies(findings),
        first_answers=tuple(
            FirstAnswer(cell=cell, time=time)
            for cell, time in measure_first_answers(findings).items()
        ),
    )


def _list_rows(findings: Findings) -> Iterator[Row]:
    for (scenario, section), decision in decide_sections(findings).items():
        entries = [
            entry
            for (cell, name), entry in findings.entries.items()
            if name == scenario
            and cell in findings.results.header.cells
            and name_section(findings, cell) == section
        ]
        fastest = find_pace(entries)
        yield from (_make_row(entry, section, decision, fastest) for entry in entries)


def _make_row(entry: Entry, section: str, decision: Decision[Cell], fastest: float | None) -> Row:
    time = entry.contender
    return Row(
        cell=entry.cell,
        scenario=entry.scenario.id,
        section=section,
        taken=entry.taken,
        correct=entry.correct,
        runs=entry.runs,
        polled=entry.polled,
        times=dict(entry.estimates),
        modes=entry.modes,
        flaws=entry.flaws,
        standing=_find_standing(entry, decision),
        vs_fastest=time.center / fastest if time and fastest else None,
    )


def _find_standing(entry: Entry, decision: Decision[Cell]) -> Standing:
    if entry.flaws:
        return "flawed"
    if entry.cell == decision.winner:
        return "won"
    if entry.cell in decision.tied:
        return "tied"
    return "behind" if decision.winner or decision.tied else "alone"


def _list_contests(findings: Findings) -> Iterator[ContestRow]:
    for part in list_parts(findings):
        for contest in hold_contests(findings, part):
            yield ContestRow(
                part=part,
                place=contest.place,
                contenders=contest.contenders,
                leaders=contest.leaders,
                wins=dict(contest.wins),
                ties=contest.ties,
                winners={
                    comparison.scenario: comparison.decision.winner
                    for comparison in contest.comparisons
                },
            )


def _collect_tests(study: EngineStudy) -> Tests:
    sign, line = state_verdict(study)
    return Tests(verdict=StatedVerdict(sign, line), checks=study.results.checks)


if __name__ == "__main__":
    DOCUMENT.write_text(render_schema(), encoding="utf-8")

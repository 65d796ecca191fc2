"""A result file as JUnit XML for CI systems: one suite per cell, one case per scenario or check.

There is no single standard. This form uses what all readers accept: counts that add up, times in
seconds, at most one outcome per case, and the order of elements in the Jenkins schema.

A missing result must not look like a success. A requested result that is missing from a finished
session is an error. Skipped are only cases that do not apply, known failures, and cases that an
interrupted session never began; the interruption is a separate error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Literal

import junitparser as junit
import msgspec

from harness.engine.verdicts import CheckOutcome, find_outcome
from harness.load.summary import MOST_LATE, LoadSummary
from harness.results.records import BenchResults, Check, ForkEnd, Header, LoadResults, Results
from reports.benchmark.findings import NO_REASON, Entry, Findings, Flaw
from reports.benchmark.flaws import (
    FAULT,
    CellFailure,
    count_flaws,
    reproduce,
    state_reason,
    tell_flaws,
)
from reports.engine.study import CellRow, EngineStudy, describe_rate
from reports.forms.studies import Study
from reports.load.study import LoadStudy
from reports.writing.text import flatten, format_estimate, keep_lines

Kind = Literal["passed", "skipped", "failure", "error"]

#: What XML 1.0 cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Digits of a second. A number with more of them may be written with an exponent, which the schema
#: does not allow.
_DIGITS = 4

_OUTCOMES = {"failure": junit.Failure, "error": junit.Error, "skipped": junit.Skipped}

_KINDS: dict[CheckOutcome, Kind] = {
    "failed": "failure",
    "unexpected pass": "failure",
    "known": "skipped",
    "flaky": "skipped",
    "inconclusive": "error",
    "passed": "passed",
    "not applicable": "skipped",
}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test case."""

    group: str
    name: str
    kind: Kind
    seconds: float
    #: One line; and all that there is to say.
    message: str = ""
    details: str = ""


def render_junit(study: Study, *, source: str) -> str:
    """Render a result file as XML; `source` is named among the properties."""
    suites = _list_suites(study)
    root = junit.JUnitXml("world-harness")
    for name, cases in suites:
        root.add_testsuite(_make_suite(name, cases, study.results.header, source))
    root.update_statistics()
    # The library rounds to milliseconds what it adds up.
    for suite in root:
        suite.time = round(sum(case.time for case in suite), _DIGITS)
    root.time = round(sum(suite.time for suite in root), _DIGITS)
    written = BytesIO()
    root.write(written, pretty=True)
    return written.getvalue().decode()


def _list_suites(study: Study) -> list[tuple[str, Sequence[Case]]]:
    match study:
        case Findings():
            return _list_timed(study)
        case EngineStudy():
            return [(row.label, _list_checked(row)) for row in study.rows]
        case LoadStudy():
            return _list_loads(study)


def _list_timed(findings: Findings) -> list[tuple[str, Sequence[Case]]]:
    header = findings.results.header
    suites: list[tuple[str, Sequence[Case]]] = [
        (
            cell.id,
            [
                _make_timed(findings.entries[cell, item.id], findings.results)
                for item in header.scenarios
            ],
        )
        for cell in (*header.cells, *header.companions)
    ]
    suites += [
        (end.cell.id, [_make_uncounted(end)])
        for end in findings.failed_forks
        if end.kind == "counting"
    ]
    ended = f"{len(findings.planned) - len(findings.unended)} of {len(findings.planned)}"
    return [*suites, *_report_cut(findings.results, f"{ended} forks ended")]


def _report_cut(results: Results, message: str) -> list[tuple[str, Sequence[Case]]]:
    """Make the error of a session that was cut off; nothing where it came to its end."""
    if results.footer is not None:
        return []
    cut = Case(
        group="session",
        name="comes to its end",
        kind="error",
        seconds=0.0,
        message=message,
        details=results.header.command,
    )
    return [("session", [cut])]


def _judge_gap(results: Results) -> Kind:
    """Judge what is missing: it is excused only by the end of a session that was cut off."""
    return "skipped" if results.footer is None else "error"


def _make_timed(entry: Entry, results: BenchResults) -> Case:
    """Make the case of a cell in a scenario: its time is the center of its workflow times."""
    time = entry.workflow
    seconds = time.center / 1_000 if time else 0.0
    case = Case(
        group=f"bench.{entry.cell.id.replace('/', '.')}",
        name=entry.scenario.id,
        kind="passed",
        seconds=seconds,
        details=f"workflow time {format_estimate(time)}",
    )
    if not entry.flaws:
        return case
    missing = all(flaw.kind == "missing" for flaw in entry.flaws)
    known = all(flaw.is_known for flaw in entry.flaws)
    what = tell_flaws(entry, entry.flaws)
    failure = CellFailure(entry.cell, (entry.scenario,), what, entry.flaws, known)
    reasons = [_tell_flaw(flaw) for flaw in entry.flaws]
    timed = [case.details] if entry.is_whole else []
    told = f"{what}: {state_reason(entry.flaws[0])}"
    return msgspec.structs.replace(
        case,
        kind=_judge_gap(results) if missing else "skipped" if known else "failure",
        message=f"{FAULT} known: {told}" if known else f"{FAULT} {told}" if timed else told,
        details="\n".join([*timed, *reasons, reproduce(failure, results.header)]),
    )


def _tell_flaw(flaw: Flaw) -> str:
    told = f"{count_flaws([flaw])}: {flaw.reason}"
    return f"{told} ({'known: ' if flaw.is_known else ''}{flaw.cause})" if flaw.cause else told


def _make_uncounted(end: ForkEnd) -> Case:
    """Make the case of a fork that was to count; those that time are told with each scenario."""
    return Case(
        group=f"bench.{end.cell.id.replace('/', '.')}",
        name=f"{end.fork} is counted",
        kind="failure",
        seconds=0.0,
        message=end.reason or NO_REASON,
    )


def _list_loads(study: LoadStudy) -> list[tuple[str, Sequence[Case]]]:
    results, loads = study.results, study.summaries
    suites = [
        (
            cell.id,
            [case for own in loads if own.cell == cell for case in _list_loaded(own, results)],
        )
        for cell in dict.fromkeys(summary.cell for summary in loads)
    ]
    return [*suites, *_report_cut(results, f"{len(results.loads):,} runs started")]


def _list_loaded(summary: LoadSummary, results: LoadResults) -> list[Case]:
    """Make a case a stage: its time is the median latency. A load that failed is a case, too."""
    cases = []
    if summary.failure:
        failed = Case(
            group=_name_load(summary),
            name=f"{summary.scenario} is loaded",
            kind="failure" if summary.begun else _judge_gap(results),
            seconds=0.0,
            message=summary.failure,
            details=results.header.command,
        )
        cases.append(failed)
    if summary.begun:
        cases += [_make_loaded(summary, number, results) for number in range(len(summary.stages))]
    if summary.late > MOST_LATE:
        late = Case(
            group=_name_load(summary),
            name=f"{summary.scenario} is sent in time",
            kind="error",
            seconds=0.0,
            message=f"{summary.late:.1%} of the runs were sent late: what was measured is also the "
            "machine that sent them",
        )
        cases.append(late)
    return cases


def _name_load(summary: LoadSummary) -> str:
    return f"load.{summary.cell.id.replace('/', '.')}"


def _make_loaded(summary: LoadSummary, number: int, results: LoadResults) -> Case:
    item = summary.stages[number]
    # A warm-up counts for nothing.
    gap = "skipped" if item.stage.kind == "warmup" else _judge_gap(results)
    median = item.latencies.get(50.0, math.inf)
    told = f"{item.bad:,} of {item.started:,} runs did not end well"
    return Case(
        group=_name_load(summary),
        name=f"{summary.scenario} {number} {item.stage.kind} {item.stage.rate:g}/s",
        kind="failure" if item.bad else "passed" if item.started else gap,
        seconds=0.0 if math.isinf(median) else median / 1_000,
        message=told if item.bad else "" if item.started else "nothing was started",
        details=told,
    )


def _list_checked(row: CellRow) -> list[Case]:
    cases = [_make_checked(check, row.label) for check in row.checks]
    if row.cut or not row.checks:
        remark = row.remark or "not all of its checks ran"
        cases.append(
            Case(group=row.label, name="comes to its end", kind="error", seconds=0, message=remark)
        )
    return cases


def _make_checked(check: Check, label: str) -> Case:
    outcome = find_outcome(check)
    kind = _KINDS[outcome]
    excuse = f"{outcome}: {check.reason}" if kind == "skipped" and check.reason else ""
    surprise = "passed although it is listed as failing" if outcome == "unexpected pass" else ""
    return Case(
        group=".".join(part for part in (label.replace("/", "."), check.suite) if part),
        name=" ".join(part for part in (check.clause, check.check) if part),
        kind=kind,
        seconds=check.duration_ms / 1_000,
        message=excuse or surprise or check.message or outcome,
        details="\n".join(
            part
            for part in (check.message, *check.witness, describe_rate(check), check.reproduce)
            if part
        ),
    )


def _make_suite(name: str, cases: Sequence[Case], header: Header, source: str) -> junit.TestSuite:
    suite = junit.TestSuite(_clean(name))
    # Of a time the schema wants no zone.
    suite.timestamp = _clean(header.started_at[:19])
    facts = {
        "source": source,
        "command": header.command,
        "seed": str(header.seed),
        "harness": f"{header.harness_version} {header.harness_commit}".strip(),
        "methodology": str(header.methodology),
    }
    for fact, value in facts.items():
        suite.add_property(fact, _clean(value))
    suite.add_testcases([_make_case(case) for case in cases])
    return suite


def _make_case(case: Case) -> junit.TestCase:
    made = junit.TestCase(_clean(case.name), _clean(case.group), round(case.seconds, _DIGITS))
    if case.kind != "passed":
        kind = case.kind if case.kind != "skipped" else None
        outcome = _OUTCOMES[case.kind](_clean(case.message), kind)
        outcome.text = _clean_lines(case.details)
        made.result = outcome
    elif case.details:
        made.system_out = _clean_lines(case.details)
    return made


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", flatten(text))


def _clean_lines(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", keep_lines(text))

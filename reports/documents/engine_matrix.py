"""Several sessions of the engine suites as one Markdown document: who keeps which promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.descriptions import Cell
from harness.engine.clauses import EngineClause
from harness.engine.verdicts import OUTCOMES, CheckOutcome, find_outcome
from harness.errors import ResultsError
from harness.results.records import Check, EngineResults
from reports.documents.contract import link_source
from reports.engine.answers import describe_cells, render_answers
from reports.engine.failures import describe_fate, render_story
from reports.engine.section import render_counts, render_verdict
from reports.engine.study import (
    SIGNS,
    CellRow,
    EngineStudy,
    find_gravest,
    is_reliable,
    label_cell,
    study_checks,
)
from reports.writing.facts import describe_machine, list_installed
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, fence, fold, quote_code, shorten

_LONGEST_MESSAGE = 200
_NOT_RUN = "not run"
#: Outcomes that are findings: what does not hold, whether or not it was known.
_FINDINGS: frozenset[CheckOutcome] = frozenset({"failed", "unexpected pass", "known", "flaky"})

_LEGEND = (
    "✅ kept · ❌ broken · 🟡 broken, and on the list of known failures · 🎲 on that list as "
    "failing at times · ❗ on that list, and yet kept · ❔ could not be decided · 📝 a question to "
    f"which every answer is right · {NOTHING} does not apply.\n"
    "If several checks decide a clause, the most serious result is shown."
)


def render_engine(sessions: Sequence[EngineResults], clauses: Mapping[str, EngineClause]) -> str:
    """Render what sessions say of the clauses, in the clauses' order.

    Raises:
        ResultsError: two sessions tested the same cell.
    """
    study = study_checks(*sessions)
    _refuse_twins(study.rows)
    parts = [
        "## 🧪 E2E Test Results",
        render_verdict(study),
        *render_counts(study),
        _render_matrix(study, clauses),
        _render_findings(study, clauses),
        _render_undecided(study),
        _render_measured(study),
        _render_provenance(sessions),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _refuse_twins(rows: Sequence[CellRow]) -> None:
    seen: set[tuple[Cell, str]] = set()
    for row in rows:
        key = (row.cell, row.mode)
        if key in seen:
            raise ResultsError(
                f"{label_cell(*key)} was tested in two sessions",
                cause="it is not clear which session counts",
                remedy="keep one of the two files",
            )
        seen.add(key)


def _render_matrix(study: EngineStudy, clauses: Mapping[str, EngineClause]) -> str:
    parts = ["## Which cell keeps which promise", _LEGEND]
    for suite in dict.fromkeys(clause.suite for clause in clauses.values()):
        members = [clause for clause in clauses.values() if clause.suite == suite]
        parts += [
            f"### {escape(suite.replace('-', ' ').capitalize())}",
            _render_suite(members, study.rows),
            fold("What these clauses say", "\n".join(map(_describe_clause, members))),
        ]
    return "\n\n".join(parts)


def _render_suite(clauses: Sequence[EngineClause], rows: Sequence[CellRow]) -> str:
    # Two names may read alike once they fit a table: a column each.
    titles = [f"{_name_column(row)}{' ' * place}" for place, row in enumerate(rows)]
    return render_table(
        [
            {
                "Clause": quote_code(clause.id),
                **{
                    title: sign_clause(clause, row) for title, row in zip(titles, rows, strict=True)
                },
            }
            for clause in clauses
        ]
    )


def _name_column(row: CellRow) -> str:
    parts = [row.cell.line, row.cell.framework, row.cell.world]
    if row.mode == "development":
        parts.append("(development)")
    return "<br>".join(map(escape, parts))


def sign_clause(clause: EngineClause, row: CellRow) -> str:
    """Return what a cell shows of a clause: the sign of its gravest check, or that none ran."""
    outcome = find_gravest(check for check in row.checks if check.clause == clause.id)
    if outcome is None:
        return _NOT_RUN if row.cell.line in clause.levels else NOTHING
    if outcome == "not applicable":
        return NOTHING
    if outcome == "passed" and clause.levels.get(row.cell.line) == "INFORMATIVE":
        return "📝"
    return SIGNS[outcome]


def _describe_clause(clause: EngineClause) -> str:
    sources = ", ".join(map(link_source, clause.sources))
    needs = f" Needs: {', '.join(clause.needs)}." if clause.needs else ""
    return (
        f"- {quote_code(clause.id)} ({describe_levels(clause)}): {clause.requirement}"
        f"{needs} Sources: {sources}."
    )


def describe_levels(clause: EngineClause) -> str:
    """Describe how much rests on a clause: `MUST on v5, SHOULD on v4`."""
    lines: dict[str, list[str]] = {}
    for line, level in clause.levels.items():
        lines.setdefault(level, []).append(line)
    return "; ".join(f"{level} on {', '.join(names)}" for level, names in lines.items())


def _render_findings(study: EngineStudy, clauses: Mapping[str, EngineClause]) -> str:
    """Render each clause that some cell breaks, once; what was not known comes first."""
    found: dict[str, list[Check]] = {}
    for check in study.checks:
        if find_outcome(check) in _FINDINGS:
            found.setdefault(check.clause, []).append(check)
    places = {name: place for place, name in enumerate(clauses)}
    ordered = sorted(
        found.items(),
        key=lambda item: (_rank(item[1]), places.get(item[0], len(places)), item[0]),
    )
    everyone = list(dict.fromkeys(row.cell for row in study.rows))
    parts = [_render_finding(clauses.get(name), checks, everyone) for name, checks in ordered]
    nothing = "None: every promise that was tested is kept." if study.verdict.decided else ""
    return "\n\n".join(["## Findings", *(parts or [nothing])]).rstrip()


def _rank(checks: Sequence[Check]) -> int:
    return min(OUTCOMES.index(find_outcome(check)) for check in checks)


def _render_finding(
    clause: EngineClause | None, checks: Sequence[Check], everyone: Sequence[Cell]
) -> str:
    gravest = find_gravest(checks) or "failed"
    parts = [
        f"### {SIGNS[gravest]} {quote_code(checks[0].clause)}",
        f"{clause.requirement} ({describe_levels(clause)})" if clause else "",
        *_list_reasons(checks, everyone),
        _render_cells(checks, everyone),
        _render_smallest(checks),
    ]
    return "\n\n".join(part for part in parts if part)


def _list_reasons(checks: Sequence[Check], everyone: Sequence[Cell]) -> list[str]:
    """Return why it is known to fail; with the cells where there is more than one reason."""
    cells: dict[str, list[Cell]] = {}
    for check in checks:
        if check.reason:
            cells.setdefault(check.reason, []).append(check.cell)
    return [
        f"Known, {escape(describe_cells(found, everyone))}: {escape(reason)}"
        if len(cells) > 1
        else f"Known: {escape(reason)}"
        for reason, found in cells.items()
    ]


def _render_cells(checks: Sequence[Check], everyone: Sequence[Cell]) -> str:
    """Render which cells show it: a row a check, outcome and rate."""
    groups: dict[tuple[str, CheckOutcome, str, str], list[Check]] = {}
    for check in checks:
        key = (check.check, find_outcome(check), describe_fate(check), check.mode)
        groups.setdefault(key, []).append(check)
    rows = []
    for (name, outcome, fate, mode), found in groups.items():
        cells = describe_cells([check.cell for check in found], everyone)
        message = min((check.message for check in found), key=lambda text: (len(text), text))
        aside = " (development)" if mode == "development" else ""
        rows.append(
            {
                "Check": quote_code(name),
                "": f"{SIGNS[outcome]} {outcome}",
                "Cells": escape(f"{cells}{aside}"),
                "What happened": escape(shorten(message, _LONGEST_MESSAGE)) or NOTHING,
                "How often": fate,
            }
        )
    return render_table(rows)


def _render_smallest(checks: Sequence[Check]) -> str:
    """Render the smallest witness; one that can be relied on goes before all others."""
    failed = [check for check in checks if check.verdict == "failed"]
    if not failed:
        return ""
    told = [check for check in failed if check.witness] or failed
    smallest = min(
        told,
        key=lambda check: (not is_reliable(check), len(check.witness), len(check.reproduce)),
    )
    place = quote_code(label_cell(smallest.cell, smallest.mode))
    parts = [
        f"The smallest witness, from {place}: {escape(smallest.message)}",
        f"{describe_fate(smallest)}. Again:" if smallest.reproduce else "",
        fence(smallest.reproduce, "sh") if smallest.reproduce else "",
        render_story(smallest),
    ]
    return "\n\n".join(part for part in parts if part)


def _render_undecided(study: EngineStudy) -> str:
    lines = [
        f"- {quote_code(check.clause or check.check)} on "
        f"{quote_code(label_cell(check.cell, check.mode))}: "
        f"{escape(shorten(check.message, _LONGEST_MESSAGE))}"
        for check in study.checks
        if find_outcome(check) == "inconclusive"
    ]
    return "\n".join(["## Not decided", "", *lines]) if lines else ""


def _render_measured(study: EngineStudy) -> str:
    table = render_answers(study.checks)
    return f"## What was measured\n\n{table}" if table else ""


def _render_provenance(sessions: Sequence[EngineResults]) -> str:
    """Render which session tested which cells, when, where and with what."""
    if not sessions:
        return ""
    rows = [
        {
            "Cells": ", ".join(quote_code(cell.id) for cell in results.header.cells),
            "Began": escape(results.header.started_at),
            "Seed": str(results.header.seed),
            "Cases a check": _describe_cases(results),
            "Harness": escape(f"{results.header.harness_version} {results.header.harness_commit}"),
        }
        for results in sessions
    ]
    machines = dict.fromkeys(describe_machine(results.header.machine) for results in sessions)
    return "\n\n".join(
        [
            "## Provenance",
            render_table(rows),
            "\n".join(f"- **Machine**: {machine}" for machine in machines),
            fold("Exact versions of everything installed", list_installed(_merge_pins(sessions))),
        ]
    )


def _merge_pins(sessions: Sequence[EngineResults]) -> dict[str, dict[str, str]]:
    """Return line -> package -> version, or versions where sessions differ."""
    versions: dict[str, dict[str, dict[str, None]]] = {}
    for results in sessions:
        for line, packages in results.header.pins.items():
            for package, version in packages.items():
                versions.setdefault(line, {}).setdefault(package, {})[version] = None
    return {
        line: {package: ", ".join(found) for package, found in packages.items()}
        for line, packages in versions.items()
    }


def _describe_cases(results: EngineResults) -> str:
    cases = [check.examples for check in results.checks if check.examples]
    return f"up to {max(cases)}, {count(sum(cases), 'case')} in all" if cases else NOTHING

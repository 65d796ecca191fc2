"""What the engine suites found, as the section "E2E Test Results"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from harness.engine.verdicts import CheckOutcome
from harness.results.records import Check
from reports.engine.answers import render_answers
from reports.engine.failures import render_failed_checks
from reports.engine.study import (
    CATEGORIES,
    CellRow,
    EngineStudy,
    Kind,
    find_gravest,
    state_verdict,
    tally,
)
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, quote_code

#: Column -> the outcomes that it counts.
_COLUMNS: dict[str, tuple[CheckOutcome, ...]] = {
    "Passed": ("passed",),
    "Failed": ("failed", "unexpected pass"),
    "Known failures": ("known",),
    "Flaky": ("flaky",),
    "Inconclusive": ("inconclusive",),
    "Skipped": ("not applicable",),
}

_SIGNS = (
    "✅ every check that applies passed · ❌ a check failed that was not known to, or passed "
    "although it is listed as failing · 🟡 fails only as it is known to · ❔ something could not "
    "be decided · ⚪ nothing was tested. *Skipped*: the check does not apply to the cell. "
    "*Flaky*: known to fail at times, whatever it did this time."
)


def render_e2e(study: EngineStudy) -> str:
    """Render the whole section: verdict, counts, failures, what was measured."""
    parts = [
        "## 🧪 E2E Test Results",
        render_verdict(study),
        *render_counts(study),
        render_failed_checks(study),
        _render_measured(study),
    ]
    return "\n\n".join(part for part in parts if part)


def render_verdict(study: EngineStudy) -> str:
    """Render what it all comes to, as one line."""
    sign, line = state_verdict(study)
    return f"**{sign} {escape(line)}**"


def render_counts(study: EngineStudy) -> list[str]:
    """Render how many checks came to what: in all, and cell by cell."""
    if not study.rows:
        return []
    categories = [_render_category(study, category) for category in CATEGORIES]
    return [
        "### Summary",
        _render_summary(study),
        "### Details by Category",
        _SIGNS,
        *(part for part in categories if part),
    ]


def _render_summary(study: EngineStudy) -> str:
    rows = [
        {"": CATEGORIES[category], **_count(tally(_join(found))), "Total": _total(found)}
        for category in CATEGORIES
        if (found := study.of_category(category))
    ]
    total = {"": "**Total**", **_count(tally(study.checks)), "Total": _total(study.rows)}
    return render_table([*rows, total])


def _render_category(study: EngineStudy, category: Kind) -> str:
    rows = study.of_category(category)
    if not rows:
        return ""
    cells = [{"Cell": _name(row), **_count(row.tally)} for row in rows]
    parts = [f"#### {CATEGORIES[category]}", render_table(cells), _render_suites(rows)]
    return "\n\n".join(part for part in parts if part)


def _render_suites(rows: Sequence[CellRow]) -> str:
    """Render each suite's share: a row a suite, a column a cell."""
    suites = dict.fromkeys(check.suite for check in _join(rows) if check.suite)
    # Two names may read alike once they fit a table: a column each.
    titles = [f"{quote_code(row.label)}{' ' * place}" for place, row in enumerate(rows)]
    shares = [
        {
            "Suite": escape(suite),
            **{
                title: describe_share(check for check in row.checks if check.suite == suite)
                for title, row in zip(titles, rows, strict=True)
            },
        }
        for suite in suites
    ]
    return render_table(shares) if shares else ""


def describe_share(checks: Iterable[Check]) -> str:
    """Describe how a cell keeps one suite: `✅ 12`, `❌ 2, 🟡 1 of 12`; a dash if none applies."""
    checks = tuple(checks)
    found = tally(checks)
    asked = found.total() - found["not applicable"]
    gravest = find_gravest(checks)
    if not asked or gravest is None:
        return NOTHING
    if gravest == "passed":
        return f"✅ {asked}"
    counted = {
        "❌": found["failed"] + found["unexpected pass"],
        "🟡": found["known"] + found["flaky"],
        "❔": found["inconclusive"],
    }
    signs = [f"{sign} {number}" for sign, number in counted.items() if number]
    return f"{', '.join(signs)} of {asked}"


def _render_measured(study: EngineStudy) -> str:
    parts = []
    for row in study.rows:
        if table := render_answers(row.checks):
            parts += [f"#### {quote_code(row.label)}", table]
    return "\n\n".join(["### What was measured", *parts]) if parts else ""


def _name(row: CellRow) -> str:
    remark = f": {row.remark}" if row.remark else ""
    return f"{row.sign} {quote_code(row.label)}{remark}"


def _count(found: Counter[CheckOutcome]) -> dict[str, str]:
    return {
        column: str(sum(found[outcome] for outcome in outcomes))
        for column, outcomes in _COLUMNS.items()
    }


def _total(rows: Iterable[CellRow]) -> str:
    return str(len(_join(rows)))


def _join(rows: Iterable[CellRow]) -> tuple[Check, ...]:
    return tuple(check for row in rows for check in row.checks)

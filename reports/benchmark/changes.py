"""What changed between two versions, as tables: faster, slower, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.descriptions import Scenario
from harness.measure.changes import Change, Changes, Direction
from harness.measure.statistics import FALSE_SHARE, Estimate
from reports.benchmark.flaws import FAULT
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, fold, format_estimate

_SIGNS: dict[Direction, str] = {
    "regression": "🔺",
    "improvement": "🟢",
    "no difference": "~",
    "not compared": NOTHING,
}

TITLE = "Changes"

ALL_SCENARIOS = "all scenarios together"


def describe_changes(changes: Changes) -> str:
    """Say in a sentence what changed, as plain text."""
    if changes.refused:
        return f"Not compared: {changes.refused}"
    rows = [*changes.overall, *changes.rows]
    met = Counter(row.direction for row in rows)
    if not met["regression"] and not met["improvement"]:
        compared = len(rows) - met["not compared"]
        if not compared:
            return "Nothing could be compared"
        return f"No significant difference in {count(compared, 'row')}"
    parts = [
        count(met[direction], direction)
        for direction in ("regression", "improvement")
        if met[direction]
    ]
    return f"{' and '.join(parts)} in {count(len(rows), 'row')}"


def render_changes(changes: Changes | None, scenarios: Sequence[Scenario], names: Names) -> str:
    """Render what changed: first what did, the rest folded; empty without a comparison."""
    if changes is None:
        return ""
    titles = {scenario.id: scenario.title for scenario in scenarios}
    parts = [f"## {TITLE}", f"{escape(describe_changes(changes))}."]
    if changes.refused:
        return "\n\n".join(parts)
    parts.append(
        f"After ({escape(changes.after.title)}) divided by before "
        f"({escape(changes.before.title)}): more than 1 is slower. A change is called beyond its "
        "floor only: what the cell shows against itself, corrected for all rows. Were nothing "
        f"different, one table in {round(1 / FALSE_SHARE)} would call any."
    )
    parts += [f"> {escape(caution)}." for caution in changes.cautions]
    rows = [*changes.overall, *changes.rows]
    called = [row for row in rows if row.direction in ("regression", "improvement")]
    if called:
        ordered = sorted(called, key=lambda row: -abs(_size(row)))
        parts.append(render_table([_make_row(row, titles, names) for row in ordered]))
    rest = [_make_row(row, titles, names) for row in rows if row not in called]
    if rest:
        parts.append(fold(f"{count(len(rest), 'row')} without a change", render_table(rest)))
    return "\n\n".join(parts)


def sign(change: Change) -> str:
    """Return the sign of a row: slower, faster, neither."""
    return _SIGNS[change.direction]


def format_ratio(ratio: Estimate | None) -> str:
    """Format a ratio with its interval: `1.10x [1.05, 1.15]`."""
    if ratio is None:
        return NOTHING
    if ratio.low is None or ratio.high is None:
        return f"{ratio.center:.2f}x"
    return f"{ratio.center:.2f}x [{ratio.low:.2f}, {ratio.high:.2f}]"


def _make_row(change: Change, titles: dict[str, str], names: Names) -> dict[str, str]:
    floor = NOTHING if change.floor is None else f"±{change.floor:.1%}"
    return {
        "": sign(change),
        **names.columns(change.cell),
        "Scenario": escape(titles.get(change.scenario, ALL_SCENARIOS)),
        "Before": format_estimate(change.before),
        "After": format_estimate(change.after),
        "Ratio": format_ratio(change.ratio),
        "Floor": " ".join([escape(change.reason) or floor, *_mark(change)]),
    }


def _mark(change: Change) -> list[str]:
    return [f"{FAULT} {escape(change.faults)}"] if change.faults else []


def _size(change: Change) -> float:
    return (change.ratio.center - 1) if change.ratio else 0.0

"""Renders the tables of `docs/statistics.md` for `nox -s docs`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from harness.results.files import read_results_as
from harness.results.records import BenchResults
from reports.documents.excerpts import put_between
from reports.writing.tables import render_table
from suites.honesty.aims import LARGEST_SPREAD, QUICK_S, TRIES, AimRow, evaluate
from suites.honesty.made_up import Tried, try_made_up
from suites.honesty.repeating import SessionSpread, measure_spreads

DOCUMENT = Path(__file__).parents[2] / "docs" / "statistics.md"

_EXAMPLES = Path(__file__).parents[2] / "docs" / "results"
#: Recording of a World against itself and slower copies (`nox -s honesty -- record`).
RECORDING = _EXAMPLES / "honesty.jsonl.gz"
#: Two quick sessions, measured one after the other.
REPEATED = (_EXAMPLES / "quick.jsonl", _EXAMPLES / "quick-again.jsonl.gz")

_SESSIONS = 100
_SEED = 1


def render_made_up(tried: Sequence[Tried]) -> str:
    """Render how often differences were called in simulated sessions."""
    return render_table(
        [
            {
                "Noise": item.noise,
                "Blocks": str(item.blocks),
                "Slower by": f"{item.effect:.0%}",
                "Rows called": f"{item.rows:.1%}",
                "Sessions with any row called": f"{item.any_row:.0%}",
                "… with the mean of all called": f"{item.mean:.0%}",
            }
            for item in tried
        ]
    )


def render_aims(rows: Sequence[AimRow]) -> str:
    """Render each target, what was measured, and whether the target is reached."""
    return render_table(
        [
            {
                "Aim": row.aim,
                "Wanted": row.wanted,
                "Measured": row.measured,
                "Reached": "✅" if row.reached else "❌",
            }
            for row in rows
        ]
    )


def render_spreads(spreads: Sequence[SessionSpread]) -> str:
    """Render how much the centers of the same cells differ between two sessions."""
    order = sorted(item.spread for item in spreads)
    within = sum(spread <= LARGEST_SPREAD for spread in order)
    return render_table(
        [
            {
                "Cells and scenarios": f"{len(order):,}",
                f"Within {LARGEST_SPREAD:.0%}": f"{within:,} of {len(order):,}",
                "Median": f"{median(order):.1%}",
                "Nine in ten within": f"{order[math.ceil(0.9 * len(order)) - 1]:.1%}",
                "Widest": f"{order[-1]:.1%}",
            }
        ]
    )


def render_document() -> str:
    """Return the document with up-to-date tables."""
    text = DOCUMENT.read_text(encoding="utf-8")
    tried = evaluate(
        read_results_as(RECORDING, BenchResults), tries=TRIES, seed=_SEED, budget_s=QUICK_S
    )
    repeated = [read_results_as(path, BenchResults) for path in REPEATED]
    tables = {
        "made-up": render_made_up([*try_made_up(_SESSIONS, _SEED)]),
        "tried": render_aims([*tried]),
        "repeated": render_spreads(measure_spreads(repeated)),
    }
    for name, table in tables.items():
        text = put_between(text, name, table)
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(render_document(), encoding="utf-8")

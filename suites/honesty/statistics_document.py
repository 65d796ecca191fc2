"""The part of `docs/statistics.md` that says what the judgment does; `nox -s docs` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.excerpts import put_between
from reports.tables import render_table
from suites.honesty.made_up import Tried, try_made_up

DOCUMENT = Path(__file__).parents[2] / "docs" / "statistics.md"

_SESSIONS = 100
_SEED = 1


def render_made_up(tried: Sequence[Tried]) -> str:
    """Render how often what was called in made-up sessions."""
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


def render_document() -> str:
    """Return the document with its tables as the code of today makes them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return put_between(text, "made-up", render_made_up([*try_made_up(_SESSIONS, _SEED)]))


if __name__ == "__main__":
    DOCUMENT.write_text(render_document(), encoding="utf-8")

"""Rows to Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from tabulate import tabulate


def render_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Render rows as a GitHub table.

    Args:
        rows: Column -> cell, already escaped; the first row gives the order of the columns.
    """
    frame = pd.DataFrame(rows, columns=list(rows[0]))
    return tabulate(
        frame.to_dict("list"),
        headers="keys",
        tablefmt="github",
        disable_numparse=True,
    )

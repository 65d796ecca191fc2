"""By what the cells of a table are sorted: the amount that their text begins with."""

from __future__ import annotations

import re

from reports.writing.text import NOTHING

#: Unit -> how many of the smallest of its kind it is; a column has units of one kind only.
_UNITS = {
    "": 1.0,
    "ms": 1.0,
    "s": 1e3,
    "min": 60e3,
    "h": 3600e3,
    "B": 1.0,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "x": 1.0,
    "%": 1.0,
}
_AMOUNT = re.compile(
    r"(?:N\^|±)?(?P<number>[-+]?\d[\d,]*(?:\.\d+)?)\s?"
    r"(?P<unit>ms|min|s|h|B|KiB|MiB|GiB|x|%)?(?=$|[\s,\u2013\[(])"
)
#: Signs before a name: 🥇, ❌, ~.
_SIGNS = re.compile(r"^[^\w(<\-+±]+")


def find_sort_key(text: str) -> str:
    """Return what a cell is sorted by: a number, words in small letters, or nothing.

    Cells that show nothing, or a flaw instead of a time, have an empty key: they come last.
    """
    plain = text.strip()
    if plain == NOTHING or plain.startswith("❌"):
        return ""
    plain = _SIGNS.sub("", plain)
    amount = _AMOUNT.match(plain)
    if not amount:
        return plain.lower()
    value = float(amount["number"].replace(",", "")) * _UNITS[amount["unit"] or ""]
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"

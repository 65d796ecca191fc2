"""What cells are called in a report: titles where they are clear, ids where they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from harness.descriptions import Cell, Framework, Language, World
from harness.measure.questions import CellPart, Part
from harness.results.records import Header
from reports.writing.text import escape, flatten

LANGUAGES: dict[Language, str] = {"typescript": "TypeScript", "python": "Python"}

HEADINGS: dict[CellPart, str] = {
    "line": "Line",
    "framework": "Framework",
    "world": "World",
    "mode": "Mode",
}


class Names(msgspec.Struct, frozen=True):
    """The titles of everything in a result file, and what must be distinguished."""

    several_lines: bool
    #: Whether a dev server ran any app.
    has_development: bool
    titles: dict[Part, dict[str, str]]

    def title(self, part: CellPart, name: str) -> str:
        """Return what the thing with this id is called, as plain text on one line."""
        return flatten(name if part == "mode" else self.titles[part].get(name, name))

    def keep_shown(self, parts: Iterable[CellPart]) -> tuple[CellPart, ...]:
        """Return the parts that must be distinguished, where they name a cell."""
        hidden = {
            *(() if self.several_lines else ("line",)),
            *(() if self.has_development else ("mode",)),
        }
        return tuple(part for part in parts if part not in hidden)

    def label(self, cell: Cell) -> str:
        """Return what a cell is called where there are no columns: `Postgres · Express`."""
        return " · ".join(
            self.title(part, getattr(cell, part))
            for part in self.keep_shown(("line", "world", "framework", "mode"))
        )

    def columns(self, cell: Cell, *parts: CellPart) -> dict[str, str]:
        """Return the columns that tell cells apart: line and mode only where it takes them."""
        return {
            HEADINGS[part]: escape(self.title(part, getattr(cell, part)))
            for part in self.keep_shown(parts or ("line", "world", "framework", "mode"))
        }


def find_language(header: Header, line: str) -> str:
    """Return what a line is for, as the frameworks that served it say."""
    frameworks = {cell.framework for cell in header.cells if cell.line == line}
    found = (item.language for item in header.frameworks if item.id in frameworks)
    return next((LANGUAGES[language] for language in found), "unknown")


def name_everything(header: Header, machines: Mapping[str, int] = {}) -> Names:
    """Return the names for a report on this session.

    Args:
        header: Whose lines, frameworks and Worlds.
        machines: World -> number of the machine that measured it, where there were several.
    """
    lines = {cell.line for cell in header.cells}
    return Names(
        several_lines=len(lines) > 1,
        has_development=any(cell.mode == "development" for cell in header.cells),
        titles={
            "line": {},
            "framework": _disambiguate(header.frameworks),
            "world": _place_worlds(_disambiguate(header.worlds), machines),
        },
    )


def _place_worlds(titles: Mapping[str, str], machines: Mapping[str, int]) -> dict[str, str]:
    """Say of each World on which machine it was measured, where there were several."""
    return {
        world: f"{title} (machine {machines[world]})" if world in machines else title
        for world, title in titles.items()
    }


def _disambiguate(described: Iterable[Framework | World]) -> dict[str, str]:
    """Return id -> title, with the id beside a title that two share."""
    described = tuple(described)
    uses = Counter(entry.title for entry in described)
    return {
        entry.id: entry.title if uses[entry.title] == 1 else f"{entry.title} ({entry.id})"
        for entry in described
    }

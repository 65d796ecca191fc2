"""Every cell in every scenario at a glance, as a table whose colors only repeat its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from markupsafe import Markup

from harness.descriptions import Scenario
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import FAULT, count_flaws, describe_rate, sign_flaw
from reports.benchmark.scenarios import Decisions, find_pace, name_section
from reports.writing.elements import element
from reports.writing.text import NOTHING, format_estimate

#: From this ratio to the fastest of the row on, a cell has the next color.
_BANDS = (1.1, 1.5, 2.0, 4.0)

_CAPTION = (
    "Workflow time, divided by that of the fastest cell of the row that the same machine measured "
    "in the same mode, whatever its World. Colors "
    "repeat the ratios and are no verdict: 🥇 won its table below, where ties are named; ⚠ was "
    "wrong in some runs and cannot win; ❌ is not compared."
)


class Tile(msgspec.Struct, frozen=True):
    """What one cell of the map shows."""

    text: str
    band: str
    #: Shown where the pointer rests.
    hint: str


def draw_heatmap(findings: Findings, decisions: Decisions, anchors: Mapping[str, str]) -> Markup:
    """Draw the map; empty without a scenario.

    Args:
        findings: What was measured.
        decisions: Who won the tables.
        anchors: Scenario id -> the id of its section on the page.
    """
    header = findings.results.header
    if not header.scenarios:
        return Markup("")
    heads = [element("th", findings.names.label(cell), scope="col") for cell in header.cells]
    rows = [
        element(
            "tr",
            element("th", _link(item, anchors), scope="row"),
            *(_draw_tile(tile) for tile in lay_tiles(findings, item, decisions)),
        )
        for item in header.scenarios
    ]
    table = element(
        "table",
        element("caption", _CAPTION),
        element("thead", element("tr", element("th", "Scenario", scope="col"), *heads)),
        element("tbody", *rows),
        class_="heat",
    )
    label = "Every cell in every scenario"
    return element("div", table, class_="scroll", role="region", tabindex="0", aria_label=label)


def lay_tiles(findings: Findings, scenario: Scenario, decisions: Decisions) -> list[Tile]:
    """Return the tiles of one scenario, a cell after the other."""
    part_of = findings.results.header.part_of
    entries = findings.of_scenario(scenario)
    places = {entry.cell: (part_of(entry.cell), entry.cell.mode) for entry in entries}
    fastest = {
        place: find_pace(entry for entry in entries if places[entry.cell] == place)
        for place in {*places.values()}
    }
    return [_lay(findings, entry, decisions, fastest.get(places[entry.cell])) for entry in entries]


def _lay(findings: Findings, entry: Entry, decisions: Decisions, fastest: float | None) -> Tile:
    time = entry.contender
    if time is None:
        shown = sign_flaw(entry.flaws) if entry.flaws else NOTHING
        return Tile(shown, "flaw", count_flaws(entry.flaws))
    if not fastest:
        return Tile(NOTHING, "band0", format_estimate(time))
    ratio = time.center / fastest
    band = sum(ratio >= bound for bound in _BANDS)
    decision = decisions.get((entry.scenario.id, name_section(findings, entry.cell)))
    sign = " 🥇" if decision and entry.cell == decision.winner else ""
    if entry.flaws:
        hint = f"{format_estimate(time)}; {describe_rate(entry)}"
        return Tile(f"{ratio:.2f}x {FAULT}", f"band{band}", hint)
    return Tile(f"{ratio:.2f}x{sign}", f"band{band}", format_estimate(time))


def _draw_tile(tile: Tile) -> Markup:
    return element("td", tile.text, class_=tile.band, title=tile.hint)


def _link(scenario: Scenario, anchors: Mapping[str, str]) -> str:
    anchor = anchors.get(scenario.id)
    return element("a", scenario.title, href=f"#{anchor}") if anchor else scenario.title

"""What each column and sign means, and what each World is."""

from __future__ import annotations

from collections.abc import Sequence

from harness.descriptions import World
from harness.results.records import Header
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, quote_code

_DEFINITIONS = {
    "Workflow Time": "the run's completedAt - createdAt, from its record; it decides which row "
    "is the fastest",
    "Wall Time": "what a client waits for: from calling `start()` to receiving the answer and "
    "the last byte",
    "Overhead": "wall time minus workflow time, the median without its interval",
    "TTFB": "time to first byte: from calling `start()` to the first byte of a stream",
    "Slurp": "from the first byte of a stream to the end of the last one",
    "TTFS": "time to first step: from calling `start()` to entering the first step's body",
    "TTLS": "time to last step: from calling `start()` to entering the body of the step that "
    "begins last; of a fan-out, its last branch",
    "STSO": "step-to-step overhead: from leaving a step's body to entering the next; *inline* "
    "when both ran in one invocation, *queue-hop* when a queue message lay between them",
    "WO": "workflow overhead: workflow time outside step bodies",
    "117 ms [112, 125]": "the median of the forks' medians, and its 95% bootstrap interval over "
    "forks and samples (1 ms wider on both sides where the run's record gives whole "
    "milliseconds); [?] with only one fork",
    "Samples": "correct samples without warm-ups; *polled*: the end was seen by asking once a "
    "second, so that the wall time may be a second too long",
    "vs Fastest": "workflow time divided by the smallest of the table without ⚠",
    "🥇": "in a table of times: the winner, which differs significantly from every other row "
    "without ⚠",
    "🤝 tied": "does not differ significantly from the fastest row of the table, so there is "
    "no winner",
    "⚠": "some runs were wrong, failed or timed out, for example 1 of 9, warm-ups and counted runs "
    "included: compared by its correct samples, and no win; *known*: the list of known faults has "
    "the reason",
    "❌": "a failed fork, or no correct result: shown, not compared, and no win",
    "Wins and Ties": "scenarios won, and scenarios without a winner, among cells that differ in "
    "this one part only",
    "Invocations": "deliveries of queue messages to the app's workflow endpoints in one run",
    "N^0.92": "workflow time fitted as a power of the number of steps: 1 is proportional, 2 is "
    "quadratic",
}


def render_definitions() -> str:
    """Render what every column and sign means."""
    rows = [f"- **{term}**: {meaning}" for term, meaning in _DEFINITIONS.items()]
    return "\n".join(["## Column Definitions", "", *rows])


def render_worlds(header: Header, names: Names) -> str:
    """Render what each World is, with its packages on every line that was measured."""
    lines = list(dict.fromkeys(cell.line for cell in header.cells))
    rows = [
        {
            "World": escape(names.title("world", world.id)),
            "Description": _describe_world(world, lines),
            **{f"Package on {escape(line)}": _list_packages(world, line) for line in lines},
        }
        for world in header.worlds
        if any(cell.world == world.id for cell in header.cells)
    ]
    return f"## Worlds:\n\n{render_table(rows)}" if rows else ""


def _describe_world(world: World, lines: Sequence[str]) -> str:
    """Say what a World is: where it differs between languages, line by line."""
    texts = {line: world.on(line).description for line in lines if line in world.packages}
    if len(set(texts.values())) > 1:
        return "; ".join(f"on {escape(line)}: {escape(text)}" for line, text in texts.items())
    return escape(next(iter(texts.values()), world.description))


def _list_packages(world: World, line: str) -> str:
    packages = world.packages.get(line, {})
    return (
        ", ".join(f"{quote_code(name)} {escape(pin)}" for name, pin in packages.items()) or NOTHING
    )

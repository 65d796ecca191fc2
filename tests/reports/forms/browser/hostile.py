"""A session in which every text that somebody else chooses tries to be more than text."""

from __future__ import annotations

from harness.descriptions import Cell
from harness.results.records import BenchResults
from tests.reports.factories import Session, make_framework, make_scenario, make_world

SCRIPT = "<script>window.taken = true</script>"
IMAGE = '<img src="https://example.com/x.png" onerror="window.taken = true">'
LINK = "![x](https://example.com/y.png) [y](javascript:window.taken=true)"
CONTROL = "a \x00 b \x1b[31m c \u202e d"

_GOOD = Cell("v5", "good", "local")
_EVIL = Cell("v5", "evil", "evil")


def make_hostile_results() -> BenchResults:
    """Return results with hostile titles, errors and reasons."""
    scenarios = [
        make_scenario(size, title=f"{size} {SCRIPT} `{IMAGE}` | {LINK}") for size in (1, 10, 25)
    ]
    session = Session(
        [_GOOD, _EVIL],
        scenarios,
        frameworks=(make_framework("good"), make_framework("evil", title=IMAGE)),
        worlds=(
            make_world("local"),
            make_world("evil", title=SCRIPT, section=SCRIPT, description=LINK),
        ),
        command=f"world-harness bench {SCRIPT}",
    )
    for scenario in scenarios:
        session.measure(_GOOD, scenario, 100.0 * scenario.size)
        session.measure(_EVIL, scenario, 150.0 * scenario.size)
        session.count(_GOOD, scenario, flow=1)
    for error in (SCRIPT, IMAGE, LINK, CONTROL):
        session.spoil(_EVIL, scenarios[0], "failed", error)
    session.fail_fork(_EVIL, f"{SCRIPT} </details></main> {CONTROL}", block=2)
    return session.end()

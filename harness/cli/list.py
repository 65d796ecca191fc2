"""`world-harness list`."""

from __future__ import annotations

import click
import tabulate

from harness.descriptions import Scenario
from harness.measure.plan import describe_profiles
from suites import catalog


@click.command("list")
def command() -> None:
    """List the profiles, lines, frameworks, Worlds and scenarios."""
    described = catalog.read_catalog()
    for title, rows in (
        ("Profiles", [(item.id, item.title) for item in describe_profiles().values()]),
        ("Lines", [(item.id, item.title) for item in described.lines.values()]),
        ("Frameworks", [(item.id, item.title) for item in described.frameworks.values()]),
        (
            "Worlds",
            [
                (item.id, ", ".join(item.packages) or "any line, by --url", item.description)
                for item in described.worlds.values()
            ],
        ),
        (
            "Scenarios",
            [(item.id, item.title, _describe_reach(item)) for item in described.scenarios.values()],
        ),
    ):
        click.echo(f"{title}\n{tabulate.tabulate(rows, tablefmt='plain')}\n")


def _describe_reach(scenario: Scenario) -> str:
    """Say what a scenario is left out of, if of anything."""
    if scenario.by_name:
        return "by name only"
    return "full only" if scenario.extended else ""

"""What is described: reading it, listing it, and what this machine lacks for it."""

from __future__ import annotations

import click
import tabulate

import worlds
from harness.deployments.frameworks import describe_frameworks
from harness.descriptions import Catalog
from harness.doctor import examine
from harness.measure.plan import describe_profiles
from harness.workspaces import describe_lines
from suites import workflows


def read_catalog() -> Catalog:
    """Read everything that is described."""
    return Catalog(
        lines=describe_lines(),
        frameworks=describe_frameworks(),
        worlds=worlds.describe_worlds(),
        scenarios=workflows.describe_scenarios(),
    )


@click.command(name="list")
def list_all() -> None:
    """Show every profile, line, framework, World and scenario."""
    catalog = read_catalog()
    for title, rows in (
        ("Profiles", [(item.id, item.title) for item in describe_profiles().values()]),
        ("Lines", [(item.id, item.title) for item in catalog.lines.values()]),
        ("Frameworks", [(item.id, item.title) for item in catalog.frameworks.values()]),
        (
            "Worlds",
            [
                (item.id, ", ".join(item.packages) or "any line, by --url", item.description)
                for item in catalog.worlds.values()
            ],
        ),
        (
            "Scenarios",
            [
                (item.id, item.title, "full only" if item.extended else "")
                for item in catalog.scenarios.values()
            ],
        ),
    ):
        click.echo(f"{title}\n{tabulate.tabulate(rows, tablefmt='plain')}\n")


@click.command()
def doctor() -> int:
    """Say what this machine has, what would be downloaded and what is missing."""
    findings = examine(read_catalog())
    click.echo(
        tabulate.tabulate(
            [(item.state, item.subject, item.detail) for item in findings], tablefmt="plain"
        )
    )
    return 2 if any(item.state == "missing" for item in findings) else 0

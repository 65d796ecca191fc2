"""`world-harness clauses`."""

from __future__ import annotations

import click

from harness.cli.options import LINE_HELP, Name
from harness.contract.clauses import GROUPS, LINES, describe_clauses
from reports.documents.contract import render_clauses


@click.command("clauses")
@click.option("--group", type=Name("group", GROUPS), help="Only this part of the contract.")
@click.option("--line", type=Name("line", LINES), help=f"{LINE_HELP} Default: all.")
def command(group: str | None, line: str | None) -> None:
    """List the clauses of the contract.

    Each has an id, a level on each SDK line (MUST, SHOULD, MAY) and what it requires of a World.
    """
    click.echo(render_clauses(describe_clauses(), group=group, line=line))

"""`world-harness doctor`."""

from __future__ import annotations

import click
import tabulate

from harness.doctor import examine
from harness.exit_codes import ExitCode
from suites import catalog


@click.command("doctor")
def command() -> ExitCode:
    """Show what this machine has, what would be downloaded, and what is missing.

    Nothing is downloaded or changed.
    """
    findings = examine(catalog.read_catalog())
    rows = [(item.state, item.subject, item.detail) for item in findings]
    click.echo(tabulate.tabulate(rows, tablefmt="plain"))
    is_ready = all(item.state != "missing" for item in findings)
    return ExitCode.GOOD if is_ready else ExitCode.ENVIRONMENT

"""What a measuring command ends with: its report, a summary, and where both are."""

from __future__ import annotations

from pathlib import Path

import click

from harness.results.records import Results
from reports.forms.files import write_reports


def present_results(results: Results, path: Path, summary: str) -> None:
    """Write the report, and show a summary and where the files are.

    Args:
        results: What was measured.
        path: Their file.
        summary: Shown as it is; empty for none.
    """
    report = write_reports(results, path)
    if summary:
        click.echo(summary)
    click.echo(f"report:  {report} (with .html beside it)\nresults: {path}")

"""What a measuring command ends with: its report, a summary, and where both are."""

from __future__ import annotations

from pathlib import Path

import click

from reports.forms.files import write_reports
from reports.forms.studies import Study


def present_results(study: Study, path: Path, summary: str) -> None:
    """Write the report, and show a summary and where the files are.

    Args:
        study: What came of a session.
        path: Its result file.
        summary: Shown as it is; empty for none.
    """
    report = write_reports(study, path)
    if summary:
        click.echo(summary)
    click.echo(f"report:  {report} (with .html beside it)\nresults: {path}")

"""`world-harness report`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.results.files import read_results
from reports.forms.formats import FORMATS
from reports.forms.studies import study_session


@click.command("report")
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="markdown",
    show_default=True,
    help="The form of the report.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write to this file instead of the terminal."
)
def command(results: Path, form: str, output: Path | None) -> None:
    """Render a result file as Markdown, HTML, JUnit or another form.

    RESULTS is a file that bench, e2e, load or merge wrote.
    """
    text = FORMATS[form](study_session(read_results(results)), source=results.name)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text)

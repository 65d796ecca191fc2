"""`world-harness export`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import LINE_HELP
from harness.deployments.export import export_app
from suites import catalog, workflows

#: What an app is for -> the command that uses it.
_COMMAND_FOR = {"bench": "bench", "engine": "e2e"}


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--line", default="v5", show_default=True, metavar="NAME", help=LINE_HELP)
@click.option(
    "--framework", default="nitro", show_default=True, metavar="NAME", help="Its framework."
)
@click.option("--world", default="local", show_default=True, metavar="NAME", help="Its World.")
@click.option(
    "--contents",
    type=click.Choice(["bench", "engine"]),
    default="bench",
    show_default=True,
    help="What the app is for: bench and load, or e2e.",
)
def command(folder: Path, line: str, framework: str, world: str, contents: str) -> None:
    """Write an app into a folder, to deploy it elsewhere.

    FOLDER must be new or empty. Once the app is deployed, pass its URL to bench, load or e2e.
    """
    make_ready = export_app(
        catalog.read_catalog(), line, framework, world, workflows.CONTENTS[contents], folder
    )
    click.echo(
        f"Wrote {folder}. Run `{make_ready}` there, deploy it, and then:\n"
        f"world-harness {_COMMAND_FOR[contents]} --world remote --url https://…"
    )

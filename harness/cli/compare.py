"""`world-harness compare`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from harness.exit_codes import EXIT_CODES, ExitCode
from harness.measure.machines import identify_subject, measure_drift, recall
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from reports.benchmark.changes import render_changes
from reports.benchmark.compared import compare_sessions, find_outcome
from reports.benchmark.findings import study


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for `world-harness comment`.")
def command(before: Path, after: Path, as_json: bool) -> ExitCode:
    """Compare two result files of one machine.

    The exit code is 1 if something became slower, and 2 if nothing could be compared.
    """
    old, new = (study(read_results_as(path, BenchResults)) for path in (before, after))
    header = new.results.header
    drift = measure_drift(recall(header.machine), identify_subject(header))
    changes = compare_sessions(old, new, drift=drift)
    if as_json:
        click.echo(msgspec.json.encode(changes))
    else:
        click.echo(render_changes(changes, header.scenarios, new.names))
    return EXIT_CODES[find_outcome(changes)]

"""`world-harness merge`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.presenting import present_results
from harness.exit_codes import ExitCode
from harness.invocations import write_command
from harness.load.merging import merge_generators
from harness.results.files import read_header, read_results
from harness.results.merging import merge_results
from harness.results.records import LoadHeader
from reports.forms.studies import study_session
from reports.load.study import LoadStudy
from reports.load.terminal import summarize_loads
from reports.writing.text import format_bytes

#: Merging holds one line at a time, a report all samples, in four times the memory that the file
#: has on the disk: larger files get a report only on request.
_REPORTED_BYTES = 64 * 2**20


@click.command("merge")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--report/--no-report",
    "wanted",
    default=None,
    help="Write a report as well; the default is to write one for files up to "
    f"{_REPORTED_BYTES // 2**20} MiB.",
)
def command(out: Path, results: tuple[Path, ...], wanted: bool | None) -> ExitCode:
    """Merge the result files of several machines into one.

    OUT is the new file; RESULTS are the files of all shards of a session (bench --shard), or of all
    generators of a load (load --generator).
    """
    if isinstance(read_header(results[0]), LoadHeader):
        merge_generators(out, results)
        _present(out, wanted)
        return ExitCode.GOOD
    header = merge_results(out, results)
    there, count = len(header.parts), header.parts[0].count
    click.echo(f"{there} of {count} shards: {len(header.cells)} cells")
    _present(out, wanted)
    return ExitCode.GOOD if there == count else ExitCode.UNDECIDED


def _present(out: Path, wanted: bool | None) -> None:
    """Report on a merged file, on request or if that costs little."""
    size = out.stat().st_size
    if wanted or (wanted is None and size <= _REPORTED_BYTES):
        study = study_session(read_results(out))
        present_results(study, out, summarize_loads(study) if isinstance(study, LoadStudy) else "")
        return
    page = str(out.with_suffix(".html"))
    words = ["world-harness", "report", str(out), "--format", "html", "--output", page]
    click.echo(f"report:  not written, for {format_bytes(size)}: {write_command(words)}")
    click.echo(f"results: {out}")

"""Result files of generators that shared one plan, as one: every start once, none lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import ResultsError
from harness.load.arrivals import plan_arrivals, take_share
from harness.measure.results import Footer, Header, Load, LoadRun, Results
from harness.measure.store import ResultsWriter, read_results

#: What belongs to one generator and not to the plan.
_OWN = {
    "started_at",
    "command",
    "machine",
    "load",
    "earlier_inflations",
    "earlier_whole_inflations",
}


def merge_generators(out: Path, files: Sequence[Path]) -> Header:
    """Write what generators measured as one session; returns its header.

    The records are kept as they are and put in the order of the plan, so percentiles of the merged
    file are those of one generator that had started everything.

    Raises:
        ResultsError: they do not share one plan, one is there twice, or one is missing.
    """
    if out.exists():
        raise ResultsError(f"{out} is there already", remedy="name another file, or remove it")
    sessions = [(path, read_results(path)) for path in files]
    first = sessions[0][1].header
    taken: dict[int, Path] = {}
    for path, results in sessions:
        load = _check_generator(path, results, sessions[0][0], first)
        if load.generator in taken:
            raise ResultsError(
                f"{path} and {taken[load.generator]} are the same generator",
                cause=f"both are generator {load.generator} of {load.generators}",
                remedy="leave one of them out",
            )
        taken[load.generator] = path
    assert first.load is not None  # noqa: S101 - every file was asked
    missing = [n for n in range(1, first.load.generators + 1) if n not in taken]
    if missing:
        raise ResultsError(
            "a generator is missing",
            cause=f"number {', '.join(map(str, missing))} of {first.load.generators}",
            remedy="without it the load was not what the plan says: name its file, too",
        )
    whole = msgspec.structs.replace(first.load, generator=1, generators=1)
    merged = msgspec.structs.replace(first, load=whole)
    runs = [run for _, results in sessions for run in results.loads]
    with ResultsWriter(out) as writer:
        writer.append(merged)
        for run in sorted(runs, key=lambda item: (item.cell, item.scenario, item.index)):
            writer.append(run)
        footers = [results.footer for _, results in sessions]
        ended = [footer for footer in footers if footer]
        if len(ended) == len(footers):
            writer.append(_merge_footers(ended))
    return merged


def _check_generator(path: Path, results: Results, first_path: Path, first: Header) -> Load:
    header = results.header
    if header.load is None or first.load is None:
        raise ResultsError(
            f"{path} and {first_path} are not of one load",
            cause="one was measured without --load",
            remedy="merge what `bench --load … --generator 1/2` and its siblings wrote",
        )
    differing = [
        name
        for name in header.__struct_fields__
        if name not in _OWN and getattr(header, name) != getattr(first, name)
    ]
    if msgspec.structs.replace(header.load, generator=1) != msgspec.structs.replace(
        first.load, generator=1
    ):
        differing.append("load")
    if differing:
        raise ResultsError(
            f"{path} and {first_path} are not of one load",
            cause=f"they differ in {', '.join(differing)}",
            remedy="give every generator the same command but for --generator, and one --seed",
        )
    _check_runs(path, results.loads, header.load, header.seed)
    return header.load


def _check_runs(path: Path, runs: Sequence[LoadRun], load: Load, seed: int) -> None:
    own = {arrival.index for arrival in take_share(plan_arrivals(load, seed), load)}
    found = [run.index for run in runs]
    if len({*found}) < len(found) or not {*found} <= own:
        raise ResultsError(
            f"{path} holds starts that are not its generator's",
            remedy="name the files as `world-harness bench` wrote them",
        )


def _merge_footers(footers: Sequence[Footer]) -> Footer:
    last = max(footers, key=lambda footer: footer.finished_at)
    return msgspec.structs.replace(
        last,
        seconds=max(footer.seconds for footer in footers),
        samples=sum(footer.samples for footer in footers),
        samples_bad=sum(footer.samples_bad for footer in footers),
        harness_cpu_share=max(footer.harness_cpu_share for footer in footers),
        harness_memory_bytes=max(footer.harness_memory_bytes for footer in footers),
    )

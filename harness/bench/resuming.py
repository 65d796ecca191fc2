"""Plans the rest of an interrupted session from its result file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from harness.bench.planning import SessionPlan, describe_measured, explain_missing_url
from harness.deployments.launcher import Remote
from harness.descriptions import Catalog
from harness.errors import ResultsError
from harness.machine import describe_machine
from harness.measure.matches import match_cells
from harness.measure.pinning import read_versions
from harness.measure.plan import Selection, find_profile
from harness.measure.session import leave_out_places, pin_lines
from harness.results.files import read_header
from harness.results.records import METHODOLOGY, BenchHeader
from harness.workspaces.node import find_node


def resume_session(path: Path, catalog: Catalog, remote: Remote | None) -> SessionPlan:
    """Return the plan of a result file, if the session can be resumed.

    Raises:
        ResultsError: it is not the file of a benchmark, or the machine or a description has
            changed since the session began.
    """
    header = _read_header(path)
    if remote is None and any(world.remote for world in header.worlds):
        raise explain_missing_url()
    versions = read_versions(header.pinned, header.against, catalog)
    measured = describe_measured(catalog, versions, header.workers)
    matched = match_cells(
        measured, header.cells, find_profile(header.profile), versions.against, header.seed
    )
    changed = list(_list_changes(header, matched.catalog))
    if changed:
        raise ResultsError(
            f"{path} cannot be resumed",
            cause=f"{' and '.join(changed)} have changed since it was started",
            remedy=f"measure again: {header.command}",
        )
    return SessionPlan(
        path=path,
        header=header,
        selection=Selection(cells=header.cells, scenarios=header.scenarios, impossible={}),
        catalog=matched.catalog,
        resumed=True,
    )


def _read_header(path: Path) -> BenchHeader:
    header = read_header(path)
    if not isinstance(header, BenchHeader):
        raise ResultsError(
            f"{path} cannot be resumed",
            cause="it is not the file of a benchmark",
            remedy=f"measure again: {header.command}",
        )
    if header.methodology != METHODOLOGY:
        raise ResultsError(
            f"{path} cannot be resumed",
            cause=f"it was measured with methodology {header.methodology}, this is {METHODOLOGY}",
            remedy=f"measure again: {header.command}",
        )
    if header.parts:
        raise ResultsError(
            f"{path} cannot be resumed",
            cause="it was merged from the results of several machines",
            remedy="resume each shard on its machine, then merge again",
        )
    return header


def _list_changes(header: BenchHeader, catalog: Catalog) -> Iterator[str]:
    """Yield what has changed since the session began."""
    worlds = {name: leave_out_places(world) for name, world in catalog.worlds.items()}
    pins = pin_lines(catalog, header.pins, (cell.world for cell in header.cells))
    described = {
        "scenarios": (header.scenarios, _pick(catalog.scenarios, header.scenarios)),
        "frameworks": (header.frameworks, _pick(catalog.frameworks, header.frameworks)),
        "worlds": (header.worlds, _pick(worlds, header.worlds)),
        "pins": (header.pins, pins),
        "machine": (header.machine, describe_machine(find_node().version)),
    }
    yield from (name for name, (then, now) in described.items() if then != now)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def _pick(known: Mapping[str, object], named: Iterable[_Named]) -> tuple[object, ...]:
    return tuple(known.get(item.id) for item in named)

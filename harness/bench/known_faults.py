"""Reads a list of known faults: those of this project, or a user's own."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path

from harness.checks.known_failures import read_entries, require_name
from harness.descriptions import Catalog
from harness.results.known_faults import KnownFault


def read_known_faults(path: Path, catalog: Catalog | None = None) -> tuple[KnownFault, ...]:
    """Read a list of known faults.

    Args:
        path: A TOML file of `[[fault]]` tables.
        catalog: What the entries may name; if absent, names are not checked.

    Raises:
        DescriptionError: as :func:`harness.checks.known_failures.read_entries`, or a name or
            pattern of an entry fits nothing that is described.
    """
    entries = tuple(read_entries(path, KnownFault, "id", table="fault").values())
    if catalog:
        for entry in entries:
            _require_names(path, entry, catalog)
    return entries


def _require_names(path: Path, entry: KnownFault, catalog: Catalog) -> None:
    named: dict[str, tuple[tuple[str, ...], Mapping[str, object]]] = {
        "line": (entry.lines, catalog.lines),
        "world": (entry.worlds, catalog.worlds),
        "framework": (entry.frameworks, catalog.frameworks),
    }
    for kind, (names, described) in named.items():
        for name in names:
            require_name(path, kind, name, described)
    for pattern in entry.scenarios:
        if not fnmatch.filter(catalog.scenarios, pattern):
            require_name(path, "scenario", pattern, catalog.scenarios)

"""Failures of the engine, or of a World under it, that are known: by line and version.

They still run. An entry excuses a check only for the versions that it names, and only while the
check fails as expected; one that passes unexpectedly fails the run, unless it is known to be flaky.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from harness.checks.known_failures import read_entries, require_name
from harness.results.records import Check

#: How a check compares with the list.
State: TypeAlias = Literal["", "known", "flaky", "unexpected pass"]
Text: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\S")]


class KnownEngineFailure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the list."""

    id: Text
    #: The checks that fail, of one cause: by name.
    checks: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    #: The cells that it fails on: lines and Worlds by name; empty lists mean all.
    lines: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    #: Package -> version for which this was seen; with another version the entry says nothing.
    versions: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    #: Text that the message of the failing check holds; several may be expected.
    messages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    reason: Text
    #: Whether it also passes at times: it is then shown apart, whatever it does.
    flaky: bool = False

    def speaks_of(self, check: Check, pins: Mapping[str, str]) -> bool:
        """Tell whether the entry is about this check on this cell and these versions."""
        return (
            check.check in self.checks
            and (not self.lines or check.cell.line in self.lines)
            and (not self.worlds or check.cell.world in self.worlds)
            and all(pins.get(name) == version for name, version in self.versions.items())
        )


def read_known_engine_failures(path: Path, checks: Iterable[str]) -> tuple[KnownEngineFailure, ...]:
    """Read a list of known failures.

    Args:
        path: A TOML file of `[[failure]]` tables.
        checks: The names of every check there is.

    Raises:
        DescriptionError: as :func:`harness.checks.known_failures.read_entries`; also a check that
            does not exist.
    """
    entries = tuple(read_entries(path, KnownEngineFailure, "id").values())
    known = set(checks)
    for name in (name for entry in entries for name in entry.checks):
        require_name(path, "check", name, known)
    return entries


def compare_known(
    check: Check, entries: Sequence[KnownEngineFailure], pins: Mapping[str, str]
) -> Check:
    """Return the check with its state: known, flaky, an unexpected pass, or none of them.

    Args:
        check: What was found.
        entries: The list.
        pins: Package -> version of everything installed for the cell.
    """
    spoken = [entry for entry in entries if entry.speaks_of(check, pins)]
    if not spoken or check.verdict in {"not applicable", "inconclusive"}:
        return check
    if check.verdict == "passed":
        flaky = next((entry for entry in spoken if entry.flaky), None)
        entry = flaky or spoken[0]
        return _mark(check, "flaky" if flaky else "unexpected pass", entry)
    for entry in spoken:
        if any(text in check.message for text in entry.messages):
            return _mark(check, "flaky" if entry.flaky else "known", entry)
    return check


def _mark(check: Check, state: State, entry: KnownEngineFailure) -> Check:
    return msgspec.structs.replace(check, state=state, reason=entry.reason)

"""Known failures of the engine, or of a World under it, by line and version.

Their checks still run. An entry excuses a check only for the versions that it names, and only
while the check fails as expected. A check that passes unexpectedly fails the run, unless its entry
says that it is flaky.
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
    #: Names of the checks that fail for the same cause.
    checks: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    #: The lines and Worlds on which the checks fail; an empty list means all.
    lines: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    #: Package -> version with which the failure occurs; the entry does not apply to other versions.
    versions: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    #: Texts, one of which the message of the failing check must contain.
    messages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    reason: Text
    #: Whether the check sometimes passes; it then counts as flaky, whatever its outcome.
    flaky: bool = False

    def speaks_of(self, check: Check, pins: Mapping[str, str]) -> bool:
        """Tell whether the entry applies to this check on this cell with these versions."""
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
        checks: Names of all checks.

    Raises:
        DescriptionError: as :func:`harness.checks.known_failures.read_entries`, or a check that
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
    """Return the check with its state: known, flaky, an unexpected pass, or none of these.

    Args:
        check: The outcome of a check.
        entries: The known failures.
        pins: Package -> version of every package installed for the cell.
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

"""Failures that somebody knows of, owns and means to mend: a TOML file beside the World.

They still run. A listed failure is excused only while it fails as expected and its entry has not
expired; an entry that no longer tells the truth makes the certification fail.
"""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.errors import DescriptionError

#: How an entry compares with what the tests found.
KnownState = Literal["known", "another failure", "unexpected pass", "expired", "undecided"]


class KnownFailure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the file."""

    clause: str
    #: Text that the message of every failing test of the clause holds.
    message: str
    reason: str
    owner: str
    #: The last day on which the entry excuses anything.
    expires: datetime.date


_KEYS = KnownFailure.__struct_fields__


def read_known_failures(path: Path, clauses: Collection[str]) -> dict[str, KnownFailure]:
    """Read the file of known failures, by clause.

    Args:
        path: A TOML file of `[[failure]]` tables.
        clauses: The ids of every clause there is.

    Raises:
        DescriptionError: not readable, not TOML, unknown keys or clauses, empty text, a wrong
            type, or two entries for one clause.
    """
    known: dict[str, KnownFailure] = {}
    for number, entry in enumerate(_read_entries(path), start=1):
        failure = _read_failure(path, number, entry)
        if failure.clause not in clauses:
            raise _explain_name(path, "clause", failure.clause, clauses)
        if failure.clause in known:
            raise DescriptionError(
                f"{path} lists {failure.clause} twice",
                cause="which of the two messages is expected would be anybody's guess",
                remedy="keep one entry, with text that all its failures have in common",
            )
        known[failure.clause] = failure
    return known


def compare_known(
    known: KnownFailure, verdict: str, messages: Iterable[str], today: datetime.date
) -> KnownState:
    """Compare an entry with what was found.

    Args:
        known: The entry.
        verdict: What the clause came to.
        messages: The messages of all tests that failed it: one that was not expected is enough to
            make it another failure.
        today: The day of the certification.
    """
    if today > known.expires:
        return "expired"
    if verdict == "passed":
        return "unexpected pass"
    if verdict != "failed":
        return "undecided"
    return "known" if all(known.message in message for message in messages) else "another failure"


def _read_entries(path: Path) -> list[Mapping[str, Any]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DescriptionError(
            f"{path} does not list known failures",
            cause=str(error),
            remedy="write one [[failure]] table for each, with " + ", ".join(_KEYS),
        ) from error
    for key in table:
        if key != "failure":
            raise _explain_name(path, "table", key, ["failure"])
    entries = table.get("failure", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DescriptionError(
            f"{path} does not list known failures",
            cause="`failure` is not a list of tables",
            remedy="begin each entry with [[failure]], in two pairs of brackets",
        )
    return entries


def _read_failure(path: Path, number: int, entry: Mapping[str, Any]) -> KnownFailure:
    for key in entry:
        if key not in _KEYS:
            raise _explain_name(path, "key", key, _KEYS)
    try:
        failure = msgspec.convert(entry, KnownFailure)
    except msgspec.ValidationError as error:
        raise DescriptionError(
            f"entry {number} of {path} does not describe a known failure",
            cause=str(error),
            remedy=f"give it {', '.join(_KEYS)}; expires is a date such as 2031-01-31",
        ) from error
    for key in ("message", "reason", "owner"):
        if not getattr(failure, key).strip():
            raise DescriptionError(
                f"entry {number} of {path} has an empty {key}",
                cause="a failure is excused only when it is known which, why, and whose",
                remedy=f"write the {key} of {failure.clause}",
            )
    return failure


def _explain_name(path: Path, kind: str, name: str, known: Iterable[str]) -> DescriptionError:
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return DescriptionError(
        f"{path} names a {kind} {name!r} that does not exist",
        remedy=f"did you mean {' or '.join(close)}?"
        if close
        else f"remove it, or choose from: {', '.join(known)}",
    )

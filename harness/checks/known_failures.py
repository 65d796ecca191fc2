"""Reads files of known failures or faults: TOML with one `[[failure]]` table per entry."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import DescriptionError

EntryT = TypeVar("EntryT", bound=msgspec.Struct)


def read_entries(
    path: Path, shape: type[EntryT], name: str, *, table: str = "failure"
) -> dict[str, EntryT]:
    """Read the entries of a file, by the value of their key `name`.

    Args:
        path: A TOML file of `[[failure]]` tables.
        shape: The type of an entry.
        name: The key whose value identifies an entry.
        table: What the tables are called instead, and what an entry describes.

    Raises:
        DescriptionError: the file is unreadable or not valid TOML, or has an unknown table or
        key, an empty text, a wrong type, or two entries with the same name.
    """
    entries: dict[str, EntryT] = {}
    for number, content in enumerate(_read_tables(path, shape, table), start=1):
        entry = _read_entry(path, number, content, shape, table)
        named = str(getattr(entry, name))
        if named in entries:
            raise DescriptionError(
                f"{path} lists {named} twice",
                cause="each name must have one entry",
                remedy=f"keep one entry, with a text that all its {table}s have in common",
            )
        entries[named] = entry
    return entries


def require_name(path: Path, kind: str, name: str, known: Iterable[str]) -> None:
    """Check that a name in a file of known failures exists.

    Raises:
        DescriptionError: it does not; the remedy lists the closest names, or all of them.
    """
    known = sorted(known)
    if name in known:
        return
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    raise DescriptionError(
        f"{path} names a {kind} {name!r} that does not exist",
        remedy=f"did you mean {' or '.join(close)}?"
        if close
        else f"remove it, or choose from: {', '.join(known)}",
    )


def _read_tables(path: Path, shape: type[msgspec.Struct], table: str) -> list[Mapping[str, Any]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DescriptionError(
            f"{path} does not list known {table}s",
            cause=str(error),
            remedy=f"write one [[{table}]] table per {table}, with {_list_keys(shape)}",
        ) from error
    for key in document:
        require_name(path, "table", key, [table])
    tables = document.get(table, [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise DescriptionError(
            f"{path} does not list known {table}s",
            cause=f"`{table}` is not a list of tables",
            remedy=f"start each entry with [[{table}]], in double brackets",
        )
    return tables


def _read_entry(
    path: Path, number: int, content: Mapping[str, Any], shape: type[EntryT], table: str
) -> EntryT:
    for key in content:
        require_name(path, "key", key, shape.__struct_fields__)
    try:
        entry = msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        raise DescriptionError(
            f"entry {number} of {path} does not describe a known {table}",
            cause=str(error),
            remedy=f"write it with {_list_keys(shape)}",
        ) from error
    for key, value in msgspec.structs.asdict(entry).items():
        if isinstance(value, str) and not value.strip():
            raise DescriptionError(
                f"entry {number} of {path} has an empty {key}",
                cause=f"without it, an entry would excuse {table}s that it does not explain",
                remedy=f"write the {key}",
            )
    return entry


def _list_keys(shape: type[msgspec.Struct]) -> str:
    """List the keys that an entry requires."""
    keys = [field.name for field in msgspec.structs.fields(shape) if field.required]
    dated = "; write expires as a date, for example 2031-01-31" if "expires" in keys else ""
    return f"{', '.join(keys)}{dated}"

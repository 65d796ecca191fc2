"""Parcels: one process passes a World and its servers to another, which opens the same World."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.certification.subjects import Subject
from harness.errors import ResultsError


class Parcel(msgspec.Struct, frozen=True):
    """An installed World, and the servers that run for it."""

    subject: Subject
    #: Service -> URL with its password, so a parcel must not be kept.
    urls: dict[str, str]


def pack(subject: Subject, urls: Mapping[str, str]) -> bytes:
    """Write a parcel."""
    return msgspec.json.encode(Parcel(subject, dict(urls)), enc_hook=str)


def unpack(packed: bytes) -> Parcel:
    """Read a parcel.

    Raises:
        ResultsError: the bytes are not a parcel.
    """
    try:
        return msgspec.json.decode(packed, type=Parcel, dec_hook=_read_path)
    except msgspec.DecodeError as error:
        raise ResultsError(
            "the parcel does not hold a World",
            cause=str(error),
            remedy="pass --world SPEC; only `world-harness certify` itself uses --parcel",
        ) from error


def write_parcel(path: Path, subject: Subject, urls: Mapping[str, str]) -> None:
    """Write a parcel to a file that only the current user can read."""
    path.touch(mode=0o600)
    path.write_bytes(pack(subject, urls))


def _read_path(kind: type, value: Any) -> Path:
    return Path(value)

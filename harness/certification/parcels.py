"""What one process hands to another so that it can open the same World on the same servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.certification.subjects import Subject
from harness.errors import ResultsError


class Parcel(msgspec.Struct, frozen=True):
    """A World, installed, and the servers that run for it."""

    subject: Subject
    #: Service -> URL, with its password: a parcel is never kept.
    urls: dict[str, str]


def pack(subject: Subject, urls: Mapping[str, str]) -> bytes:
    """Write a parcel."""
    return msgspec.json.encode(Parcel(subject, dict(urls)), enc_hook=str)


def unpack(packed: bytes) -> Parcel:
    """Read a parcel.

    Raises:
        ResultsError: it is none.
    """
    try:
        return msgspec.json.decode(packed, type=Parcel, dec_hook=_read_path)
    except msgspec.DecodeError as error:
        raise ResultsError(
            "the parcel does not hold a World",
            cause=str(error),
            remedy="give --world SPEC; --parcel is for `world-harness certify` itself",
        ) from error


def write_parcel(path: Path, subject: Subject, urls: Mapping[str, str]) -> None:
    """Write a parcel to a file that only we can read."""
    path.touch(mode=0o600)
    path.write_bytes(pack(subject, urls))


def _read_path(kind: type, value: Any) -> Path:
    return Path(value)

"""What earlier commits of a pull request came to, kept inside the comment itself."""

from __future__ import annotations

import base64
import re
import zlib

import msgspec

from reports.writing.tables import render_table
from reports.writing.text import count, escape, fold, quote_code, shorten

#: Earlier commits that are kept.
_KEPT = 20

#: Hidden text that is larger than this, unpacked, is not ours.
_LARGEST_BYTES = 1 << 20

_PATTERN = re.compile(r"<!-- world-harness-history ([A-Za-z0-9+/=]*) -->")


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit came to."""

    commit: str
    started_at: str
    #: The verdict in a few words.
    verdict: str
    #: What makes its numbers comparable: the methodology and the machine.
    methodology: int
    machine: str


def read_history(body: str) -> tuple[HistoryEntry, ...]:
    """Read what a comment keeps; nothing where it keeps none, or somebody changed it."""
    found = _PATTERN.search(body)
    if not found:
        return ()
    try:
        unpacking = zlib.decompressobj()
        packed = base64.b64decode(found[1], validate=True)
        text = unpacking.decompress(packed, _LARGEST_BYTES)
        return msgspec.json.decode(text, type=tuple[HistoryEntry, ...])
    except (ValueError, zlib.error, msgspec.DecodeError):
        return ()


def add_entry(history: tuple[HistoryEntry, ...], entry: HistoryEntry) -> tuple[HistoryEntry, ...]:
    """Add what the newest commit came to; measured again, it takes the place of its old entry."""
    others = [item for item in history if item.commit != entry.commit or not entry.commit]
    return (*others, entry)[-_KEPT:]


def hide_history(history: tuple[HistoryEntry, ...]) -> str:
    """Write a history as text that the page does not show."""
    packed = base64.b64encode(zlib.compress(msgspec.json.encode(history), 9)).decode()
    return f"<!-- world-harness-history {packed} -->"


def render_history(history: tuple[HistoryEntry, ...]) -> str:
    """Render the former commits, the newest first; empty without one."""
    *former, newest = history
    if not former:
        return ""
    rows = [
        {
            "Commit": quote_code(item.commit[:12]) if item.commit else "unknown",
            "Measured": escape(item.started_at),
            "Verdict": escape(shorten(item.verdict)),
            "": _compare(item, newest),
        }
        for item in reversed(former)
    ]
    return fold(f"History: {count(len(former), 'former commit')}", render_table(rows))


def _compare(former: HistoryEntry, newest: HistoryEntry) -> str:
    """Say why the numbers of a former commit may not be held against those of the newest."""
    if former.methodology != newest.methodology:
        return f"other methodology ({former.methodology}): not comparable"
    if former.machine != newest.machine:
        return "other machine: not comparable"
    return ""

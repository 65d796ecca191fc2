"""What one check of the suite found: written by the suite, read by the certificate."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.services.urls import hide_password, redact

#: What a test, or a clause, came to. "recorded" is an informative answer, neither right nor wrong.
Verdict = Literal["passed", "failed", "inconclusive", "not applicable", "recorded"]

#: Longer text of a World is cut: a certificate is read by people.
LONGEST_TEXT = 4_000

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>`]+")


class WitnessCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call of the history that shows a clause broken."""

    #: Which process of the World made it, counted from 0.
    process: int
    method: str
    #: The arguments and what came back, each as compact text.
    args: str
    outcome: str
    #: When it began and ended, in milliseconds since the witness's first call.
    start_ms: float = 0.0
    end_ms: float = 0.0

    def __post_init__(self) -> None:
        """Refuse times that JSON cannot hold."""
        if not (math.isfinite(self.start_ms) and math.isfinite(self.end_ms)):
            raise ValueError(f"{self.method} ran from {self.start_ms} to {self.end_ms} ms")


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one form of one check of one clause."""

    clause: str
    #: The test's pytest node id, without the World among its parameters.
    check: str
    #: How the check was run: "alone", "16 together", "4 processes", "crash".
    form: str = "alone"
    verdict: Verdict
    message: str = ""
    witness: tuple[WitnessCall, ...] = ()
    note: str = ""
    #: How often a race was run, and how many of these rounds broke the clause.
    rounds: int = 1
    failed_rounds: int = 0
    duration_ms: float = 0.0
    #: Informative answers: name -> answer. They make up the World's profile.
    answers: dict[str, str] = {}
    #: The command that runs this test again.
    reproduce: str = ""

    def __post_init__(self) -> None:
        """Refuse what no test can have found."""
        if not 0 <= self.failed_rounds <= self.rounds:
            raise ValueError(f"{self.check}: {self.failed_rounds} of {self.rounds} rounds failed")
        if self.failed_rounds and self.verdict in {"passed", "recorded", "not applicable"}:
            raise ValueError(f"{self.check} is {self.verdict!r} with {self.failed_rounds} failed")
        if not math.isfinite(self.duration_ms) or self.duration_ms < 0:
            raise ValueError(f"{self.check} took {self.duration_ms} ms")


def describe_record(record: CheckRecord) -> tuple[str, str]:
    """Return the clause of a record, and its problem as a line; empty when there is none."""
    if record.verdict not in {"failed", "inconclusive"}:
        return record.clause, ""
    sign = "✗" if record.verdict == "failed" else "?"
    share = f" ({record.failed_rounds} of {record.rounds} rounds)" if record.rounds > 1 else ""
    return record.clause, f"{sign} {record.clause} [{record.form}] {record.message}{share}"


def read_record(line: bytes | str) -> CheckRecord:
    """Return the record that a line of JSON holds.

    Raises:
        msgspec.DecodeError: the line is not JSON, or no record.
    """
    return msgspec.json.decode(line, type=CheckRecord)


def clean_record(
    record: CheckRecord, secrets: Sequence[str] = (), workdir: Path | None = None
) -> CheckRecord:
    """Make a record fit to be shown to anyone: no passwords, no endless text, valid Unicode.

    Args:
        record: As the test wrote it.
        secrets: URLs whose passwords must appear nowhere, not even outside a URL.
        workdir: The folder in which it all happened; where that was on this machine is nobody's
            business. In the record it is called `{workdir}`.
    """

    def clean(text: str) -> str:
        if workdir is not None:
            text = text.replace(str(workdir), "{workdir}")
        return clean_text(text, secrets)

    return msgspec.structs.replace(
        record,
        message=clean(record.message),
        note=clean(record.note),
        reproduce=clean(record.reproduce),
        answers={clean(name): clean(answer) for name, answer in record.answers.items()},
        witness=tuple(
            msgspec.structs.replace(
                call,
                method=clean(call.method),
                args=clean(call.args),
                outcome=clean(call.outcome),
            )
            for call in record.witness
        ),
    )


def clean_text(text: str, secrets: Sequence[str] = ()) -> str:
    """Hide the passwords of URLs in a text, cut it, and replace what UTF-8 cannot hold."""
    for url in secrets:
        text = hide_password(text, url)
    text = _URL.sub(lambda found: redact(found.group()), text)
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT:,} more characters)"

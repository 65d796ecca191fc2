"""The outcome of one check: the suite writes it, and the certificate is made from it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.services.urls import hide_password, redact

#: The outcome of a check or a clause. "recorded" is an informative answer, neither right nor wrong.
Verdict = Literal["passed", "failed", "inconclusive", "not applicable", "recorded"]

#: Longer texts from a World are truncated: people read a certificate.
LONGEST_TEXT = 4_000

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>`]+")


class WitnessCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call of a history that shows how a clause is broken."""

    #: Number of the World's process that made the call, from 0.
    process: int
    method: str
    #: The arguments and the result, each as compact text.
    args: str
    outcome: str
    #: When it began and ended, in milliseconds since the witness's first call.
    start_ms: float = 0.0
    end_ms: float = 0.0

    def __post_init__(self) -> None:
        """Refuse times that JSON cannot represent."""
        if not (math.isfinite(self.start_ms) and math.isfinite(self.end_ms)):
            raise ValueError(f"{self.method} ran from {self.start_ms} to {self.end_ms} ms")


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one form of one check."""

    clause: str
    #: The pytest node id, without the parameter that names the World.
    check: str
    #: How the check was run: "alone", "16 together", "4 processes", "crash".
    form: str = "alone"
    verdict: Verdict
    message: str = ""
    witness: tuple[WitnessCall, ...] = ()
    note: str = ""
    #: How many rounds of a race ran, and how many of them broke the clause.
    rounds: int = 1
    failed_rounds: int = 0
    duration_ms: float = 0.0
    #: Informative answers: name -> answer. The World's profile consists of them.
    answers: dict[str, str] = {}
    #: The command that runs this check again.
    reproduce: str = ""

    def __post_init__(self) -> None:
        """Refuse contradictory outcomes."""
        if not 0 <= self.failed_rounds <= self.rounds:
            raise ValueError(f"{self.check}: {self.failed_rounds} of {self.rounds} rounds failed")
        if self.failed_rounds and self.verdict in {"passed", "recorded", "not applicable"}:
            raise ValueError(f"{self.check} is {self.verdict!r} with {self.failed_rounds} failed")
        if not math.isfinite(self.duration_ms) or self.duration_ms < 0:
            raise ValueError(f"{self.check} took {self.duration_ms} ms")


def describe_record(record: CheckRecord) -> tuple[str, str]:
    """Return the clause of a record and one line about its problem, empty if it has none."""
    if record.verdict not in {"failed", "inconclusive"}:
        return record.clause, ""
    sign = "✗" if record.verdict == "failed" else "?"
    share = f" ({record.failed_rounds} of {record.rounds} rounds)" if record.rounds > 1 else ""
    return record.clause, f"{sign} {record.clause} [{record.form}] {record.message}{share}"


def read_record(line: bytes | str) -> CheckRecord:
    """Decode a record from a line of JSON.

    Raises:
        msgspec.DecodeError: the line is not valid JSON, or not a record.
    """
    return msgspec.json.decode(line, type=CheckRecord)


def clean_record(
    record: CheckRecord, secrets: Sequence[str] = (), workdir: Path | None = None
) -> CheckRecord:
    """Make a record fit for publication: no passwords, no endless text, valid Unicode.

    Args:
        record: The record as the check wrote it.
        secrets: URLs whose passwords must appear nowhere, not even outside a URL.
        workdir: The folder in which the checks ran. The record shows `{workdir}` in place of its
        path, which is private to this machine.
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
    """Hide the passwords of URLs in a text, truncate it, and replace what UTF-8 cannot encode."""
    for url in secrets:
        text = hide_password(text, url)
    text = _URL.sub(lambda found: redact(found.group()), text)
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT:,} more characters)"

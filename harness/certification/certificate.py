r"""The certificate: canonical JSON lines that anyone can check again, offline.

It holds a header, one line per clause in the header's order, the World's profile, and a footer
with the SHA-256 of everything before it. Canonical means sorted keys, no spaces, UTF-8 and `\n`
after each line. Every certificate has exactly one encoding, so any changed byte is detected.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

import harness
from harness.atomic_files import replace_file
from harness.certification.records import CheckRecord
from harness.certification.verdicts import ClauseVerdict, Processes, WorldVerdict, decide_world
from harness.errors import ResultsError, UnwritableError

#: Incremented when the structure of the file, or the meaning of a field, changes.
FORMAT = 1

#: The checks and the contract: besides the World, they decide the verdict.
SUITE_FOLDERS = ("harness/contract", "suites/conformance", "suites/properties")

#: A time with its zone.
Time = Annotated[datetime.datetime, msgspec.Meta(tz=True)]

_REMEDY = "certify again with `world-harness certify`, or get an unchanged copy of the file"


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the World was certified."""

    system: str
    processor: str
    python: str
    #: The Node version; empty for a World that does not run in Node.
    node: str = ""
    #: Service -> its version and where it came from; never a password.
    services: dict[str, str] = {}


class CertifiedPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The package under test."""

    name: str
    version: str
    #: SHA-256 of what was installed.
    digest: str


class CertificateHeader(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="header",
    tag_field="record",
):
    """What was certified, with which suite, where and when: enough to reproduce it."""

    world: str
    title: str
    #: What the user asked for: `postgres`, `npm:@scope/world@1.2.3`, a folder.
    spec: str
    package: CertifiedPackage
    #: SHA-256 of the suite's and the contract's files.
    suite: str
    line: str
    language: str
    #: The spec version that the World states; `None` if it states none.
    spec_version: int | None
    #: Package -> exact version of everything pinned.
    pins: dict[str, str]
    environment: Environment
    #: How many processes may share the World's storage, according to its documentation.
    processes: Processes
    seed: int
    effort: str
    harness_version: str
    commit: str | None
    started: Time
    ended: Time
    #: Ids of all clauses, in the order of their records; `make_certificate` fills them in.
    clauses: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def day(self) -> datetime.date:
        """The day on which the certification started; expiry dates are compared with it."""
        return self.started.astimezone(datetime.UTC).date()


class WorldProfile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="profile",
    tag_field="record",
):
    """How the World behaves where the contract leaves it a choice."""

    #: Clause -> name -> answer.
    answers: dict[str, dict[str, str]]


class CertificateFooter(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="footer",
    tag_field="record",
):
    """The verdict, and the digest that seals the certificate."""

    #: Level (`none` if the clause does not hold for the line) -> verdict -> number of clauses.
    counts: dict[str, dict[str, int]]
    verdict: Literal["passed", "failed", "inconclusive"]
    certified: bool
    #: SHA-256 of all bytes before the footer's line.
    sha256: str


Line = CertificateHeader | ClauseVerdict | WorldProfile | CertificateFooter


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate whose digest matches its content."""

    header: CertificateHeader
    clauses: tuple[ClauseVerdict, ...]
    profile: dict[str, dict[str, str]]
    footer: CertificateFooter

    @property
    def world_verdict(self) -> WorldVerdict:
        """The verdict on the World, recomputed from its clauses."""
        return decide_world(self.clauses)


_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class _Start(msgspec.Struct, frozen=True):
    """The fields that a header has in every format."""

    record: Literal["header"]
    format: int


def make_certificate(
    header: CertificateHeader, clauses: Sequence[ClauseVerdict], records: Iterable[CheckRecord] = ()
) -> Certificate:
    """Make the certificate of a World.

    Args:
        header: What was certified; this function fills in its `clauses`.
        clauses: The verdicts, in the order of the contract.
        records: The cleaned records; their answers become the profile.
    """
    header = msgspec.structs.replace(header, clauses=tuple(clause.id for clause in clauses))
    # Round-trip the values before hashing: a `0` in place of `0.0` would be encoded differently.
    clauses = [msgspec.convert(msgspec.to_builtins(clause), ClauseVerdict) for clause in clauses]
    profile = collect_profile(records)
    body = encode_body(header, clauses, profile)
    return Certificate(
        header=header,
        clauses=tuple(clauses),
        profile=profile,
        footer=make_footer(clauses, body),
    )


def make_footer(clauses: Sequence[ClauseVerdict], body: bytes) -> CertificateFooter:
    """Make the footer from the clauses and the bytes that come before it."""
    world = decide_world(clauses)
    return CertificateFooter(
        counts=world.counts,
        verdict=world.verdict,
        certified=world.certified,
        sha256=hashlib.sha256(body).hexdigest(),
    )


def collect_profile(records: Iterable[CheckRecord]) -> dict[str, dict[str, str]]:
    """Collect the informative answers by clause and name; differing answers are joined by `|`."""
    found: dict[str, dict[str, set[str]]] = {}
    for record in records:
        for name, answer in record.answers.items():
            found.setdefault(record.clause, {}).setdefault(name, set()).add(answer)
    return {
        clause: {name: " | ".join(sorted(answers[name])) for name in sorted(answers)}
        for clause, answers in sorted(found.items())
    }


def encode_line(record: Line) -> bytes:
    """Return the canonical encoding of a record, including the newline."""
    return msgspec.json.encode(record, order="sorted") + b"\n"


def encode_body(
    header: CertificateHeader, clauses: Sequence[ClauseVerdict], profile: dict[str, dict[str, str]]
) -> bytes:
    """Return every line except the footer."""
    lines: list[Line] = [header, *clauses, WorldProfile(answers=profile)]
    return b"".join(map(encode_line, lines))


def decode_line(line: bytes) -> Line:
    """Return the record in a line that has no newline.

    Raises:
        msgspec.DecodeError: the line is not valid JSON, or not a record.
        UnicodeDecodeError: the line is not valid UTF-8.
    """
    return _decoder.decode(line)


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Write a certificate atomically.

    Raises:
        UnwritableError: the file cannot be written.
    """
    body = encode_body(certificate.header, certificate.clauses, certificate.profile)
    data = body + encode_line(certificate.footer)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise UnwritableError(
            f"the certificate cannot be written to {path}",
            cause=os.strerror(error.errno or 0),
            remedy="free some disk space, or choose another place with --out",
        ) from error


def read_certificate(path: Path) -> Certificate:
    """Read a certificate and check its digest.

    Raises:
        ResultsError: the file is unreadable, not a certificate, too new, truncated or changed.
    """
    data = read_bytes(path)
    require_format(path, data)
    lines = data.split(b"\n")
    if lines.pop() != b"" or b'"record":"footer"' not in lines[-1]:
        raise ResultsError(
            f"{path} is truncated", cause="its last line is not a complete footer", remedy=_REMEDY
        )
    try:
        header, *clauses, profile, footer = map(decode_line, lines)
    except (ValueError, msgspec.DecodeError) as error:
        raise _explain_change(path, str(error)) from error
    if not (isinstance(header, CertificateHeader) and isinstance(profile, WorldProfile)):
        raise _explain_change(path, "its lines are not in the expected order")
    verdicts = tuple(clause for clause in clauses if isinstance(clause, ClauseVerdict))
    body = encode_body(header, verdicts, profile.answers)
    due = make_footer(verdicts, body)
    if body + encode_line(due) != data or not isinstance(footer, CertificateFooter):
        raise _explain_change(path, "the digest in its footer does not match its lines")
    return Certificate(header=header, clauses=verdicts, profile=profile.answers, footer=footer)


def _explain_change(path: Path, cause: str) -> ResultsError:
    return ResultsError(
        f"{path} was changed after it was written",
        cause=cause,
        remedy=f"`world-harness verify {path}` lists what differs; {_REMEDY}",
    )


def read_bytes(path: Path) -> bytes:
    """Read a file that should be a certificate.

    Raises:
        ResultsError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be read",
            cause=os.strerror(error.errno or 0),
            remedy="name a certificate that `world-harness certify` wrote",
        ) from error


def require_format(path: Path, data: bytes) -> None:
    """Check that a file is a certificate in a format that this version can read.

    Raises:
        ResultsError: it is not.
    """
    try:
        start = msgspec.json.decode(data.partition(b"\n")[0], type=_Start)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ResultsError(
            f"{path} is not a certificate",
            cause=f"its first line is not the header of a certificate: {error}",
            remedy="name a certificate that `world-harness certify` wrote",
        ) from error
    if start.format > FORMAT:
        raise ResultsError(
            f"{path} has format {start.format}, but this harness reads formats up to {FORMAT}",
            cause="it was written by a newer version of the harness",
            remedy="upgrade the harness",
        )


def digest_files(folders: Mapping[str, Path]) -> str:
    """Return the SHA-256 of the names and contents of all files in some folders.

    Args:
        folders: Name used in the digest -> folder. Caches and hidden files are left out.
    """
    digest = hashlib.sha256()
    for place, folder in sorted(folders.items()):
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if not path.is_file() or any(part.startswith((".", "__pycache__")) for part in parts):
                continue
            name = "/".join((place, *parts)).encode()
            content = path.read_bytes()
            # Include the lengths, so that moving a byte between two parts changes the digest.
            digest.update(b"%d %d " % (len(name), len(content)) + name + content)
    return digest.hexdigest()


def digest_suite(root: Path | None = None) -> str:
    """Return the digest of the installed suite and contract.

    Args:
        root: The folder that holds the packages of the harness; by default, the installed ones.
    """
    root = root or Path(harness.__file__).parent.parent
    return digest_files({folder: root / folder for folder in SUITE_FOLDERS})

"""`docs/worlds.md`: what the committed certificates say, and which published bugs were found again.

`python -m suites.conformance.worlds_document` writes it.
"""

from __future__ import annotations

from pathlib import Path

from harness.certification.certificate import read_certificate
from harness.descriptions import read_table
from reports.documents.rediscovered import read_found, render_rediscovered
from reports.documents.worlds_matrix import Absent, render_absent, render_matrix
from suites.conformance.rediscovery import describe_bugs

DOCUMENT = Path(__file__).parents[2] / "docs" / "worlds.md"
CERTIFICATES = Path(__file__).parents[2] / "docs" / "results" / "certificates"

_BUGS = """\
## Published bugs, found again

These are bugs of versions that can still be installed; most are known from issues of the SDK's \
repository.
The clauses that a bug breaks were checked on the version that has it, and on the first version \
without it.
The later version may break the same clause in another way.

Bugs of the SDK's engine are not bugs of a World: inflated attempts, replays that differ, steps \
executed twice in one delivery.
The World contract has no clause for them, and no certificate can show them.

"""


def read_absent() -> tuple[Absent, ...]:
    """Read which Worlds have no certificate."""
    return tuple(read_table(CERTIFICATES / "absent.toml", "absent", Absent).values())


def render_worlds() -> str:
    """Render the document from the committed certificates and results."""
    certificates = [read_certificate(path) for path in sorted(CERTIFICATES.glob("*.jsonl"))]
    table = render_rediscovered(describe_bugs().values(), read_found())
    absent = render_absent(read_absent())
    return f"{render_matrix(certificates)}\n{absent}\n\n{_BUGS}{table}\n"


def write_worlds(path: Path = DOCUMENT) -> None:
    """Write the document where the documentation has it."""
    path.write_text(render_worlds(), encoding="utf-8")


if __name__ == "__main__":
    write_worlds()

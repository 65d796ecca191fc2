"""The engine suites: does the SDK keep its promises on this cell when delivery goes wrong?"""

from pathlib import Path

from harness.checks.marks import list_marked_checks

_FOLDER = Path(__file__).parent

#: What the suites promise, one file a suite.
CLAUSES = _FOLDER / "clauses"
#: What is known to fail, by line and version.
KNOWN_FAILURES = _FOLDER / "known_failures.toml"


def list_checks() -> dict[str, str]:
    """Return check -> the clause that it decides, as its marker says."""
    return {marked.check: marked.clause for marked in list_marked_checks(__name__, "engine")}

"""The engine suites: does the SDK keep its promises on this cell when delivery goes wrong?"""

import re
from pathlib import Path

_FOLDER = Path(__file__).parent

#: What the suites promise, one file a suite.
CLAUSES = _FOLDER / "clauses"
#: What is known to fail, by line and version.
KNOWN_FAILURES = _FOLDER / "known_failures.toml"

_CHECK = re.compile(
    r"^@pytest\.mark\.engine\(\s*\"(?P<clause>[A-Z-]+)\"[^)]*\)\ndef (?P<check>test_\w+)",
    re.MULTILINE,
)


def list_checks() -> dict[str, str]:
    """Return check -> the clause that it decides, as the tests' sources say."""
    sources = (path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("test_*.py")))
    return {found["check"]: found["clause"] for text in sources for found in _CHECK.finditer(text)}

"""The engine suites: does the SDK keep its promises on this cell when delivery goes wrong?"""

from pathlib import Path

#: What the suites promise, one file a suite.
CLAUSES = Path(__file__).parent / "clauses"

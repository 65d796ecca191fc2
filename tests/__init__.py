"""Tests of the instrument: the folders are those of the house."""

from pathlib import Path

#: The checkout.
ROOT = Path(__file__).parents[1]
#: Committed results, and the reports made from them.
RESULTS = ROOT / "docs" / "results"

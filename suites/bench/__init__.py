"""The benchmark as a pytest suite over (cell, scenario)."""

"""The pytest plugin: options that choose what the suites run on."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; the suites' conftest files read them."""
    group = parser.getgroup("world-harness", "world-harness: cells and scenarios")
    for name in ("line", "framework", "world", "scenario"):
        group.addoption(
            f"--{name}", action="append", default=[], metavar="NAME", help="several, or a pattern"
        )
    group.addoption("--profile", default="smoke", help="how much: smoke, quick or full")
    group.addoption("--forks", type=int, default=None, help="fresh starts of each cell")
    group.addoption("--seed", type=int, default=None, help="repeats the order of work and the data")
    group.addoption("--out", type=Path, default=Path("results"), help="folder for what is written")
    group.addoption(
        "--results", type=Path, default=None, help="judge this result file instead of measuring"
    )
    examined = parser.getgroup("world-harness-conformance", "world-harness: certifying a World")
    examined.addoption("--effort", default="standard", help="how much: quick, standard or deep")
    examined.addoption(
        "--clause", action="append", default=[], metavar="ID", help="only these clauses"
    )
    examined.addoption(
        "--first-failure", action="store_true", help="end a race at its first failed round"
    )
    examined.addoption(
        "--parcel", type=Path, default=None, help="the World as `certify` hands it over"
    )
    examined.addoption("--records", type=Path, default=None, help="file that takes the records")
    harassed = parser.getgroup("world-harness-engine", "world-harness: harassing the engine")
    harassed.addoption(
        "--examples", type=int, default=None, help="cases that each check of the engine draws"
    )
    harassed.addoption(
        "--tries", type=int, default=None, help="how often a failing case is tried again"
    )
    harassed.addoption(
        "--development", action="store_true", help="apps run by their framework's dev server"
    )
    harassed.addoption("--case", default=None, help="the one case to play, as JSON")
    harassed.addoption(
        "--mutant", default=None, help="a defect in the World: a module's path#its export"
    )
    for name in ("env", "service", "setup"):
        examined.addoption(f"--{name}", action="append", default=[], help="as of `certify`")

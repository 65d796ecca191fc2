"""The pytest plugin of the suites: `pytest -p world_harness.plugin --pyargs suites.engine …`.

It is no entry point: pytest loads it where it is named, and never in the tests of another project.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from world_harness.packages import HOME, ForeignPackageError, claim_packages

try:
    claim_packages()
except ForeignPackageError as error:
    raise pytest.UsageError(str(error)) from error

_SUITES = HOME / "suites"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load the conftest files of the suites, when only suites are named, and no other.

    By itself pytest loads those of the folder where it runs, and of every folder above the suites:
    a project that holds its environment would bring its own options. Files that `--pyargs` names
    it would find too late for their options and hooks.
    """
    known = early_config.known_args_namespace
    places = [
        _locate(argument.partition("::")[0], early_config, is_module=known.pyargs)
        for argument in known.file_or_dir
    ]
    if places and all(place.is_relative_to(_SUITES) for place in places):
        known.file_or_dir = [str(place) for place in places]
        known.confcutdir = str(_SUITES)


def _locate(argument: str, config: pytest.Config, *, is_module: bool) -> Path:
    if is_module and argument.partition(".")[0] == _SUITES.name:
        spec = find_spec(argument)
        if spec is not None and spec.origin is not None:
            return Path(spec.origin)
    return (config.invocation_params.dir / argument).resolve()


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

"""The pytest plugin of the suites: `pytest -p world_harness.plugin --pyargs suites.engine …`.

It is no entry point: pytest loads it where it is named, and never in the tests of another project.
"""

from __future__ import annotations

import argparse
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
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Add the options, and load the conftest files of the suites, when only suites are named.

    By itself pytest loads those of the folder where it runs, and of every folder above the suites:
    a project that holds its environment would add its own options. It would find those of the
    suites too late for their hooks, where `--pyargs` names them.

    Raises:
        pytest.UsageError: another plugin has an option of that name.
    """
    known = early_config.known_args_namespace
    try:
        # Here and not in `pytest_addoption`: every other plugin has added its options by now.
        _add_options(parser)
        known.file_or_dir = parser.parse_known_args(args).file_or_dir
    except (ValueError, argparse.ArgumentError) as error:
        raise pytest.UsageError(
            f"an option of the suites belongs to another plugin already ({error}); "
            "leave that plugin out with `-p no:NAME`"
        ) from error
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


def _add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("world-harness", "world-harness: cells and scenarios")
    for name in ("line", "framework", "world", "scenario"):
        group.addoption(
            f"--{name}",
            action="append",
            default=[],
            metavar="NAME",
            help="repeatable; a name or a pattern",
        )
    group.addoption("--profile", default="smoke", help="how much: `world-harness list` names them")
    group.addoption("--forks", type=int, default=None, help="fresh starts of each cell")
    group.addoption(
        "--seed",
        type=int,
        default=None,
        help="gives the same order of work and the same data again",
    )
    group.addoption("--out", type=Path, default=Path("results"), help="folder for results")
    group.addoption(
        "--results", type=Path, default=None, help="judge this result file instead of measuring"
    )
    conformance = parser.getgroup(
        "world-harness-conformance", "world-harness: the conformance suite"
    )
    conformance.addoption("--effort", default="standard", help="how much: quick, standard or deep")
    conformance.addoption(
        "--clause",
        action="append",
        default=[],
        metavar="ID",
        help="repeatable; run the checks of this clause only",
    )
    conformance.addoption(
        "--first-failure", action="store_true", help="end a race at its first failed round"
    )
    conformance.addoption(
        "--parcel", type=Path, default=None, help="a World that `certify` prepared"
    )
    conformance.addoption(
        "--records", type=Path, default=None, help="file for the records of the checks"
    )
    engine = parser.getgroup("world-harness-engine", "world-harness: the engine suites")
    engine.addoption("--examples", type=int, default=None, help="cases that each check generates")
    engine.addoption("--tries", type=int, default=None, help="how often a failing case runs again")
    engine.addoption(
        "--development",
        action="store_true",
        help="run apps with the development server of their framework",
    )
    engine.addoption("--case", default=None, help="run this case only (JSON)")
    engine.addoption("--mutant", default=None, help="defect to put into the World, as PATH#EXPORT")
    for name in ("env", "service", "setup"):
        conformance.addoption(f"--{name}", action="append", default=[], help="as for `certify`")

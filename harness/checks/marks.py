"""Lists the checks of a suite, with the clause that the marker of each names."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

import msgspec


class MarkedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A test that decides a clause."""

    check: str
    clause: str
    #: The file of its module.
    file: Path


@functools.cache
def list_marked_checks(package: str, marker: str) -> tuple[MarkedCheck, ...]:
    """Import the test modules of a suite, and return its checks.

    Args:
        package: The package of the suite, for example `suites.engine`.
        marker: The pytest marker that names the clause of a check.
    """
    folders = importlib.import_module(package).__path__
    names = [module.name for module in pkgutil.iter_modules(folders)]
    return tuple(
        MarkedCheck(check=name, clause=mark.args[0], file=Path(str(module.__file__)))
        for module in (
            importlib.import_module(f"{package}.{name}")
            for name in names
            if name.startswith("test_")
        )
        for name, value in vars(module).items()
        if name.startswith("test_")
        for mark in getattr(value, "pytestmark", ())
        if mark.name == marker
    )

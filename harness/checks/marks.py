"""Which clause a check decides, as its marker says."""

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
    #: The module that holds it.
    file: Path


@functools.cache
def list_marked_checks(package: str, marker: str) -> tuple[MarkedCheck, ...]:
    """Import a suite's modules of tests, and return its checks.

    Args:
        package: The suite: `suites.engine`.
        marker: The pytest marker that names a check's clause.
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

"""The extras of the distribution: packages that only one part of the harness needs."""

from __future__ import annotations

import importlib.util
from typing import Literal

Extra = Literal["mongodb", "mysql", "pytest-benchmark"]

#: Extra -> a module that it installs.
_MODULES: dict[Extra, str] = {
    "mongodb": "pymongo",
    "mysql": "pymysql",
    "pytest-benchmark": "pytest_benchmark",
}


def is_extra_installed(extra: Extra) -> bool:
    """Return whether the packages of an extra are installed."""
    return importlib.util.find_spec(_MODULES[extra]) is not None


def suggest_extra(extra: Extra) -> str:
    """Return the command that installs a missing extra.

    pip keeps the installed harness, even one from a repository, and adds the extra's packages.
    """
    return f"pip install 'world-harness[{extra}]'"

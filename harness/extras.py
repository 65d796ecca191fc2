"""The extras of the distribution: packages that only one part of the harness needs."""

from __future__ import annotations

import importlib.util
from typing import Literal

Extra = Literal["mongodb", "mysql", "pytest-benchmark"]

#: Extra -> a module of what it installs.
_MODULES: dict[Extra, str] = {
    "mongodb": "pymongo",
    "mysql": "pymysql",
    "pytest-benchmark": "pytest_benchmark",
}


def is_extra_installed(extra: Extra) -> bool:
    """Tell whether the packages of an extra are there."""
    return importlib.util.find_spec(_MODULES[extra]) is not None


def suggest_extra(extra: Extra) -> str:
    """Return what to do where an extra is missing.

    pip takes the harness that is installed, also one from a repository, and adds the extra to it.
    """
    return f"pip install 'world-harness[{extra}]'"

"""Web frameworks, which the SDK's sandbox cannot load."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from .errors import AppError


def refuse_frameworks(frameworks: Iterable[str], workflows: ModuleType) -> None:
    """Refuse workflows whose import brought a web framework along.

    Args:
        frameworks: The names under which web frameworks and their servers are imported, whether
            this app has them or not: the next one may, with the same workflows.
        workflows: A module of the workflows, which were imported.

    Raises:
        AppError: names the module that imports one.
    """
    package = workflows.__name__.partition(".")[0]
    for framework in frameworks:
        if framework in sys.modules:
            raise AppError(
                f"a workflow module imports {framework}{_find_importer(framework, package)}: the "
                "SDK imports workflow modules again for every replay, in a sandbox without "
                "network, where a web framework does not load. Import it in the app's own files "
                "only"
            )


def _find_importer(framework: str, package: str) -> str:
    for name, module in sys.modules.items():
        if name.partition(".")[0] == package:
            origins = (_find_origin(value) for value in vars(module).values())
            if any(origin.partition(".")[0] == framework for origin in origins):
                return f" ({name})"
    return ""


def _find_origin(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    # A method that is bound to a value of a built-in type has None there.
    return str(getattr(value, "__module__", "")) if callable(value) else ""

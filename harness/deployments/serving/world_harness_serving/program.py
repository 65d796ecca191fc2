"""The workflows that the app holds, and what the SDK's sandbox asks of their modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from vercel.workflow import Workflows

from .errors import AppError

#: The package of the workflows, beside this one; its `index` names them all, and their registry.
_PACKAGE = "workflows"


def import_workflows() -> ModuleType:
    """Import the workflows; the World must have been set.

    Raises:
        AppError: they name no registry.
    """
    program = importlib.import_module(f"{_PACKAGE}.index")
    if not isinstance(getattr(program, "registry", None), Workflows):
        raise AppError(f"{_PACKAGE}/index.py names no registry of workflows (`registry`)")
    return program


def find_workflows(program: ModuleType) -> dict[str, Any]:
    """Return the workflows by their names on the wire: `one_step` is `oneStep` there."""
    return {
        _camel(name): value
        for name, value in vars(program).items()
        if type(value).__name__ == "Workflow"
    }


def refuse_frameworks(packages: Iterable[str]) -> None:
    """Refuse workflows whose import brought a web framework along.

    Args:
        packages: The framework's packages, and of its server.

    Raises:
        AppError: names the module that imports one.
    """
    for package in packages:
        if package in sys.modules:
            raise AppError(
                f"a workflow module imports {package}{_find_importer(package)}: the SDK imports "
                "workflow modules again for every replay, in a sandbox without network, where a "
                "web framework does not load. Import it in the app's own files only"
            )


def _find_importer(package: str) -> str:
    for name, module in sys.modules.items():
        if name.partition(".")[0] == _PACKAGE and any(
            getattr(value, "__module__", getattr(value, "__name__", "")).partition(".")[0]
            == package
            for value in vars(module).values()
            if isinstance(value, type | ModuleType) or callable(value)
        ):
            return f" ({name})"
    return ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

"""The workflows that the app holds."""

from __future__ import annotations

import importlib
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


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

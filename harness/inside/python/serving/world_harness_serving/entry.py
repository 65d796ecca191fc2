"""Open the World that a World's description names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .errors import AppError
from .local import HttpLocalWorld
from .sdk import LocalWorld


def open_subject(entry: str) -> Any:
    """Open the World that an entry names.

    Args:
        entry: `module:attribute`; what it names is called, and the World is what comes back.

    Raises:
        AppError: the entry does not exist, or cannot be called.
    """
    factory = find_entry(entry)
    # The SDK's LocalWorld never calls the app's endpoint, so nothing would be served.
    return HttpLocalWorld() if factory is LocalWorld else factory()


def find_entry(entry: str) -> Callable[[], Any]:
    """Return what an entry names.

    Raises:
        AppError: there is no such module or attribute, or it cannot be called.
    """
    place, _, name = entry.partition(":")
    try:
        found = getattr(importlib.import_module(place), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AppError(
            f"the World's entry {entry!r} leads nowhere: {error}. Correct `entry` in its "
            "description, module:attribute, or what is installed for it"
        ) from error
    if not callable(found):
        raise AppError(f"the World's entry {entry!r} is nothing that can be called")
    made: Callable[[], Any] = found
    return made

"""Clean-up after a block that never hides the block's own error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from harness.errors import ServiceError


@contextlib.contextmanager
def afterwards(tidy: Callable[[], None]) -> Iterator[None]:
    """Clean up after the block. If that fails too, the block's own error is raised."""
    try:
        yield
    except BaseException as error:
        note_failure(error, tidy)
        raise
    tidy()


def note_failure(error: BaseException, tidy: Callable[[], None]) -> None:
    """Clean up after an error. If that fails too, add a note to the error."""
    try:
        tidy()
    except ServiceError as failure:
        error.add_note(f"then the clean-up failed: {failure}")

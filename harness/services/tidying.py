"""Cleaning up after a block whose own error is the one to see."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from harness.errors import ServiceError


@contextlib.contextmanager
def afterwards(tidy: Callable[[], None]) -> Iterator[None]:
    """Tidy up after the block; when that fails too, the block's own error is the one to see."""
    try:
        yield
    except BaseException as error:
        note_failure(error, tidy)
        raise
    tidy()


def note_failure(error: BaseException, tidy: Callable[[], None]) -> None:
    """Tidy up after an error, which gets a note when that fails as well."""
    try:
        tidy()
    except ServiceError as failure:
        error.add_note(f"afterwards: {failure}")

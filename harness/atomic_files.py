"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield the path of a draft, which takes the file's place when the block has ended well.

    Args:
        path: The file; its folder must exist.

    Raises:
        OSError: there is no room, or no right to write there.
    """
    # Beside the file: only within one file system is a draft renamed at once.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder, path.name)
        yield draft
        draft.replace(path)

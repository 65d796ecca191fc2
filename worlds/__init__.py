"""What each World is and how to get it running: one TOML file a World."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from world_harness.packages import join_folders

if TYPE_CHECKING:
    from harness.descriptions import World

__path__ = join_folders(__name__)

FOLDER = Path(__file__).parent


def describe_worlds() -> dict[str, World]:
    """Return every described World by its id, which is its file's name."""
    # Here and not above: the reference World is loaded from this package too, and starts often.
    from harness.descriptions import describe_world

    return {path.stem: describe_world(path) for path in sorted(FOLDER.glob("*.toml"))}

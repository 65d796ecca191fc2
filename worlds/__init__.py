"""What each World is and how to get it running: one TOML file a World."""

from pathlib import Path

from harness.descriptions import World, read_description

FOLDER = Path(__file__).parent


def describe_worlds() -> dict[str, World]:
    """Return every described World by its id, which is its file's name."""
    return {
        path.stem: read_description(path, World, id=path.stem)
        for path in sorted(FOLDER.glob("*.toml"))
    }

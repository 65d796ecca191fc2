"""The web frameworks that serve the app: one folder each, with a recipe and a few files."""

from pathlib import Path

from harness.descriptions import Framework, read_description

FOLDER = Path(__file__).parent


def describe_frameworks(folder: Path = FOLDER) -> dict[str, Framework]:
    """Return every described framework by its id, which is its folder's name.

    Args:
        folder: The folder of the frameworks' folders.
    """
    return {
        path.parent.name: read_description(path, Framework, id=path.parent.name)
        for path in sorted(folder.glob("*/recipe.toml"))
    }

"""The web frameworks that serve the app: one folder a framework, its few files and its recipe."""

from pathlib import Path

from harness.descriptions import Framework, read_description

FOLDER = Path(__file__).parent


def describe_frameworks(folder: Path = FOLDER) -> dict[str, Framework]:
    """Return every described framework by its id, which is its folder's name.

    Args:
        folder: Where the frameworks' folders stand.
    """
    return {
        path.parent.name: read_description(path, Framework, id=path.parent.name)
        for path in sorted(folder.glob("*/recipe.toml"))
    }

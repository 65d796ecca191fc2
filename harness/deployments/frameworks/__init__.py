"""The web frameworks that can serve an app: one folder a framework, its files beside `recipe.toml`.

A stranger's framework is such a folder; the app's files in it are `Framework`'s only code.
"""

from __future__ import annotations

from pathlib import Path

from harness.descriptions import Framework, read_description

FOLDER = Path(__file__).parent
RECIPE = "recipe.toml"


def describe_frameworks(folder: Path = FOLDER) -> dict[str, Framework]:
    """Return every described framework by its id, which is its folder's name.

    Args:
        folder: Where the frameworks' folders stand.
    """
    return {
        path.parent.name: read_description(path, Framework, id=path.parent.name)
        for path in sorted(folder.glob(f"*/{RECIPE}"))
    }

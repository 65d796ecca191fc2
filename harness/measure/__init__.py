"""What is measured, in which order, by which clock, and what may be said of it."""

from pathlib import Path

from harness.descriptions import Language

_FOLDER = Path(__file__).parent

#: Language -> what an app that is measured holds beside its framework's files.
APPS: dict[Language, Path] = {
    "typescript": _FOLDER / "app",
    "python": _FOLDER / "python",
}

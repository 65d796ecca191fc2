"""Folders of a user that have the names of our packages."""

from __future__ import annotations

from pathlib import Path

#: An import of such a module took the package of the user in the place of ours.
_TRAP = "raise RuntimeError(f'{__name__} of the folder was imported')\n"
_NAMES = ("harness", "reports", "suites")
#: Modules that ours have, too.
_ALIKE = {"harness": "errors", "reports": "forms", "suites": "catalog"}

THEIRS = "the World of the folder was opened"


def write_foreign_folder(folder: Path, *, packages: bool) -> Path:
    """Write a project with `harness/`, `reports/`, `suites/` and `worlds/`.

    Args:
        folder: Takes it.
        packages: They have an `__init__.py`.
    """
    for name in _NAMES:
        write(folder / name / f"{_ALIKE[name]}.py", _TRAP)
        if packages:
            write(folder / name / "__init__.py", _TRAP)
    write(folder / "worlds" / "reference.py", _TRAP)
    write(
        folder / "worlds" / "sqlite.py",
        f"def create_world():\n    raise RuntimeError('{THEIRS}')\n",
    )
    if packages:
        write(folder / "worlds" / "__init__.py", "")
    write(folder / "conftest.py", _TRAP)
    return folder


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

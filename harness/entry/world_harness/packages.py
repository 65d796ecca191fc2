"""Whose `harness`, `reports`, `suites` and `worlds` are imported: ours, or a user's.

The names are common ones, and a folder of the user's may come first on `sys.path`. A process of the
harness claims the four for this installation; every other process leaves them to the user.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

#: The folder that holds the packages: `site-packages`, or a checkout.
HOME = next(
    place for place in Path(__file__).resolve().parents if (place / "harness/errors.py").is_file()
)
PACKAGES = ("harness", "reports", "suites", "worlds")

_claimed: set[str] = set()


class ForeignPackageError(ImportError):
    """A package of the user's was imported under a name that the harness needs."""


def claim_packages() -> None:
    """Import the four packages from this installation, whatever comes first on `sys.path`.

    Raises:
        ForeignPackageError: another package of such a name is in use already.
    """
    for name in PACKAGES:
        loaded = sys.modules.get(name)
        if loaded is not None and (foreign := _find_foreign(name)):
            raise ForeignPackageError(
                f"world-harness cannot use its package {name!r}: {foreign} is loaded "
                "already; run the command in a folder whose settings do not import it"
            )
        _claimed.add(name)
        if loaded is None:
            _load(name)
        else:
            loaded.__path__ = join_folders(name)


def join_folders(name: str) -> list[str]:
    """Return the folders of one of our packages: the user's namespace folders belong to it, too.

    Python ignores a folder without `__init__.py` as soon as a package of its name is installed.
    Code of the user's would lose its modules by installing the harness. They come in the order of
    `sys.path`, but last in a process that claimed the package.
    """
    ours = HOME / name
    before: list[Path] = []
    after: list[Path] = []
    folders = after if name in _claimed else before
    for place in sys.path:
        folder = Path(place or ".").resolve() / name
        if folder == ours:
            folders = after
        elif folder.is_dir() and not (folder / "__init__.py").exists():
            folders.append(folder)
    # Below a package the same rule would hide a folder of theirs behind one of ours.
    mixed = [] if _have_common_folders(before, ours) else [ours]
    return [str(folder) for folder in (*before, *mixed, *after)]


def _have_common_folders(theirs: list[Path], ours: Path) -> bool:
    packages = [path.parent.name for path in ours.glob("*/__init__.py")] if theirs else []
    return any((folder / package).is_dir() for folder in theirs for package in packages)


def _load(name: str) -> None:
    spec = PathFinder.find_spec(name, [str(HOME)])
    if spec is None or spec.loader is None:
        raise ImportError(f"the installation in {HOME} lacks {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _find_foreign(name: str) -> str:
    """Return where a loaded module of the user's is that takes the place of ours; or nothing."""
    for loaded, module in list(sys.modules.items()):
        if loaded == name or loaded.startswith(f"{name}."):
            ours = HOME.joinpath(*loaded.split("."))
            file = Path(getattr(module, "__file__", None) or _locate(module)).resolve()
            is_ours = file in {ours.with_suffix(".py"), ours / "__init__.py"} or ours == file
            if not is_ours and (ours.is_dir() or ours.with_suffix(".py").exists()):
                return _locate(module)
    return ""


def _locate(module: object) -> str:
    return str(next(iter(getattr(module, "__path__", ())), getattr(module, "__file__", "another")))

"""The house is as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import collections
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

PACKAGES = ("harness", "suites", "worlds", "reports")
SOURCES = sorted(
    path
    for folder in (*PACKAGES, "tests", "docs", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
CODE = [path for path in SOURCES if path.suffix in {".py", ".ts", ".mjs"}]

DRAWING = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

#: Package -> what it must not import. `harness/cli/` alone looks upward.
FORBIDDEN = {
    "harness": {"suites", "worlds", "reports"},
    "worlds": {"suites", "reports"},
    "reports": {"suites", "worlds"},
    # They run in apps, where there is no harness.
    "worlds/python": {"harness", "suites", "reports", "worlds"},
    "harness/inside/python": {"harness", "suites", "reports", "worlds"},
}


def read_floors(package: str) -> list[set[str]]:
    """Return the rooms of each floor, the lowest first, as the document draws them."""
    block = re.search(rf"^```floors {package}\n(.*?)^```", DRAWING, re.DOTALL | re.MULTILINE)
    assert block, f"docs/architecture.md draws no floors of {package}"
    return [set(line.split()) for line in reversed(block[1].splitlines())]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """Return the folder or module right below a package; empty for the package itself."""
    return ([*module.split("."), ""])[1]


def name_module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    package: sorted(name_module(path) for path in (ROOT / package).rglob("*.py"))
    for package in PACKAGES
}
KNOWN = {module for modules in MODULES.values() for module in modules}
IMPORTS = {
    name_module(path): {module for module in imports_of(path) if module in KNOWN}
    - {name_module(path)}
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("place", FORBIDDEN)
def test_imports_run_one_way(place: str) -> None:
    start = ROOT / place
    files = [start] if start.is_file() else sorted(start.rglob("*.py"))
    assert files
    wrong = [
        f"{name(path)} imports {module}"
        for path in files
        if not name(path).startswith("harness/cli/")
        for module in imports_of(path)
        for forbidden in FORBIDDEN[place]
        if module == forbidden or module.startswith(f"{forbidden}.")
    ]
    assert not wrong


def test_the_harness_never_imports_what_runs_inside_apps_and_worlds() -> None:
    importers = [
        f"{name(path)} imports {module}"
        for path in (ROOT / "harness").rglob("*.py")
        for module in imports_of(path)
        if module.startswith(("harness.inside.python", "harness.inside.node"))
    ]
    assert not importers


def test_packages_that_run_inside_apps_and_worlds_have_names_of_their_own() -> None:
    names = [path.parent.name for path in (ROOT / "harness" / "inside").rglob("__init__.py")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("package", ["harness", "reports", "suites"])
class TestFloors:
    def test_every_room_is_drawn_once(self, package: str) -> None:
        drawn = [room for floor in read_floors(package) for room in floor]
        assert sorted(drawn) == sorted({room_of(module) for module in MODULES[package]} - {""})

    def test_a_room_imports_only_what_lies_below_it(self, package: str) -> None:
        level = {
            room: number for number, floor in enumerate(read_floors(package)) for room in floor
        }
        wrong = [
            f"{module} imports {imported}"
            for module in MODULES[package]
            for imported in IMPORTS[module]
            if imported.startswith(f"{package}.")
            and (here := room_of(module))
            and (there := room_of(imported))
            and here != there
            and level[there] >= level[here]
        ]
        assert not wrong


def test_no_imports_go_in_circles() -> None:
    among = {
        module: {name for name in imported if not module.startswith(f"{name}.")}
        for module, imported in IMPORTS.items()
    }
    assert tuple(graphlib.TopologicalSorter(among).static_order())


def test_nothing_imports_the_command_line() -> None:
    importers = [
        name(path)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not name(path).startswith(("harness/cli/", "harness/entry/"))
        and any(module.startswith("harness.cli") for module in imports_of(path))
    ]
    assert not importers


def test_tests_import_the_entry_point_of_the_command_line_and_nothing_else_of_it() -> None:
    imported = {
        module
        for path in (ROOT / "tests").rglob("*.py")
        for module in imports_of(path)
        if module.startswith("harness.cli")
    }
    assert imported == {"harness.cli", "harness.cli.main"}


def test_no_file_is_too_long() -> None:
    lengths = {name(path): path.read_text(encoding="utf-8").count("\n") for path in CODE}
    assert not {path: length for path, length in lengths.items() if length > 400}


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "common", "helpers", "manager", "misc"}
    assert not [name(path) for path in SOURCES if path.stem in empty]


def test_no_file_names_a_place_of_one_machine() -> None:
    # Written in parts, so that this file does not find itself.
    places = ["/wo" + "rk/", "/ro" + "ot/", "../sha" + "red", "/tmp/pro" + "be"]
    found = [
        f"{name(path)}: {place}"
        for path in SOURCES
        if path.suffix in {".py", ".ts", ".mjs", ".md", ".toml", ".jsonl", ".json"}
        for place in places
        if place in path.read_text(encoding="utf-8")
    ]
    assert not found


def test_one_package_alone_names_the_internals_of_the_python_sdk() -> None:
    """Neither imports nor texts do: descriptions, commands and programs in strings count, too."""
    home = ROOT / "harness" / "inside" / "python" / "sdk"
    # In parts, so that this file does not find itself.
    internals = ".".join(("vercel", "workflow", "_internal"))
    # Documents and recorded findings may quote them.
    quoting = {path for path in SOURCES if path.suffix == ".md"}
    quoting |= {path for path in SOURCES if path.is_relative_to(ROOT / "docs" / "results")}
    suspects = [path for path in SOURCES if path not in quoting and not path.is_relative_to(home)]
    top = [ROOT / "noxfile.py", ROOT / "pyproject.toml", *(ROOT / ".github").rglob("*.yml")]
    naming = {
        name(path)
        for path in (*suspects, *top)
        if internals in path.read_text(encoding="utf-8", errors="replace").replace("/", ".")
    }
    naming |= {
        name(path)
        for path in suspects
        if path.suffix == ".py" and any(module.startswith(internals) for module in imports_of(path))
    }
    assert not naming


def test_the_drawing_names_every_folder() -> None:
    folders = [
        path
        for package in PACKAGES
        for path in (ROOT / package).iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ]
    assert folders
    assert not [path.name for path in folders if f" {path.name}/" not in DRAWING]


def test_there_is_nothing_else_at_the_top() -> None:
    allowed = {
        *("pyproject.toml", "harness", "suites", "worlds", "reports", "noxfile.py", "README.md"),
        *("tests", "docs", "LICENSE", "results", "dist", "build"),
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= allowed


def test_a_public_class_has_a_name_of_its_own() -> None:
    """One name for one thing; what runs in apps and Worlds keeps the names of the SDK."""
    places = collections.defaultdict(list)
    for package in ("harness", "reports", "suites"):
        for path in (ROOT / package).rglob("*.py"):
            if "inside" in path.parts or path.name.startswith("test_"):
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(name(path))
    # The protocol's message, and what a check is handed of it.
    del places["Reply"]
    assert {key: paths for key, paths in places.items() if len(paths) > 1} == {}

"""The house is as docs/architecture.md draws it."""

from __future__ import annotations

import ast
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

#: Package -> what it must not import. `harness/cli/` alone looks upward.
FORBIDDEN = {
    "harness": {"suites", "worlds", "reports"},
    "worlds": {"suites", "reports"},
    # They run in apps, where there is no harness.
    "worlds/python": {"harness", "suites", "reports", "worlds"},
    "harness/inside/python": {"harness", "suites", "reports", "worlds"},
    "reports": {"suites", "worlds"},
    "harness/descriptions.py": {"harness.workspaces", "harness.services", "harness.deployments"},
    "harness/programs": {
        *("harness.workspaces", "harness.services", "harness.deployments", "harness.measure"),
        "harness.descriptions",
    },
    "harness/workspaces": {"harness.services", "harness.deployments", "harness.measure"},
    "harness/services": {"harness.workspaces", "harness.deployments", "harness.measure"},
    "harness/deployments": {"harness.measure", "harness.bench"},
    "harness/measure": {"harness.bench", "harness.progress", "harness.cli", "harness.engine"},
    "harness/contract": {
        *("harness.workspaces", "harness.services", "harness.deployments", "harness.measure"),
        *("harness.programs", "harness.adapters", "harness.certification"),
    },
    "harness/adapters": {
        *("harness.deployments", "harness.measure", "harness.contract", "harness.certification"),
    },
    "harness/certification": {"harness.deployments", "harness.measure", "harness.cli"},
    "harness/nemesis": {
        *("harness.workspaces", "harness.services", "harness.deployments", "harness.measure"),
        *("harness.programs", "harness.adapters", "harness.certification", "harness.engine"),
    },
}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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


def test_nothing_in_the_harness_imports_the_command_line() -> None:
    importers = [
        name(path)
        for path in (ROOT / "harness").rglob("*.py")
        if not name(path).startswith("harness/cli/")
        and any(module.startswith("harness.cli") for module in imports_of(path))
    ]
    assert not importers


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


def test_the_drawing_names_every_folder_of_the_harness() -> None:
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = [path for path in (ROOT / "harness").iterdir() if (path / "__init__.py").exists()]
    assert folders
    assert not [path.name for path in folders if f"    {path.name}/" not in drawing]


def test_there_is_nothing_else_at_the_top() -> None:
    allowed = {
        *("pyproject.toml", "harness", "suites", "worlds", "reports", "noxfile.py", "README.md"),
        *("tests", "docs", "LICENSE", "results", "dist", "build"),
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= allowed

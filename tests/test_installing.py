"""Every install command of the documents is one that works: no release is on PyPI yet."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.workspaces import describe_lines
from tests import RESULTS, ROOT

DOCUMENTS = [
    ROOT / "README.md",
    *(path for path in (ROOT / "docs").rglob("*.md") if RESULTS not in path.parents),
    *(ROOT / ".github").rglob("*.md"),
]
#: Tools of others, by their names on PyPI.
TOOLS = {"nox"}
#: What a line of the SDK installs, as pip is told.
PINS = {
    f"{package}=={version}"
    for line in describe_lines().values()
    for package, version in line.packages.items()
}
REPOSITORY = re.compile(r"world-harness @ git\+https://github\.com/OWNER/world-harness(@COMMIT)?")
INSTALL = re.compile(
    r"(?:pip3?|pipx|uv(?: tool| pip)?) (?:install|add) ([^`\n;&):]*(?:://[^`\n]*)?)"
)


def list_installs(text: str) -> Iterator[str]:
    """List what the install commands of a text name; options are left out."""
    for arguments in INSTALL.findall(text):
        yield from (word for word in shlex.split(arguments) if not word.startswith("-"))


def find_fault(wanted: str, text: str) -> str:
    """Say why something cannot be installed as a text says; empty when it can."""
    if wanted in TOOLS or wanted in PINS or REPOSITORY.fullmatch(wanted):
        return ""
    folder, _, extras = wanted.partition("[")
    # A job may have checked this repository out into a folder.
    place = ROOT if f"path: {folder.removeprefix('./')}\n" in text else ROOT / folder
    if not folder.startswith(".") or not (place / "pyproject.toml").is_file():
        return f"{wanted} is neither a tool, nor this repository, nor a folder of it"
    project = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    unknown = {*filter(None, extras.rstrip("]").split(","))} - {*project["optional-dependencies"]}
    return f"{folder} has no extra {unknown}" if unknown else ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_install_command_works_today(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [fault for wanted in list_installs(text) if (fault := find_fault(wanted, text))] == []


def test_the_documents_have_install_commands() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    assert len([wanted for text in texts for wanted in list_installs(text)]) >= 6


@pytest.mark.parametrize(
    "command",
    [
        "pip install world-harness",
        "run: pip install world-harness==0.2.0",
        "`pipx install 'world-harness[mysql]'`",
        "uv tool install world-harness",
        "pip install ./nowhere",
        "pip install -e '.[none]'",
        'pip install "world-harness @ git+https://github.com/someone/world-harness"',
    ],
)
def test_a_command_that_fails_today_is_found(command: str) -> None:
    (wanted,) = list_installs(command)
    assert find_fault(wanted, command)

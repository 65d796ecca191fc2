"""What installs a line differs by its language, and by nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.workspaces import toolchains
from harness.workspaces.install import is_installed
from harness.workspaces.toolchains import LinePackages, find_toolchain

PINS = {"vercel-workflow": "0.12.0"}
WANTED = LinePackages(line="py", pins=PINS, first=PINS)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path))


def test_a_python_install_is_named_by_its_pins_and_its_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python = find_toolchain("python")
    one = python.locate(WANTED)
    assert one.binaries == one.folder / "bin"
    assert python.locate(replace(WANTED, first={})).folder == one.folder
    assert python.locate(replace(WANTED, pins={**PINS, "flask": "3.1.3"})).folder != one.folder
    monkeypatch.setattr(sys, "version", "another Python")
    assert python.locate(WANTED).folder != one.folder


def test_its_commands_come_first_and_nothing_is_installed_to_know_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    python = find_toolchain("python")
    install = python.locate(WANTED)
    path = python.environment(install)["PATH"].split(os.pathsep)
    assert path == [str(install.binaries), "/usr/bin"]
    assert not is_installed(install)


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Path, str, object]] = []
    monkeypatch.setattr(toolchains, "make_environment", lambda *about: made.append(about))
    python = find_toolchain("python")
    install = python.install(WANTED)
    assert python.install(WANTED) == install
    assert is_installed(install)
    assert made == [(install.folder, "line py", PINS)]


def test_node_finds_its_commands_among_the_packages() -> None:
    node = find_toolchain("typescript")
    install = node.locate(LinePackages(line="v5", pins={"workflow": "5.0.0-beta.35"}, first={}))
    assert install.binaries == install.folder / "node_modules" / ".bin"
    assert node.environment(install)["PATH"].startswith(str(install.binaries))

"""Installs and builds: done once, quoted when they fail, and never half done."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from harness.errors import BuildError, InstallError
from harness.workspaces.build import build_app, is_built, locate_app
from harness.workspaces.install import Install, install_line, is_installed, locate_install
from harness.workspaces.node import Node, find_node
from tests.harness.deployments.observing import listening

PINS = {"left-pad": "1.3.0"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(folder))
    return folder


@pytest.fixture
def npm(tmp_path: Path) -> Npm:
    return Npm(tmp_path / "programs")


class Npm:
    """A stand-in for npm that does what the script says."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.node = Node(folder, "0.0.0")

    def does(self, program: str) -> None:
        path = self.node.folder / "npm"
        path.write_text(f"#!{sys.executable} -IS\n{program}\n")
        path.chmod(0o755)


def install(npm: Npm) -> Install:
    return install_line("tiny", PINS, npm.node)


def test_an_install_is_made_once_of_exactly_the_pins(npm: Npm) -> None:
    npm.does("open('runs', 'a').write('once,')")
    done = install(npm)
    assert install(npm) == done
    assert (done.folder / "runs").read_text() == "once,"
    manifest = msgspec.json.decode((done.folder / "package.json").read_bytes())
    assert manifest["dependencies"] == PINS
    assert locate_install("tiny", {**PINS, "left-pad": "1.2.0"}, npm.node).folder != done.folder


def test_an_install_that_fails_is_quoted_leaves_nothing_and_can_be_tried_again(
    npm: Npm, cache: Path
) -> None:
    npm.does("print('npm error code ETARGET'); open('half', 'w'); raise SystemExit(1)")
    with pytest.raises(InstallError, match="could not install") as caught:
        install(npm)
    folder = locate_install("tiny", PINS, npm.node).folder
    assert "`npm` ended with code 1" in caught.value.cause
    assert "| npm error code ETARGET" in caught.value.cause
    log = cache / "logs" / f"{folder.name}.install.log"
    assert f"the whole log: {log}" in caught.value.cause
    assert "npm error" in log.read_text()
    assert "correct its pin" in caught.value.remedy
    assert not folder.exists()
    npm.does("")
    assert is_installed(install(npm))


@pytest.mark.slow
def test_an_install_without_a_registry_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real npm, and a registry that is not there."""
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with listening() as port:
        pass
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{port}")
    with pytest.raises(InstallError, match="npm cannot reach its registry") as caught:
        install_line("tiny", PINS, find_node())
    assert "ECONNREFUSED" in caught.value.cause
    assert "check the network" in caught.value.remedy
    assert not locate_install("tiny", PINS, find_node()).folder.exists()


FILES = {"package.json": b"{}", "src/index.ts": b"export {};"}


def build(npm: Npm, program: str, env: dict[str, str] | None = None) -> Path:
    command = [sys.executable, "-IS", "-c", program]
    base = npm.node.environment(install(npm).binaries)
    return build_app(install(npm), "tiny", FILES, command, env or {}, base)


def test_a_build_is_made_once_beside_the_packages_it_uses(npm: Npm) -> None:
    npm.does("")
    program = "open('runs', 'a').write('once,')"
    folder = build(npm, program)
    assert build(npm, program) == folder
    assert (folder / "runs").read_text() == "once,"
    assert (folder / "src" / "index.ts").read_bytes() == b"export {};"
    assert folder.parent.parent == install(npm).folder


def test_another_build_is_made_for_other_content(npm: Npm) -> None:
    npm.does("")
    folders = {build(npm, ""), build(npm, "pass"), build(npm, "", {"MODE": "other"})}
    assert len(folders) == 3


def test_a_build_sees_its_environment_and_the_installs_programs(npm: Npm) -> None:
    npm.does("")
    program = "import os; open('env', 'w').write(os.environ['MODE'] + os.environ['PATH'])"
    written = (build(npm, program, {"MODE": "fast:"}) / "env").read_text().split(os.pathsep)
    assert written[:3] == ["fast", str(install(npm).binaries), str(npm.node.folder)]


def test_a_build_that_fails_is_quoted_leaves_nothing_and_can_be_tried_again(
    npm: Npm, cache: Path, tmp_path: Path
) -> None:
    npm.does("")
    ready = tmp_path / "ready"
    program = f"import os; os.path.exists({str(ready)!r}) or print('Error: no such module')"
    program += f"; raise SystemExit(not os.path.exists({str(ready)!r}))"
    with pytest.raises(BuildError, match="cannot build the app tiny of line tiny") as caught:
        build(npm, program)
    folder = locate_app(install(npm), "tiny", FILES, [sys.executable, "-IS", "-c", program], {})
    log = cache / "logs" / f"tiny-{folder.name}.build.log"
    assert "| Error: no such module" in caught.value.cause
    assert f"the whole log: {log}" in caught.value.cause
    assert not folder.exists()
    ready.touch()
    assert is_built(build(npm, program))


def test_node_and_npm_come_from_the_wheel() -> None:
    node = find_node()
    assert {path.name for path in node.folder.iterdir()} >= {"node", "npm", "npx"}
    assert all((node.folder / name).exists() for name in ("node", "npm", "npx"))
    assert find_node() == node


def test_without_the_wheel_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InstallError, match="Node is not installed") as caught:
        find_node()
    assert caught.value.remedy.startswith("pip install")

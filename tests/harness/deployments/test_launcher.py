"""An app is built once for all its storages; a dev server's app is new in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from harness.deployments.deployment import Deployment
from harness.deployments.launcher import Launcher
from harness.descriptions import Cell
from harness.errors import UsageError
from harness.workspaces import install
from suites import workflows
from tests.harness.deployments import tiny_bench

BUILT = Cell("tiny", "tiny", "tiny")
DEVELOPED = msgspec.structs.replace(BUILT, mode="development")
COMPILED = "compiled"


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launcher]:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "run_npm", lambda *asked: None)
    tiny = tiny_bench.CATALOG.frameworks["tiny"]
    developed = msgspec.structs.replace(tiny, dev=(*tiny_bench.PYTHON, "{port}", "--dev"))
    catalog = msgspec.structs.replace(
        tiny_bench.CATALOG,
        frameworks={"tiny": developed, "bare": msgspec.structs.replace(tiny, id="bare")},
    )
    with Launcher(catalog, workflows.BENCH) as launcher:
        yield launcher


def process_of(app: Deployment) -> psutil.Process:
    return psutil.Process(app.identity.pid)


def folder_of(app: Deployment) -> Path:
    return Path(process_of(app).cwd())


def test_mode_of_a_cell_decides_which_command_serves_it(launcher: Launcher) -> None:
    for cell, is_dev in ((BUILT, False), (DEVELOPED, True)):
        launcher.prepare(cell)
        with launcher.deploy(cell) as app:
            assert (process_of(app).cmdline()[-1] == "--dev") is is_dev
            expected = "development" if is_dev else "production"
            assert process_of(app).environ()["NODE_ENV"] == expected


def test_builds_share_a_folder_and_dev_servers_do_not(launcher: Launcher) -> None:
    folders: dict[Cell, list[Path]] = {BUILT: [], DEVELOPED: []}
    for cell, found in folders.items():
        launcher.prepare(cell)
        for _ in range(2):
            with launcher.deploy(cell) as app:
                folder = folder_of(app)
                assert (folder / "package.json").is_file()
                assert cell is BUILT or not (folder / COMPILED).exists()
                (folder / COMPILED).touch()
                found.append(folder)
    assert len({*folders[BUILT]}) == 1
    assert len({*folders[DEVELOPED]}) == 2
    assert not any(folder.exists() for folder in folders[DEVELOPED])


def test_dev_server_finds_what_it_compiled_when_it_starts_again_on_its_storage(
    launcher: Launcher,
) -> None:
    launcher.prepare(DEVELOPED)
    with launcher.open_storage(DEVELOPED) as storage:
        with launcher.deploy(DEVELOPED, storage=storage) as app:
            (folder_of(app) / COMPILED).touch()
        with launcher.deploy(DEVELOPED, storage=storage) as app:
            assert (folder_of(app) / COMPILED).exists()


def test_framework_without_a_dev_server_is_refused_before_anything_starts(
    launcher: Launcher,
) -> None:
    cell = Cell("tiny", "bare", "tiny", "development")
    with pytest.raises(UsageError, match="framework bare has no dev server"):
        launcher.prepare(cell)

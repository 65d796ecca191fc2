"""`world-harness e2e`, run as a user runs it, on the real SDK."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell
from harness.results.files import read_results_as
from harness.results.records import Check, EngineResults
from suites import workflows
from suites.engine import list_checks

pytestmark = [pytest.mark.sdk]

E2E = [sys.executable, "-c", "from harness.cli import main; main()", "e2e", "--seed", "1"]
CELL = Cell("v5", "express", "local")
ON_CELL = ["--line", CELL.line, "--framework", CELL.framework, "--world", CELL.world]


def e2e(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*E2E, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read(folder: Path) -> EngineResults:
    (path,) = folder.glob("*.jsonl")
    return read_results_as(path, EngineResults)


def checks_in(folder: Path) -> tuple[Check, ...]:
    return read(folder).checks


#: One without faults, and one with faults of deliveries. The checks of all suites
#: run against mutants, and against Worlds without a defect (tests/suites/engine).
SUITES = ("costs", "dedupe")


@pytest.mark.xdist_group("engine")
def test_suites_run_on_one_cell(tmp_path: Path) -> None:
    chosen = [word for suite in SUITES for word in ("--suite", suite)]
    options = ["--examples", "1", "--tries", "0", "--workers", "3"]
    done = e2e(*ON_CELL, *chosen, *options, "--out", tmp_path)
    checks = checks_in(tmp_path)
    assert {check.suite for check in checks} == {*SUITES}
    assert {check.check for check in checks} <= set(list_checks())
    assert not [check.message for check in checks if "the check itself broke" in check.message]
    # What the engine makes of it is its affair; that the suites can tell is ours (test_mutants).
    assert "passed" in {check.verdict for check in checks}
    assert [(end.cell, end.checks) for end in read(tmp_path).cells] == [(CELL, len(checks))]
    assert done.returncode in {0, 1, 2}, done.stdout + done.stderr
    assert "## 🧪 E2E Test Results" in next(tmp_path.glob("*.md")).read_text(encoding="utf-8")


@pytest.mark.xdist_group("engine")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_session_leaves_nothing(
    tmp_path: Path, how: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [*E2E, *ON_CELL, "--suite", "retry-inflation", "--out", str(tmp_path / "results")],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        family = await_apps(process)
        process.send_signal(how)
        assert process.wait(60) == code
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert not list(tmp_path.glob("world-harness-*"))
    assert not read(tmp_path / "results").cells


def await_apps(process: subprocess.Popen[bytes], within_s: float = 120) -> list[psutil.Process]:
    """Wait until apps run; return everything below the command."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        assert process.poll() is None
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
            if any(".output/server" in " ".join(child.cmdline()) for child in family):
                return family
        time.sleep(0.1)
    raise AssertionError("no app was started")


@pytest.mark.xdist_group("engine")
def test_an_app_elsewhere_is_asked_what_can_be_asked(tmp_path: Path, catalog: Catalog) -> None:
    with Launcher(catalog, workflows.ENGINE) as launcher:
        launcher.prepare(CELL)
        with launcher.deploy(CELL) as app:
            options = ["--suite", "costs", "--suite", "crash-recovery", "--examples", "1"]
            done = e2e(*options, "--url", app.base_url, "--out", tmp_path, "--workers", "1")
    checks = checks_in(tmp_path)
    by_suite = {
        suite: {check.verdict for check in checks if check.suite == suite}
        for suite in ("costs", "crash-recovery")
    }
    assert by_suite["crash-recovery"] == {"not applicable"}
    assert by_suite["costs"] == {"passed"}, done.stdout
    reasons = {check.message for check in checks if check.suite == "crash-recovery"}
    assert any("out of reach" in reason for reason in reasons)
    assert app.base_url not in done.stdout


@pytest.mark.xdist_group("engine")
def test_an_app_for_the_benchmark_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    with Launcher(catalog, workflows.BENCH) as launcher:
        launcher.prepare(CELL)
        with launcher.deploy(CELL) as app:
            done = e2e("--url", app.base_url, "--out", tmp_path)
    assert done.returncode == 3
    assert "lacks workflows" in done.stderr
    assert "--contents engine" in done.stderr

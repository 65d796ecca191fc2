"""The tests of a project that has nothing to do with us, in an environment that holds the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation.foreign import write
from tests.installation.installed import Installation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]

SETTINGS = """\
[pytest]
addopts = --strict-markers --strict-config -n 2
filterwarnings = error
markers =
    benchmark(kind): a marker of the project
"""
CONFTEST = """\
import pytest

NAMES = ["case", "clause", "development", "effort", "env", "examples", "first-failure",
         "forks", "framework", "line", "mutant", "out", "parcel", "profile", "records", "results",
         "scenario", "seed", "service", "setup", "tries", "world"]


def pytest_addoption(parser):
    for name in NAMES:
        parser.addoption(f"--{name}", default=name)


@pytest.fixture
def benchmark():
    return 17
"""
TESTS = """\
import pytest

import worlds
from harness.errors import Problem
from reports.writing import total
from suites.engine import cars
from worlds.local import OWN


def test_modules_are_the_projects_own():
    assert issubclass(Problem, Exception)
    assert (total([1, 2]), cars.WHEELS, OWN, worlds.COUNT) == (3, 4, "own", 1)


@pytest.mark.benchmark("slow")
def test_marker_is_the_projects_own():
    pass


def test_fixture_is_the_projects_own(benchmark):
    assert benchmark == 17


@pytest.mark.parametrize("name", ["env", "profile", "seed", "world"])
def test_option_is_the_projects_own(pytestconfig, name):
    assert pytestconfig.getoption(f"--{name}") == name
"""
#: Modules of packages that have the names of ours; some of these modules have, too.
MODULES = {
    "harness/errors.py": "class Problem(Exception):\n    pass\n",
    "reports/writing.py": "def total(numbers):\n    return sum(numbers)\n",
    "suites/engine/cars.py": "WHEELS = 4\n",
    "worlds/__init__.py": "COUNT = 1\n",
    "worlds/local.py": "OWN = 'own'\n",
}


@pytest.fixture(params=["packages", "namespaces"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write(tmp_path / "pytest.ini", SETTINGS)
    write(tmp_path / "conftest.py", CONFTEST)
    write(tmp_path / "tests" / "test_own.py", TESTS)
    for path, text in MODULES.items():
        write(tmp_path / path, text)
    if request.param == "packages":
        for package in ("harness", "reports", "suites", "suites/engine"):
            write(tmp_path / package / "__init__.py", "")
    return tmp_path


@pytest.mark.parametrize("program", [("pytest",), ("python", "-m", "pytest")], ids=" ".join)
def test_a_project_stays_green_beside_the_harness(
    installation: Installation, project: Path, program: tuple[str, ...]
) -> None:
    done = installation.run(*program, folder=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_a_project_sees_no_option_of_ours(installation: Installation, tmp_path: Path) -> None:
    done = installation.run("pytest", "--help", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "world-harness" not in done.stdout


def test_a_project_stays_green_beside_every_extra_and_pytest_profiling(
    full_installation: Installation, tmp_path: Path
) -> None:
    """pytest-profiling has an option `--profile`, as the suites have."""
    write(tmp_path / "pytest.ini", SETTINGS)
    write(
        tmp_path / "conftest.py",
        CONFTEST.partition("@pytest.fixture")[0].replace('"profile", ', ""),
    )
    write(
        tmp_path / "test_own.py",
        "def test_own(pytestconfig):\n    assert pytestconfig.getoption('--profile') is False\n",
    )
    done = full_installation.run("pytest", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout

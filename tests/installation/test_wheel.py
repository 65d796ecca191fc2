"""What the wheel holds, and what it says of itself."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from pathlib import PurePosixPath

import pytest

from tests import ROOT
from tests.installation.installed import Installation

PACKAGES = {"harness", "reports", "suites", "world_harness", "worlds"}
LARGEST_BYTES = 1_200_000
#: Endings of recordings, and of reports made from them.
RECORDINGS = {".jsonl", ".gz", ".html", ".svg"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]


@pytest.fixture(scope="module")
def wheel(installation: Installation) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(installation.wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(wheel: zipfile.ZipFile) -> list[PurePosixPath]:
    return [PurePosixPath(name) for name in wheel.namelist()]


def read_metadata(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return Parser().parsestr(read_metadata(wheel, "METADATA"))


def test_the_wheel_has_at_most_1_2_megabytes(installation: Installation) -> None:
    assert installation.wheel.stat().st_size <= LARGEST_BYTES


def test_the_wheel_holds_the_import_packages_and_nothing_beside_them(
    files: list[PurePosixPath],
) -> None:
    places = {path.parts[0] for path in files}
    assert {place for place in places if not place.endswith(".dist-info")} == PACKAGES


def test_the_wheel_holds_every_tracked_file_of_its_packages_without_the_studies(
    files: list[PurePosixPath],
) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    studies = ("suites/honesty/", "suites/performance/")
    entry = "harness/entry/"
    expected = {name.removeprefix(entry) for name in tracked if not name.startswith(studies)}
    assert {str(path) for path in files if path.parts[0] in PACKAGES} == expected


def test_every_import_package_is_marked_as_typed(files: list[PurePosixPath]) -> None:
    marked = {path.parts[0] for path in files if path.parts[1:] == ("py.typed",)}
    assert marked == PACKAGES


def test_the_wheel_holds_no_recordings_and_no_reports(files: list[PurePosixPath]) -> None:
    assert not [path for path in files if path.suffix in RECORDINGS]
    assert not [path for path in files if {"docs", "examples", "tests"} & set(path.parts)]


@pytest.mark.parametrize("study", ["honesty", "performance"])
def test_the_wheel_holds_no_study_of_the_harness_itself(
    files: list[PurePosixPath], study: str
) -> None:
    assert not [path for path in files if path.parts[:2] == ("suites", study)]


def test_the_wheel_registers_the_command_and_no_pytest_plugin(wheel: zipfile.ZipFile) -> None:
    registered = ConfigParser()
    registered.read_string(read_metadata(wheel, "entry_points.txt"))
    assert registered.sections() == ["console_scripts"]
    assert registered.options("console_scripts") == ["world-harness"]


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_the_metadata_names_every_supported_python(metadata: Message, minor: int) -> None:
    classifiers = metadata.get_all("Classifier", [])
    assert f"Programming Language :: Python :: 3.{minor}" in classifiers


def test_the_metadata_says_what_the_package_is_and_where_it_lives(metadata: Message) -> None:
    classifiers = metadata.get_all("Classifier", [])
    assert {"Framework :: Pytest", "Typing :: Typed"} <= set(classifiers)
    assert "benchmark" in metadata["Keywords"].split(",")
    urls = dict(text.split(", ") for text in metadata.get_all("Project-URL", []))
    assert set(urls) == {"Homepage", "Documentation", "Issues", "Source"}
    assert all(url.startswith(urls["Homepage"]) for url in urls.values())


@pytest.mark.parametrize(
    ("extra", "package"),
    [("mongodb", "pymongo"), ("mysql", "pymysql"), ("pytest-benchmark", "pytest-benchmark")],
)
def test_what_only_one_part_needs_is_an_extra_and_part_of_dev(
    metadata: Message, extra: str, package: str
) -> None:
    wanted = [text for text in metadata.get_all("Requires-Dist", []) if text.startswith(package)]
    conditions = {text.partition("; ")[2] for text in wanted}
    assert conditions == {f"extra == '{extra}'", "extra == 'dev'"}

"""A World's packages are installed alone; what does not exist is answered with what does."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from harness.errors import InstallError
from harness.workspaces.install import install_line, locate_install
from harness.workspaces.node import Node
from harness.workspaces.packages import PackageSet, find_version, install_packages
from harness.workspaces.packing import keep_packed
from tests.harness.certification.small_worlds import pack

WORLD = PackageSet(title="@acme/world", pins={"@acme/world": "1.2.3"})

#: A registry that knows some versions of one package.
REGISTRY = """
import json, sys
if sys.argv[1] == "view":
    wanted, field = sys.argv[2:4]
    known = [f"1.{n}.0" for n in range(12)]
    if wanted.startswith("down"):
        print('{"error": {"code": "ENOTFOUND", "summary": "no answer"}}')
        raise SystemExit(1)
    if not wanted.startswith("@acme/world"):
        print('{"error": {"code": "E404", "summary": "not found", "detail": "…"}}')
        raise SystemExit(1)
    version = wanted.rpartition("@")[2]
    answer = {"versions": known, "version": known[-1] if version == "latest" else known[:3]}
    print(json.dumps(answer[field]))
    raise SystemExit(0)
"""


class Npm:
    """Stands in for npm."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.node = Node(folder, "24.0.0")

    def says(self, text: str, code: int = 1) -> None:
        self.does(f"print({text!r}); raise SystemExit({code})")

    def does(self, program: str) -> None:
        path = self.node.folder / "npm"
        path.write_text(f"#!{sys.executable} -IS\n{REGISTRY}\n{program}\n")
        path.chmod(0o755)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def npm(tmp_path: Path) -> Npm:
    return Npm(tmp_path / "programs")


def read_wish(folder: Path) -> dict[str, object]:
    wish: dict[str, object] = msgspec.json.decode((folder / "package.json").read_bytes())
    return wish


def test_they_are_installed_once(npm: Npm, cache: Path) -> None:
    npm.does("open('runs', 'a').write('once,')")
    folder = install_packages(WORLD, npm.node)
    assert install_packages(WORLD, npm.node) == folder
    assert (folder / "runs").read_text() == "once,"
    assert folder.parent == cache / "worlds"
    assert read_wish(folder)["dependencies"] == {"@acme/world": "1.2.3"}
    assert "overrides" not in read_wish(folder)


def test_overrides_are_handed_on(npm: Npm) -> None:
    npm.does("")
    other = msgspec.structs.replace(WORLD, overrides={"left-pad": "1.3.0"})
    folder = install_packages(other, npm.node)
    assert read_wish(folder)["overrides"] == {"left-pad": "1.3.0"}
    assert install_packages(WORLD, npm.node) != folder


def test_a_packed_file_with_other_content_is_another_install(npm: Npm) -> None:
    npm.does("")
    folders = {
        install_packages(msgspec.structs.replace(WORLD, content=content), npm.node)
        for content in ("one", "two", "one")
    }
    assert len(folders) == 2


def test_a_version_that_does_not_exist_is_answered_with_the_newest(npm: Npm) -> None:
    npm.says(
        "npm error code ETARGET\nnpm error notarget No matching version found for "
        "@acme/world@1.2.3.\nnpm error notarget In most cases…"
    )
    with pytest.raises(InstallError, match=r"@acme/world has no version 1\.2\.3") as caught:
        install_packages(WORLD, npm.node)
    assert caught.value.remedy.startswith("choose from 1.11.0, 1.10.0, ")
    assert caught.value.remedy.endswith(" and older ones")


@pytest.mark.parametrize(
    "text",
    [
        "npm error 404  '@acne/world@1.2.3' is not in this registry.",
        "npm error 404  The requested resource '@acne/world@1.2.3' could not be found or you do…",
    ],
)
def test_a_package_that_does_not_exist(npm: Npm, text: str) -> None:
    npm.says(text)
    stranger = PackageSet(title="@acne/world", pins={"@acne/world": "1.2.3"})
    with pytest.raises(InstallError, match="registry has no package @acne/world") as caught:
        install_packages(stranger, npm.node)
    assert "check the name" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "npm error notarget No matching version found for @sdk/errors@5.0.0-beta.13.",
        "npm error 404  '@sdk/errors@5.0.0-beta.13' is not in this registry.",
    ],
)
def test_a_dependency_that_does_not_exist_is_not_mistaken_for_the_world(
    npm: Npm, text: str
) -> None:
    npm.says(text)
    with pytest.raises(InstallError, match="depends on @sdk/errors 5") as caught:
        install_packages(WORLD, npm.node)
    assert "overrides" in caught.value.remedy


ENGINE = """npm warn EBADENGINE Unsupported engine {
npm warn EBADENGINE   package: '%s@1.2.3',
npm warn EBADENGINE   required: { node: '>=99' },
npm warn EBADENGINE   current: { node: 'v24.0.0', npm: '11.0.0' }
npm warn EBADENGINE }"""


def test_a_world_for_another_node_is_refused_and_not_kept(npm: Npm, cache: Path) -> None:
    npm.says(ENGINE % "@acme/world", code=0)
    with pytest.raises(InstallError, match="needs another Node") as caught:
        install_packages(WORLD, npm.node)
    assert "node: '>=99'" in caught.value.cause
    assert "24.0.0" in caught.value.cause
    assert not [path for path in (cache / "worlds").iterdir() if path.is_dir()]


def test_a_dependency_that_asks_for_another_node_is_not(npm: Npm) -> None:
    npm.says(ENGINE % "left-pad", code=0)
    assert install_packages(WORLD, npm.node).is_dir()


def test_another_failure_is_quoted(npm: Npm) -> None:
    npm.says("npm error code EWHATEVER")
    with pytest.raises(InstallError, match="npm could not install") as caught:
        install_packages(WORLD, npm.node)
    assert "| npm error code EWHATEVER" in caught.value.cause


def test_tags_and_ranges_mean_a_version(npm: Npm) -> None:
    npm.does("")
    assert find_version("@acme/world", "latest", npm.node) == "1.11.0"
    assert find_version("@acme/world", "^1.0.0", npm.node) == "1.2.0"


def test_a_tag_that_means_none(npm: Npm) -> None:
    npm.does("")
    with pytest.raises(InstallError, match="registry has no package other"):
        find_version("other", "next", npm.node)


def test_a_registry_that_does_not_answer_is_not_mistaken_for_one_that_does_not_know(
    npm: Npm,
) -> None:
    npm.does("")
    with pytest.raises(InstallError, match="npm cannot list the versions") as caught:
        find_version("down", "latest", npm.node)
    assert "ENOTFOUND: no answer" in caught.value.cause
    assert "check the network" in caught.value.remedy


def test_what_is_installed_first_keeps_its_place(npm: Npm) -> None:
    """npm puts what it meets first where apps look for it."""
    npm.does("open('wishes', 'a').write(open('package.json').read() + '\\n')")
    first, pins = {"workflow": "4.0.0"}, {"workflow": "4.0.0", "@acme/world": "1.2.3"}
    install = install_line("v4", pins, npm.node, first=first)
    wishes = [
        msgspec.json.decode(line)["dependencies"]
        for line in (install.folder / "wishes").read_text().splitlines()
    ]
    assert wishes == [first, pins]


def test_an_install_without_more_is_the_same_as_ever(npm: Npm) -> None:
    pins = {"workflow": "4.0.0"}
    assert locate_install("v4", pins, npm.node, first=pins) == locate_install("v4", pins, npm.node)


def test_what_holds_for_all_packages_is_told_npm_from_the_first_on(npm: Npm) -> None:
    npm.does("open('wishes', 'a').write(open('package.json').read() + '\\n')")
    first = {"workflow": "5.0.0"}
    pins = {**first, "@acme/world": "1.2.3", "@workflow/core": "5.0.1"}
    overrides = {"@workflow/core": "5.0.1"}
    install = install_line("v5", pins, npm.node, first=first, overrides=overrides)
    wishes = [
        msgspec.json.decode(line) for line in (install.folder / "wishes").read_text().splitlines()
    ]
    assert [wish["overrides"] for wish in wishes] == [overrides, overrides]
    assert [wish["dependencies"] for wish in wishes] == [{**first, **overrides}, pins]
    assert locate_install("v5", pins, npm.node, first=first).folder != install.folder


def test_packed_package_is_named_by_its_place_to_npm_alone(
    npm: Npm, cache: Path, tmp_path: Path
) -> None:
    npm.does("")
    package = keep_packed(tmp_path / pack(tmp_path, ""), "./world.tgz")
    pins = {package.name: package.version}
    install = install_line("v5", pins, npm.node, overrides=pins)
    told = msgspec.json.decode((install.folder / "package.json").read_bytes())
    (place,) = (cache / "packed").iterdir()
    assert told["dependencies"] == told["overrides"] == {"@acme/world": f"file:{place}"}
    assert install.pins == pins

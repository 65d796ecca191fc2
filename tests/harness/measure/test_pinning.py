"""Other versions, as a user names them: exact, packed, in a folder, or of a commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.bench import BenchRequest
from harness.bench.planning import plan_session
from harness.descriptions import Catalog, Cell
from harness.errors import InstallError, UsageError
from harness.measure import pinning
from harness.measure.matches import match_versions
from harness.measure.pinning import Pins, pin, read_pins, refuse_unused
from harness.measure.plan import Choice
from harness.results.records import BenchHeader
from harness.workspaces.install import list_overrides, pin_line
from harness.workspaces.node import Node
from harness.workspaces.packing import find_kept
from tests.harness.certification.small_worlds import pack

CORE, PART, OF_LOCAL = "workflow", "@workflow/core", "@workflow/world-local"
LOCAL = Cell("v5", "express", "local")

#: Stands in for npm: packs what the folder holds, after its `prepare`, and tells what it was asked.
NPM = """
import gzip, io, json, os, pathlib, sys, tarfile
with open(os.environ["SAID"], "a") as said:
    said.write(" ".join(sys.argv[1:2]) + "\\n")
if sys.argv[1] == "install":
    raise SystemExit(0)
folder, into = sys.argv[2], sys.argv[4]
manifest = json.loads(pathlib.Path(folder, "package.json").read_text())
if manifest.get("scripts", {}).get("prepare") == "exit 1":
    print("prepare: tsc: not found")
    raise SystemExit(1)
# As npm packs: the same files are the same bytes, whatever the time is.
packed = gzip.GzipFile(pathlib.Path(into, "package.tgz"), "wb", mtime=0)
with packed, tarfile.open(fileobj=packed, mode="w") as archive:
    for path in sorted(pathlib.Path(folder).iterdir()):
        item = tarfile.TarInfo(f"package/{path.name}")
        item.size = path.stat().st_size
        archive.addfile(item, io.BytesIO(path.read_bytes()))
"""


@pytest.fixture(autouse=True)
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What npm was asked for: a file with a line each."""
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "npm").write_text(f"#!{sys.executable} -IS\n{NPM}")
    (programs / "npm").chmod(0o755)
    monkeypatch.setattr(pinning, "find_node", lambda: Node(programs, "0.0.0"))
    return tmp_path / "said"


def check_out(folder: Path, text: str = "one", **manifest: object) -> Path:
    """Write the folder of a package, as a checkout has it."""
    folder.mkdir(exist_ok=True)
    described = {"name": OF_LOCAL, "version": "5.0.0-beta.99", **manifest}
    (folder / "package.json").write_text(json.dumps(described))
    (folder / "index.mjs").write_text(text)
    return folder


def git(folder: Path, *words: str) -> None:
    about = ("-c", "user.name=A", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *about, *words], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--message", "A state of it")


def content_of(pins: Pins, package: str = OF_LOCAL) -> bytes:
    kept = find_kept(pins.packages[package])
    assert kept is not None
    return kept.read_bytes()


class TestVersions:
    @pytest.mark.parametrize(
        ("text", "package"),
        [("local@1.2.3", OF_LOCAL), (f"{OF_LOCAL}@1.2.3", OF_LOCAL), ("workflow@1.2.3", CORE)],
    )
    def test_world_or_package_may_be_named(self, catalog: Catalog, text: str, package: str) -> None:
        assert read_pins([text], catalog) == Pins({package: "1.2.3"})

    @pytest.mark.parametrize("text", ["local", "local@latest", "local@^1.2.3", "@1.2.3", ""])
    def test_version_has_to_be_exact(self, catalog: Catalog, text: str) -> None:
        with pytest.raises(UsageError, match="is not a valid pin"):
            read_pins([text], catalog)


class TestPackedPackages:
    @pytest.mark.parametrize("name", ["local=", f"{OF_LOCAL}=", ""])
    def test_packed_package_is_kept_by_its_content(
        self, catalog: Catalog, tmp_path: Path, name: str
    ) -> None:
        packed = tmp_path / pack(tmp_path, "one", name=OF_LOCAL)
        first, bytes_of_first = read_pins([f"{name}{packed}"], catalog), packed.read_bytes()
        pack(tmp_path, "other", name=OF_LOCAL)
        second = read_pins([f"{name}{packed}"], catalog)
        assert first != second
        assert content_of(first) == bytes_of_first
        assert content_of(second) == packed.read_bytes()

    def test_packed_package_that_is_not_there_is_said(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="npm pack"):
            read_pins(["local=nowhere.tgz"], catalog)

    def test_package_of_another_name_is_refused(self, catalog: Catalog, tmp_path: Path) -> None:
        packed = tmp_path / pack(tmp_path, "one", name="@acme/world")
        with pytest.raises(UsageError, match="the package given for local is @acme/world"):
            read_pins([f"local={packed}"], catalog)

    def test_what_was_kept_can_be_named_again_but_only_here(
        self, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed = tmp_path / pack(tmp_path, "one", name=OF_LOCAL, version="5.0.0+mine")
        pins = read_pins([f"local={packed}"], catalog)
        assert pins.packages[OF_LOCAL].startswith("5.0.0+mine.packed.")
        assert read_pins(pins.write(), catalog) == pins
        monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "of another machine"))
        with pytest.raises(UsageError, match="not on this machine"):
            read_pins(pins.write(), catalog)


class TestCheckouts:
    @pytest.mark.parametrize("name", ["local=", ""])
    def test_folder_is_packed_and_named_by_its_own_package(
        self, catalog: Catalog, tmp_path: Path, said: Path, name: str
    ) -> None:
        pins = read_pins([f"{name}{check_out(tmp_path / 'checkout')}"], catalog)
        assert pins.packages.keys() == {OF_LOCAL}
        assert pins.packages[OF_LOCAL].startswith("5.0.0-beta.99+packed.")
        assert said.read_text() == "pack\n"

    def test_relative_folder_begins_where_the_command_is_run(
        self, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check_out(tmp_path / "checkout")
        monkeypatch.chdir(tmp_path)
        assert read_pins(["./checkout"], catalog) == read_pins(["local=checkout"], catalog)

    def test_script_that_fails_is_quoted_with_what_to_do(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        folder = check_out(tmp_path / "checkout", scripts={"prepare": "exit 1"})
        with pytest.raises(InstallError, match=r"npm could not pack \S*world-local") as caught:
            read_pins([str(folder)], catalog)
        assert "tsc: not found" in caught.value.cause
        assert "npm pack --ignore-scripts" in caught.value.remedy

    @pytest.mark.parametrize("wanted", ["workspace:*", "catalog:", "file:../core"])
    def test_package_that_needs_its_neighbors_is_refused(
        self, catalog: Catalog, tmp_path: Path, wanted: str
    ) -> None:
        folder = check_out(tmp_path / "checkout", dependencies={PART: wanted})
        with pytest.raises(UsageError, match="cannot pack") as caught:
            read_pins([str(folder)], catalog)
        assert f"{PART} {wanted}" in caught.value.cause
        assert "pnpm pack" in caught.value.remedy

    def test_folder_that_is_not_there_or_no_package_is_said(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match="does not exist"):
            read_pins([f"local={tmp_path / 'nowhere'}"], catalog)
        with pytest.raises(UsageError, match="is not a package") as caught:
            read_pins([str(tmp_path)], catalog)
        assert "WORLD=FOLDER" in caught.value.remedy

    def test_commit_is_taken_as_it_was_and_the_checkout_left_alone(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        root = tmp_path / "repository"
        root.mkdir()
        git(root, "init", "--quiet")
        folder = check_out(root / "world", "one")
        commit(root)
        git(root, "tag", "v1")
        as_it_was = read_pins([str(folder)], catalog)
        check_out(folder, "two")
        assert read_pins([f"{folder}@v1"], catalog) == as_it_was
        assert read_pins([f"local={folder}@HEAD"], catalog) == as_it_was
        assert read_pins([str(folder)], catalog) != as_it_was
        assert (folder / "index.mjs").read_text() == "two"

    def test_what_a_commit_is_built_with_is_installed_first(
        self, catalog: Catalog, tmp_path: Path, said: Path
    ) -> None:
        git(tmp_path, "init", "--quiet")
        folder = check_out(tmp_path / "world", scripts={"prepare": "tsc"})
        git(tmp_path, "add", "world")
        git(tmp_path, "commit", "--message", "A state of it")
        read_pins([f"{folder}@HEAD"], catalog)
        assert said.read_text() == "install\npack\n"

    @pytest.mark.parametrize("reference", ["nowhere", "--output=x"])
    def test_commit_that_is_not_there_is_said(
        self, catalog: Catalog, tmp_path: Path, reference: str
    ) -> None:
        git(tmp_path, "init", "--quiet")
        folder = check_out(tmp_path / "world")
        with pytest.raises(UsageError, match=rf"git has no folder \S+ at '{reference}'"):
            read_pins([f"{folder}@{reference}"], catalog)


class TestSources:
    def write_source(self, folder: Path, text: str = "one") -> Path:
        (folder / "world_harness_worlds").mkdir(parents=True)
        (folder / "world_harness_worlds" / "__init__.py").write_text(text)
        return folder

    def test_source_is_kept_by_its_content_and_can_be_named_again(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        source = self.write_source(tmp_path / "python")
        pins = read_pins([f"sqlite={source}"], catalog)
        assert read_pins(pins.write(), catalog) == pins
        (written,) = pins.write()
        assert str(tmp_path) not in written
        (source / "world_harness_worlds" / "__init__.py").write_text("two")
        kept = Path(pins.sources["sqlite"])
        assert [path.name for path in kept.iterdir()] == ["world_harness_worlds"]
        assert (kept / "world_harness_worlds" / "__init__.py").read_text() == "one"
        assert read_pins([f"sqlite={source}"], catalog) != pins

    def test_world_has_it_on_the_lines_where_it_comes_with_one(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        source = self.write_source(tmp_path / "python")
        pins = read_pins([f"postgres={source}", f"sqlite={source}"], catalog)
        pinned = pin(catalog, pins)
        assert pinned.worlds["sqlite"].source == pins.sources["sqlite"]
        assert pinned.worlds["postgres"].on("py").source == pins.sources["postgres"]
        assert not pinned.worlds["postgres"].on("v5").source

    def test_folder_without_the_worlds_modules_is_refused(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match="is not a source of the World sqlite") as caught:
            read_pins([f"sqlite={tmp_path}"], catalog)
        assert "world_harness_worlds" in caught.value.cause


class TestPinning:
    def test_pin_holds_wherever_the_package_is_pinned(self, catalog: Catalog) -> None:
        pinned = pin(catalog, Pins({CORE: "9.9.9", OF_LOCAL: "8.8.8"}))
        assert pinned.lines["v5"].packages[CORE] == "9.9.9"
        assert pinned.worlds["local"].packages["v5"][OF_LOCAL] == "8.8.8"
        assert pin(catalog, Pins()) == catalog

    def test_what_is_named_is_no_override(self, catalog: Catalog) -> None:
        pinned = pin(catalog, Pins({CORE: "9.9.9", OF_LOCAL: "8.8.8", "express": "7.7.7"}))
        assert list_overrides(pinned, "v5") == {}

    def test_part_that_the_sdk_includes_is_pinned_on_its_lines(self, catalog: Catalog) -> None:
        pinned = pin(catalog, Pins({PART: "9.9.9"}))
        assert pin_line(pinned, "v5")[PART] == "9.9.9"
        assert list_overrides(pinned, "v5") == {PART: "9.9.9"}
        assert PART not in pin_line(pinned, "py")

    def test_version_brings_what_only_it_needs(self, catalog: Catalog) -> None:
        """The command that prepares the database had another name once."""
        pins = read_pins(["postgres@4.1.1"], catalog)
        assert pin(catalog, pins).worlds["postgres"].setup == ("workflow-postgres-setup",)
        found = match_versions(catalog, [Cell("v4", "express", "postgres")], pins).catalog.worlds
        assert found["postgres-before"].setup == ("workflow-postgres-setup",)
        assert found["postgres"].setup == catalog.worlds["postgres"].setup

    @pytest.mark.parametrize("name", ["left-pad", "@workflow/cor"])
    def test_what_nothing_uses_is_refused_with_what_could_be_meant(
        self, catalog: Catalog, name: str
    ) -> None:
        with pytest.raises(UsageError, match=f"no cell uses {name}") as caught:
            refuse_unused(catalog, [LOCAL], Pins({name: "1.0.0"}))
        assert PART in caught.value.remedy


class TestSessions:
    def begin(self, catalog: Catalog, option: str, text: str) -> BenchHeader:
        choice = Choice(lines=("v5",), frameworks=("express",), worlds=("local",))
        request = BenchRequest(choice=choice, seed=7)
        request = msgspec.structs.replace(request, **{option: (text,)})
        return plan_session(request, catalog).header

    @pytest.mark.parametrize("option", ["pins", "against"])
    def test_nothing_that_is_written_names_a_place_of_this_machine(
        self, catalog: Catalog, tmp_path: Path, option: str
    ) -> None:
        folder = str(check_out(tmp_path / "checkout"))
        header = self.begin(catalog, option, folder)
        assert str(tmp_path) not in repr(header)
        ((named,),) = [given for given in (header.pinned, header.against) if given]
        assert named.startswith(f"{OF_LOCAL}@5.0.0-beta.99+packed.")
        assert f" {named} " in header.command

    def test_pin_of_what_no_cell_uses_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no cell uses left-pad"):
            self.begin(catalog, "pins", "left-pad@1.0.0")

"""Each name resolves to a World, or to an error that says what to do."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import msgspec
import pytest

from harness.adapters.protocol import Opened, Package
from harness.certification.subjects import (
    Subject,
    find_subject,
    infer_line,
    install_subject,
    resolve_subject,
)
from harness.descriptions import Catalog, Release, World
from harness.errors import UsageError

TypeScript = "typescript"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the user is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pack(path: Path, *, manifest: object = None, name: str = "package/package.json") -> Path:
    """Write what `npm pack` writes."""
    content = msgspec.json.encode(manifest or {"name": "@acme/world", "version": "1.0.0"})
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


class TestDescribedWorlds:
    def test_a_name_alone_means_the_newest_line(self, catalog: Catalog) -> None:
        subject = resolve_subject("postgres", catalog)
        assert (subject.line, subject.version) == ("v5", "5.0.0-beta.27")
        assert subject.packages == {"@workflow/world-postgres": "5.0.0-beta.27"}
        assert subject.entry == subject.package == "@workflow/world-postgres"
        assert resolve_subject("local", catalog).line == "v5-latest"
        assert resolve_subject("reference", catalog).line == "v5-latest"

    def test_a_subject_has_the_fields_of_its_description(self, catalog: Catalog) -> None:
        subject = resolve_subject("postgres", catalog)
        world = catalog.worlds["postgres"]
        assert (subject.services, subject.setup, subject.starts) == (
            ("postgres",),
            world.setup,
            True,
        )
        assert subject.env == {"PORT": "{port}", **world.env}
        assert resolve_subject("local", catalog).processes == "one"

    def test_a_line_can_be_chosen(self, catalog: Catalog) -> None:
        assert resolve_subject("local", catalog, line="v4").version == "4.4.1"

    @pytest.mark.parametrize(
        ("spec", "line"),
        [
            ("postgres@4.3.7", "v4"),
            ("postgres@5.0.0-beta.27", "v5"),
            ("local@5.0.0-beta.46", "v5-latest"),
            ("postgres@4.1.1", "v4"),
            ("postgres@5.0.0-beta.29", "v5"),
            ("local@5.0.0-beta.35", "v5"),
            ("redis@0.2.1", "v4"),
            ("postgres@6.0.0", None),
        ],
    )
    def test_a_version_belongs_to_the_line_with_the_same_version_or_major(
        self, catalog: Catalog, spec: str, line: str | None
    ) -> None:
        subject = resolve_subject(spec, catalog)
        assert subject.line == line
        assert subject.packages[subject.package] == spec.partition("@")[2]

    def test_a_version_can_be_combined_with_a_line(self, catalog: Catalog) -> None:
        subject = resolve_subject("postgres@5.0.0-beta.29", catalog, line="v5-latest")
        assert subject.line == "v5-latest"

    def test_the_name_of_its_package_finds_the_description(self, catalog: Catalog) -> None:
        subject = resolve_subject("@workflow/world-postgres@4.3.7", catalog)
        assert (subject.id, subject.services) == ("postgres", ("postgres",))

    def test_a_version_adds_its_own_settings(self, catalog: Catalog) -> None:
        broken = resolve_subject("postgres@5.0.0-beta.29", catalog)
        assert broken.overrides["@workflow/world"] == "5.0.0-beta.24"
        assert broken.setup == ("bootstrap",)
        assert resolve_subject("postgres@4.1.1", catalog).setup == ("workflow-postgres-setup",)
        assert not resolve_subject("postgres", catalog).overrides

    def test_all_matching_version_patterns_apply(self) -> None:
        world = World(
            id="some",
            title="Some",
            section="Some",
            description="Some",
            versions={
                "1.*": Release(env={"A": "1", "B": "1"}, setup=("old",)),
                "1.2.*": Release(env={"B": "2"}, overrides={"left-pad": "1.3.0"}),
                "2.*": Release(setup=("new",)),
            },
        )
        assert world.release_of("1.2.3") == Release(
            env={"A": "1", "B": "2"}, overrides={"left-pad": "1.3.0"}, setup=("old",)
        )
        assert world.release_of("3.0.0") == Release()

    def test_a_line_without_a_release_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no release for line v5-latest") as caught:
            resolve_subject("postgres", catalog, line="v5-latest")
        assert "spec version 6 or 7" in caught.value.cause
        assert "v4, v5" in caught.value.remedy

    def test_a_remote_world_cannot_be_certified(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="remote cannot be certified"):
            resolve_subject("remote", catalog)

    def test_a_world_of_the_harness_itself_has_no_versions(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no versions to choose from"):
            resolve_subject("reference@1.0.0", catalog)

    def test_a_world_without_a_package_on_a_line_has_no_versions_there(
        self, catalog: Catalog
    ) -> None:
        assert resolve_subject("postgres@4.3.7", catalog, line="v4").version == "4.3.7"
        with pytest.raises(UsageError, match="no versions to choose from on line py"):
            resolve_subject("postgres@4.3.7", catalog, line="py")

    def test_a_world_in_two_languages_is_certified_line_by_line(self, catalog: Catalog) -> None:
        there = resolve_subject("postgres", catalog, line="py")
        assert (there.id, there.line, there.language) == ("postgres", "py", "python")
        assert there.packages.keys() == {"vercel-workflow", "psycopg", "psycopg-binary"}
        assert (there.setup, there.services) == ((), ("postgres",))

    def test_a_world_for_every_line_gets_its_line_when_it_is_opened(self, catalog: Catalog) -> None:
        world = World(
            id="any",
            title="Any",
            section="Any",
            description="Any",
            entry="any-world",
            packages={"*": {"any-world": "1.0.0"}},
        )
        known = msgspec.structs.replace(catalog, worlds={**catalog.worlds, "any": world})
        assert resolve_subject("any", known).line is None
        assert resolve_subject("any", known, line="v5").packages == {"any-world": "1.0.0"}


class TestStrangers:
    @pytest.mark.parametrize(
        ("spec", "name", "version"),
        [
            ("@acme/world@1.2.3", "@acme/world", "1.2.3"),
            ("@acme/world", "@acme/world", "latest"),
            ("some-world@1.2.3", "some-world", "1.2.3"),
            ("some-world@next", "some-world", "next"),
        ],
    )
    def test_npm_packages(self, catalog: Catalog, spec: str, name: str, version: str) -> None:
        subject = resolve_subject(spec, catalog)
        assert subject.packages == {name: version}
        assert (subject.entry, subject.line, subject.language) == (name, None, TypeScript)

    def test_packed_packages(self, catalog: Catalog, here: Path) -> None:
        first = resolve_subject(str(pack(here / "acme-world-1.0.0.tgz")), catalog)
        assert (first.entry, first.version) == ("@acme/world", "1.0.0")
        assert first.packages == {"@acme/world": f"file:{here / 'acme-world-1.0.0.tgz'}"}
        assert first.pins == {"@acme/world": "1.0.0"}
        pack(here / "other.tgz", manifest={"name": "@acme/world", "version": "1.0.0", "x": 1})
        assert resolve_subject("other.tgz", catalog).content != first.content

    @pytest.mark.parametrize(
        "make",
        [
            lambda path: path.write_text("no archive"),
            lambda path: pack(path, name="package/readme.json"),
            lambda path: pack(path, manifest={"version": "1.0.0"}),
            lambda path: pack(path, manifest={"name": "../../etc", "version": "1.0.0"}),
        ],
        ids=["no archive", "no manifest", "no name", "a path as name"],
    )
    def test_files_that_are_not_packages_are_refused(
        self, catalog: Catalog, here: Path, make: object
    ) -> None:
        assert callable(make)
        make(here / "world.tgz")
        with pytest.raises(UsageError, match="is not an npm package") as caught:
            resolve_subject("./world.tgz", catalog)
        assert "npm pack" in caught.value.remedy

    @pytest.mark.parametrize("suffix", [".mjs", ".js", ".cjs", ".ts"])
    def test_modules(self, catalog: Catalog, here: Path, suffix: str) -> None:
        (here / f"my-world{suffix}").write_text("export const createWorld = 1;")
        subject = find_subject(f"./my-world{suffix}", catalog)
        assert subject.entry == str(here / f"my-world{suffix}")
        assert (subject.id, subject.folder, subject.line) == ("my-world", here, None)
        assert len(subject.digest) == 64

    def test_a_module_has_the_version_of_the_package_around_it(
        self, catalog: Catalog, here: Path
    ) -> None:
        (here / "package.json").write_text('{"name": "@acme/world", "version": "1.2.3"}')
        (here / "dist").mkdir()
        (here / "dist" / "index.js").touch()
        subject = resolve_subject("dist/index.js", catalog)
        assert (subject.package, subject.version) == ("@acme/world", "1.2.3")

    def test_python_modules_in_this_folder(self, catalog: Catalog, here: Path) -> None:
        (here / "acme_worlds").mkdir()
        (here / "acme_worlds" / "__init__.py").write_text("raise RuntimeError('imported')")
        (here / "acme_worlds" / "fast.py").write_text("def create_world(): ...")
        subject = find_subject("acme_worlds.fast:create_world", catalog)
        assert (subject.language, subject.python) == ("python", sys.executable)
        assert (subject.folder, subject.entry) == (here, "acme_worlds.fast:create_world")
        assert len(subject.digest) == 64

    def test_the_digest_is_that_of_the_source(self, catalog: Catalog, here: Path) -> None:
        digests = []
        for text in ("one = 1", "one = 2", "one = 1"):
            (here / "acme_world.py").write_text(text)
            digests.append(find_subject("acme_world:one", catalog).digest)
        assert digests[0] == digests[2] != digests[1]

    @pytest.mark.parametrize("name", ["nowhere", "nowhere.inside", "json.nowhere", "json.tool.no"])
    def test_missing_python_modules_are_refused(
        self, catalog: Catalog, here: Path, name: str
    ) -> None:
        with pytest.raises(UsageError, match=f"no Python module {name}") as caught:
            resolve_subject(f"{name}:open_world", catalog)
        assert "run the command in the folder that holds it" in caught.value.remedy

    @pytest.mark.parametrize("spec", ["./nowhere.mjs", "nowhere.tgz", "~/nowhere.ts"])
    def test_missing_files_are_refused(self, catalog: Catalog, here: Path, spec: str) -> None:
        with pytest.raises(UsageError, match="does not exist") as caught:
            resolve_subject(spec, catalog)
        assert "check the path" in caught.value.remedy

    def test_a_folder_is_refused(self, catalog: Catalog, here: Path) -> None:
        (here / "my-world").mkdir()
        with pytest.raises(UsageError, match="is a folder") as caught:
            resolve_subject("./my-world", catalog)
        assert "npm pack" in caught.value.remedy

    @pytest.mark.parametrize("spec", ["postgress", "xyzzy", "", "@", "Not A Name@1", "-x@1"])
    def test_unknown_names_are_refused(self, catalog: Catalog, here: Path, spec: str) -> None:
        with pytest.raises(UsageError, match="no World is called") as caught:
            resolve_subject(spec, catalog)
        assert "@acme/world@1.2.3" in caught.value.remedy
        if spec == "postgress":
            assert "did you mean postgres" in caught.value.cause

    @pytest.mark.parametrize("version", ["1;rm", "https://example.org/x", "npm:other@1", "-g"])
    def test_invalid_versions_are_refused(self, catalog: Catalog, version: str) -> None:
        for name in ("postgres", "@acme/world"):
            with pytest.raises(UsageError, match="is not a valid version") as caught:
                resolve_subject(f"{name}@{version}", catalog)
            assert f"{name}@1.2.3" in caught.value.remedy


class TestOptions:
    def test_are_added_to_the_description(self, catalog: Catalog) -> None:
        subject = resolve_subject(
            "postgres",
            catalog,
            env={"DEBUG": "*", "CACHE": "{valkey}", "NAME": "{valkey_database}"},
            services=["valkey", "postgres"],
        )
        assert subject.services == ("postgres", "valkey")
        assert subject.env["WORKFLOW_POSTGRES_URL"] == "{postgres}"
        assert subject.env["DEBUG"] == "*"
        assert subject.setup == ("bootstrap",)

    def test_a_setup_replaces_the_described_one(self, catalog: Catalog) -> None:
        assert resolve_subject("postgres", catalog, setup=["mine", "-x"]).setup == ("mine", "-x")

    def test_an_unknown_line(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no line is called 'v6'"):
            resolve_subject("local", catalog, line="v6")

    def test_a_line_of_the_other_language(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="cannot be certified for line py"):
            resolve_subject("@acme/world@1.0.0", catalog, line="py")

    def test_an_unknown_service(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no service is called 'postgers'") as caught:
            resolve_subject("@acme/world@1.0.0", catalog, services=["postgers"])
        assert "did you mean postgres" in caught.value.remedy

    def test_a_placeholder_of_an_unnamed_service_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="value of DATABASE_URL has a placeholder") as caught:
            resolve_subject(
                "@acme/world@1.0.0", catalog, env={"DATABASE_URL": "{postgres}?password=hunter2"}
            )
        assert "--service" in caught.value.remedy
        assert "hunter2" not in str(caught.value)

    def test_a_service_whose_url_the_world_does_not_get(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="@acme/world does not get the URL") as caught:
            resolve_subject("@acme/world@1.0.0", catalog, services=["postgres"])
        assert "--env NAME={postgres}" in caught.value.remedy

    def test_the_placeholder_of_the_line_needs_a_line(self, catalog: Catalog) -> None:
        env = {"LINE": "{line}"}
        assert resolve_subject("@acme/world@1.0.0", catalog, env=env, line="v5").env["LINE"]
        with pytest.raises(UsageError, match="value of LINE has a placeholder"):
            resolve_subject("@acme/world@1.0.0", catalog, env=env)


def test_an_environment_is_filled_in(catalog: Catalog) -> None:
    subject = resolve_subject("mongodb", catalog)
    filled = subject.fill_env(
        storage="/s",
        base_url="http://127.0.0.1:3000",
        port="3000",
        databases={"mongodb": "mongodb://127.0.0.1:27017/mine?directConnection=true"},
    )
    assert filled["WORKFLOW_MONGODB_URI"].endswith("/mine?directConnection=true")
    assert filled["WORKFLOW_MONGODB_DATABASE_NAME"] == "mine"
    assert filled["PORT"] == "3000"


def test_a_world_of_this_interpreter_is_located_instead_of_installed(catalog: Catalog) -> None:
    world = World(
        id="mine",
        title="Mine",
        section="Mine",
        description="Mine",
        language="python",
        entry="harness.descriptions:World",
        packages={"py": {}, "v4": {}},
        env={"LINE": "{line}"},
    )
    known = msgspec.structs.replace(catalog, worlds={"mine": world})
    subject = install_subject(resolve_subject("mine", known, line="py"))
    assert subject.python == sys.executable
    assert (subject.folder / "harness" / "descriptions.py").is_file()
    filled = subject.fill_env(storage="", base_url="", port="1", databases={})
    assert filled == {"PORT": "1", "LINE": "py"}


@pytest.mark.parametrize(
    ("shape", "spec_version", "line"),
    [
        ("v4", None, "v4"),
        ("v4", 3, "v4"),
        ("v5", 5, "v5"),
        ("v5", None, "v5"),
        ("v5", "odd", "v5"),
        ("v5", 6, "v5-latest"),
        ("v5", 7, "v5-latest"),
    ],
)
def test_the_line_of_an_opened_world(shape: str, spec_version: int | str | None, line: str) -> None:
    opened = Opened(
        protocol=1,
        adapter="1",
        language="typescript",
        runtime="node",
        spec_version=spec_version,
        shape=shape,
        methods=(),
        capabilities={},
        package=Package("mine"),
    )
    assert infer_line("typescript", opened.shape, opened.stated_version) == line


def test_the_line_of_an_opened_python_world() -> None:
    assert infer_line("python", "py", 4) == "py"
    assert infer_line("python", "v5", 6) == "v5-latest"


def test_a_subject_is_the_same_for_the_same_request(catalog: Catalog) -> None:
    first: Subject = resolve_subject("starter", catalog)
    assert first == resolve_subject("starter", catalog)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("MUTANT", "passes-tokens-on", "passes-tokens-on"),
        ("ACME_DATA_DIR", "{storage}", "{storage}"),
        ("ACME_TOKEN", "geheim", "…"),
        ("ACME_STORE", "redis://me:geheim@host", "…"),
        ("ACME_STORE", "me:geheim@host", "…"),
    ],
)
def test_a_command_shows_only_values_that_are_not_secret(
    catalog: Catalog, name: str, value: str, shown: str
) -> None:
    subject = resolve_subject("reference", catalog, env={name: value})
    assert subject.options == ("--env", f"{name}={shown}")

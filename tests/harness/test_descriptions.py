"""The data files fit together."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from harness.certification.subjects import resolve_subject
from harness.descriptions import (
    Catalog,
    Cell,
    World,
    describe_world,
)
from harness.errors import DescriptionError
from harness.placeholders import fill, fill_all, name_databases
from harness.services.resolution import find_services
from harness.workspaces.install import pin_line
from worlds import FOLDER, describe_worlds

WORLDS = describe_worlds()
DESCRIBED = [name for name, world in WORLDS.items() if not world.remote]

_EXACT = re.compile(r"\d+\.\d+\.\d+(-[a-z]+\.\d+)?")


@pytest.mark.parametrize("name", WORLDS)
class TestEveryWorld:
    def test_names_only_lines_that_exist_and_are_not_foreign(
        self, catalog: Catalog, name: str
    ) -> None:
        world = WORLDS[name]
        assert world.packages.keys() | world.impossible.keys() <= catalog.lines.keys()
        for line in world.packages:
            if world.on(line).language == "typescript":
                assert catalog.lines[line].language == "typescript"
        assert world.lines.keys() <= world.packages.keys()

    def test_pins_exactly(self, name: str) -> None:
        pins = [pin for packages in WORLDS[name].packages.values() for pin in packages.values()]
        assert all(_EXACT.fullmatch(pin) for pin in pins)

    def test_needs_only_services_that_exist(self, name: str) -> None:
        assert set(WORLDS[name].services) <= set(find_services())

    def test_is_told_of_every_service_it_needs(self, name: str) -> None:
        text = " ".join(WORLDS[name].env.values())
        assert all(f"{{{service}}}" in text for service in WORLDS[name].services)

    def test_has_one_section_of_its_own_in_reports(self, name: str) -> None:
        world = WORLDS[name]
        assert world.section.strip() == world.section != ""
        assert world.description[-1] != "."


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_world_can_be_resolved_on_each_of_its_lines(catalog: Catalog, name: str) -> None:
    for line in WORLDS[name].packages:
        subject = resolve_subject(name, catalog, line=line)
        databases = {service: f"{service}://host/name" for service in subject.services}
        filled = subject.fill_env(storage="/s", base_url="http://b", port="1", databases=databases)
        assert not any("{" in text for text in filled.values())


def test_a_lines_install_holds_the_sdks_own_worlds_and_what_is_asked_for(
    catalog: Catalog,
) -> None:
    alone = pin_line(catalog.keep_worlds(()), "v4")
    assert {"@workflow/world-local", "@workflow/world-postgres"} <= alone.keys()
    more = pin_line(catalog.keep_worlds(["starter"]), "v4")
    assert more.keys() - alone.keys() == {"@workflow-worlds/starter"}
    assert alone.items() <= more.items()


def test_what_is_impossible_on_a_line_is_not_installed_there(catalog: Catalog) -> None:
    assert "v5" in catalog.worlds["rivet"].impossible
    assert "@rivet-dev/vercel-world" not in pin_line(catalog, "v5")


def test_a_cell_is_impossible_when_its_parts_speak_different_languages(catalog: Catalog) -> None:
    assert "which is in python" in catalog.explain_impossible(Cell("v5", "hono", "reference"))
    assert "py, which" in catalog.explain_impossible(Cell("py", "hono", "local"))
    assert not catalog.explain_impossible(Cell("v4", "hono", "starter"))


def test_a_world_without_packages_on_a_line_is_no_cell_of_it(catalog: Catalog) -> None:
    reason = catalog.explain_impossible(Cell("v5", "hono", "starter"))
    assert "has no package for line v5" in reason


def test_the_package_of_a_world_is_its_entry_or_the_one_it_has() -> None:
    assert WORLDS["postgres"].package == "@workflow/world-postgres"
    assert WORLDS["python-local"].package == "vercel-workflow"
    assert WORLDS["reference"].package == ""


class TestAWorldInTwoLanguages:
    def test_is_another_on_the_line_of_the_other(self) -> None:
        local = WORLDS["local"]
        assert local.languages == {"typescript", "python"}
        assert (local.on("v5").entry, local.on("v5").package) == ("@workflow/world-local",) * 2
        there = local.on("py")
        assert (there.language, there.package) == ("python", "vercel-workflow")
        assert there.entry.endswith(":LocalWorld")
        assert (there.title, there.section, there.env) == (local.title, local.section, local.env)

    def test_is_itself_where_no_line_is_known(self) -> None:
        assert WORLDS["local"].on(None) is WORLDS["local"]
        assert WORLDS["starter"].on("v4") is WORLDS["starter"]

    def test_makes_cells_in_both(self, catalog: Catalog) -> None:
        assert not catalog.explain_impossible(Cell("py", "flask", "local"))
        assert not catalog.explain_impossible(Cell("v5", "hono", "local"))
        assert "flask cannot load v5" in catalog.explain_impossible(Cell("v5", "flask", "local"))
        assert "typescript" in catalog.explain_impossible(Cell("py", "flask", "starter"))

    def test_may_be_other_modules_with_other_settings_there(self) -> None:
        postgres = WORLDS["postgres"]
        there = postgres.on("py")
        assert (there.package, Path(there.source).name) == ("", "python")
        assert there.entry == "world_harness_worlds:PostgresWorld"
        assert there.env.keys() == {"WORKFLOW_POSTGRES_URL", "WORKFLOW_BASE_URL"}
        assert (there.setup, there.services) == ((), postgres.services)
        assert there.description != postgres.description
        assert (postgres.on("v5").source, postgres.on("v5").env) == ("", postgres.env)

    def test_a_source_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        text = (
            (FOLDER / "postgres.toml").read_text().replace('source = "python"', 'source = "gone"')
        )
        path = tmp_path / "postgres.toml"
        path.write_text(text)
        with pytest.raises(DescriptionError, match="source of the World postgres") as caught:
            describe_world(path)
        assert str(tmp_path / "gone") in caught.value.cause

    def test_is_installed_with_the_pins_of_the_line(self, catalog: Catalog) -> None:
        pins = pin_line(catalog.keep_worlds(()), "py")
        assert pins["vercel-workflow"] == catalog.lines["py"].packages["vercel-workflow"]
        assert {"fastapi", "flask", "django", "uvicorn"} <= pins.keys()
        assert not [name for name in pins if name.startswith("@")]


def test_pins_for_every_line_come_before_those_of_one(catalog: Catalog) -> None:
    packages = {"*": {"a": "1.0.0", "b": "1.0.0"}, "v5": {"b": "2.0.0"}}
    world: World = msgspec.structs.replace(WORLDS["starter"], packages=packages)
    assert world.pins_for("v5") == {"a": "1.0.0", "b": "2.0.0"}
    assert world.pins_for("v4") == world.pins_for(None) == packages["*"]


def test_texts_are_filled_in() -> None:
    assert fill_all({"A": "{x}/{{y}}"}, {"x": "1"}) == {"A": "1/{y}"}


@pytest.mark.parametrize("text", ["{nothing}", "{", "{}", "{x.y}", "{0}"])
def test_a_text_that_names_nothing_is_an_error(text: str) -> None:
    with pytest.raises(DescriptionError, match="has an invalid placeholder") as caught:
        fill(text, {"x": "1"})
    assert "{x}" in caught.value.remedy


def test_a_database_is_named_by_its_url_and_alone() -> None:
    url = "mongodb://user@127.0.0.1:27017/mine?directConnection=true"
    assert name_databases({"mongodb": url}) == {"mongodb": url, "mongodb_database": "mine"}


class TestTheModeOfACell:
    def test_names_the_cell_only_where_it_is_not_production(self) -> None:
        assert Cell("v5", "hono", "local").id == "v5/hono/local"
        assert Cell("v5", "hono", "local", "development").id == "v5/hono/local/development"

    def test_is_production_in_files_that_do_not_name_it(self) -> None:
        written = b'{"line":"v5","framework":"hono","world":"local"}'
        assert msgspec.json.decode(written, type=Cell) == Cell("v5", "hono", "local")

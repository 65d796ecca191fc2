"""What is measured beside the cells: the same thing again, or another version of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.descriptions import Catalog, Cell
from harness.errors import UsageError
from harness.measure.matches import match_twins, match_versions
from harness.measure.pinning import Pins
from harness.measure.plan import (
    Profile,
    find_profile,
    list_heats,
    plan_forks,
    plan_heats,
)
from harness.results.records import BenchHeader, Match
from harness.workspaces.install import list_overrides, pin_line

LOCAL = Cell("v5", "express", "local")
POSTGRES = Cell("v5", "express", "postgres")
REMOTE = Cell("v5", "express", "remote")
CORE, PART, OF_LOCAL = "workflow", "@workflow/core", "@workflow/world-local"


def wanting(twins: str) -> Profile:
    return msgspec.structs.replace(find_profile("quick"), twins=twins)


class TestTwins:
    @pytest.mark.parametrize(("twins", "number"), [("none", 0), ("one", 1), ("each", 2)])
    def test_profile_says_how_many_cells_have_one(
        self, catalog: Catalog, twins: str, number: int
    ) -> None:
        found = match_twins(catalog, [LOCAL, POSTGRES], wanting(twins), 7)
        assert len(found.matches) == number
        assert all(match.kind == "twin" for match in found.matches)

    def test_twin_is_the_same_world_under_a_name_of_its_own(self, catalog: Catalog) -> None:
        found = match_twins(catalog, [LOCAL], wanting("one"), 7)
        (match,) = found.matches
        assert match.before == LOCAL
        assert match.after.world != LOCAL.world
        twin, world = found.catalog.worlds[match.after.world], catalog.worlds["local"]
        assert twin == msgspec.structs.replace(world, id=twin.id, title=twin.title, bundled=False)

    def test_twin_installs_what_its_world_does(self, catalog: Catalog) -> None:
        found = match_twins(catalog, [POSTGRES], wanting("one"), 7)
        twin = found.matches[0].after.world
        installed = pin_line(found.catalog.keep_worlds([twin]), "v5")
        assert installed == pin_line(catalog.keep_worlds(["postgres"]), "v5")

    def test_seed_decides_who_has_it_and_in_the_end_all_have(self, catalog: Catalog) -> None:
        cells = [LOCAL, POSTGRES]
        had = {
            match_twins(catalog, cells, wanting("one"), seed).matches[0].before
            for seed in range(20)
        }
        assert had == {*cells}

    def test_twin_is_run_in_the_mode_of_its_cell(self, catalog: Catalog) -> None:
        developed = msgspec.structs.replace(LOCAL, mode="development")
        found = match_twins(catalog, [LOCAL, developed], wanting("each"), 7)
        assert [match.after.mode for match in found.matches] == ["production", "development"]
        assert len({match.after for match in found.matches}) == 2

    def test_somebody_elses_deployment_has_none(self, catalog: Catalog) -> None:
        assert match_twins(catalog, [REMOTE], wanting("each"), 7).matches == ()


class TestVersions:
    def test_every_cell_has_another_version_and_that_one_a_twin(self, catalog: Catalog) -> None:
        found = match_versions(catalog, [LOCAL, POSTGRES], Pins({CORE: "5.0.0-beta.1"}))
        versions = [match for match in found.matches if match.kind == "version"]
        twins = [match for match in found.matches if match.kind == "twin"]
        assert [match.after for match in versions] == [LOCAL, POSTGRES]
        assert [match.before for match in twins] == [match.before for match in versions]

    def test_other_version_is_run_in_the_mode_of_its_cell(self, catalog: Catalog) -> None:
        developed = msgspec.structs.replace(LOCAL, mode="development")
        found = match_versions(catalog, [developed], Pins({CORE: "5.0.0-beta.1"}))
        assert {cell.mode for cell in found.cells} == {"development"}

    def test_other_version_is_installed_in_the_place_of_the_lines(self, catalog: Catalog) -> None:
        found = match_versions(catalog, [LOCAL], Pins({OF_LOCAL: "5.0.0-beta.1"}))
        before = found.matches[0].before.world
        old = pin_line(found.catalog.keep_worlds([before]), "v5")
        new = pin_line(found.catalog.keep_worlds(["local"]), "v5")
        assert old[OF_LOCAL] == "5.0.0-beta.1"
        assert new[OF_LOCAL] == catalog.worlds["local"].packages["v5"][OF_LOCAL]
        assert {name for name in old if old[name] != new[name]} == {OF_LOCAL}

    def test_package_that_nothing_uses_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="no cell uses left-pad"):
            match_versions(catalog, [LOCAL], Pins({"left-pad": "1.0.0"}))

    def test_part_of_the_sdk_that_no_description_names_is_installed_too(
        self, catalog: Catalog
    ) -> None:
        found = match_versions(catalog, [LOCAL], Pins({PART: "5.0.0-beta.1"}))
        before = found.catalog.keep_worlds([found.matches[0].before.world])
        assert pin_line(before, "v5")[PART] == "5.0.0-beta.1"
        assert list_overrides(before, "v5") == {PART: "5.0.0-beta.1"}
        assert PART not in pin_line(found.catalog.keep_worlds(["local"]), "v5")

    def test_other_source_of_a_world_stands_in_the_place_of_its_own(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        cell = Cell("py", "flask", "sqlite")
        found = match_versions(catalog, [cell], Pins(sources={"sqlite": str(tmp_path)}))
        old, again = (
            found.catalog.worlds[match.before.world].source
            if match.kind == "version"
            else found.catalog.worlds[match.after.world].source
            for match in found.matches
        )
        assert old == again == str(tmp_path)
        assert found.catalog.worlds["sqlite"] == catalog.worlds["sqlite"]

    def test_source_of_a_world_that_no_cell_has_is_refused(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        # On this line that World is a package.
        with pytest.raises(UsageError, match="no cell uses postgres"):
            match_versions(catalog, [POSTGRES], Pins(sources={"postgres": str(tmp_path)}))

    def test_somebody_elses_deployment_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="compare"):
            match_versions(catalog, [REMOTE], Pins({CORE: "5.0.0"}))


class TestPlan:
    def test_matched_cells_run_in_one_heat_and_the_others_alone(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        twin = Cell("v5", "express", "local-twin")
        header = make_header(matches=(Match(before=LOCAL, after=twin, kind="twin"),))
        heats = [heat for heat in plan_heats(header) if heat[0].kind == "timing"]
        together = [{fork.cell for fork in heat} for heat in heats if len(heat) > 1]
        assert together == [{LOCAL, twin}] * header.forks
        assert len({fork.block for heat in heats for fork in heat if fork.cell == twin}) == 3

    def test_what_is_only_compared_with_is_not_counted(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        twin = Cell("v5", "express", "local-twin")
        header = make_header(matches=(Match(before=LOCAL, after=twin, kind="twin"),))
        counted = {fork.cell for fork in plan_forks(header) if fork.kind == "counting"}
        assert counted == {*header.cells}

    def test_matches_that_share_a_cell_share_a_heat(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        old, again = (Cell("v5", "express", f"local-{name}") for name in ("old", "again"))
        matches = (
            Match(before=old, after=LOCAL, kind="version"),
            Match(before=old, after=again, kind="twin"),
        )
        heats = list_heats(make_header(matches=matches))
        assert any({old, again, LOCAL} <= {*heat} for heat in heats)

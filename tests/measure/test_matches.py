"""What is measured beside the cells: the same thing again, or another version of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.bench import find_profile
from harness.descriptions import Catalog, Cell
from harness.errors import UsageError
from harness.measure.matches import match_twins, match_versions
from harness.measure.pinning import pin, read_pins
from harness.measure.plan import Profile, plan_forks, plan_heats
from harness.measure.results import Header, Match
from harness.workspaces.install import pin_line

LOCAL = Cell("v5", "express", "local")
POSTGRES = Cell("v5", "express", "postgres")
REMOTE = Cell("v5", "express", "remote")
CORE, OF_LOCAL = "workflow", "@workflow/world-local"


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

    def test_somebody_elses_deployment_has_none(self, catalog: Catalog) -> None:
        assert match_twins(catalog, [REMOTE], wanting("each"), 7).matches == ()


class TestVersions:
    def test_every_cell_has_another_version_and_that_one_a_twin(self, catalog: Catalog) -> None:
        found = match_versions(catalog, [LOCAL, POSTGRES], {CORE: "5.0.0-beta.1"})
        versions = [match for match in found.matches if match.kind == "version"]
        twins = [match for match in found.matches if match.kind == "twin"]
        assert [match.after for match in versions] == [LOCAL, POSTGRES]
        assert [match.before for match in twins] == [match.before for match in versions]

    def test_other_version_is_installed_in_the_place_of_the_lines(self, catalog: Catalog) -> None:
        found = match_versions(catalog, [LOCAL], {OF_LOCAL: "5.0.0-beta.1"})
        before = found.matches[0].before.world
        old = pin_line(found.catalog.keep_worlds([before]), "v5")
        new = pin_line(found.catalog.keep_worlds(["local"]), "v5")
        assert old[OF_LOCAL] == "5.0.0-beta.1"
        assert new[OF_LOCAL] == catalog.worlds["local"].packages["v5"][OF_LOCAL]
        assert {name for name in old if old[name] != new[name]} == {OF_LOCAL}

    def test_package_that_nothing_uses_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="nothing here uses left-pad"):
            match_versions(catalog, [LOCAL], {"left-pad": "1.0.0"})

    def test_somebody_elses_deployment_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="compare"):
            match_versions(catalog, [REMOTE], {CORE: "5.0.0"})


class TestPins:
    @pytest.mark.parametrize(
        ("text", "package"),
        [("local@1.2.3", OF_LOCAL), (f"{OF_LOCAL}@1.2.3", OF_LOCAL), ("workflow@1.2.3", CORE)],
    )
    def test_world_or_package_may_be_named(self, catalog: Catalog, text: str, package: str) -> None:
        assert read_pins([text], catalog) == {package: "1.2.3"}

    @pytest.mark.parametrize("text", ["local", "local@latest", "local@^1.2.3", "@1.2.3", ""])
    def test_version_has_to_be_exact(self, catalog: Catalog, text: str) -> None:
        with pytest.raises(UsageError, match="names no version"):
            read_pins([text], catalog)

    def test_packed_package_is_kept_by_its_content(self, catalog: Catalog, tmp_path: Path) -> None:
        packed = tmp_path / "world.tgz"
        packed.write_bytes(b"one")
        first = read_pins([f"local={packed}"], catalog)[OF_LOCAL]
        packed.write_bytes(b"other")
        second = read_pins([f"local={packed}"], catalog)[OF_LOCAL]
        assert first != second
        assert Path(first.removeprefix("file:")).read_bytes() == b"one"

    def test_packed_package_that_is_not_there_is_said(self, catalog: Catalog) -> None:
        with pytest.raises(UsageError, match="npm pack"):
            read_pins(["local=nowhere.tgz"], catalog)

    def test_pin_holds_wherever_the_package_is_pinned(self, catalog: Catalog) -> None:
        pinned = pin(catalog, {CORE: "9.9.9", OF_LOCAL: "8.8.8"})
        assert pinned.lines["v5"].packages[CORE] == "9.9.9"
        assert pinned.worlds["local"].packages["v5"][OF_LOCAL] == "8.8.8"
        assert pin(catalog, {}) == catalog


class TestPlan:
    def test_matched_cells_run_in_one_heat(self, make_header: Callable[..., Header]) -> None:
        twin = Cell("v5", "express", "local-twin")
        header = make_header(matches=(Match(before=LOCAL, after=twin, kind="twin"),))
        heats = [heat for heat in plan_heats(header) if heat[0].kind == "timing"]
        together = [{fork.cell for fork in heat} for heat in heats if len(heat) > 1]
        assert together == [{LOCAL, twin}] * header.forks
        assert len({fork.block for heat in heats for fork in heat if fork.cell == twin}) == 3

    def test_what_is_only_compared_with_is_not_counted(
        self, make_header: Callable[..., Header]
    ) -> None:
        twin = Cell("v5", "express", "local-twin")
        header = make_header(matches=(Match(before=LOCAL, after=twin, kind="twin"),))
        counted = {fork.cell for fork in plan_forks(header) if fork.kind == "counting"}
        assert counted == {*header.cells}

    def test_matches_that_share_a_cell_share_a_heat(
        self, make_header: Callable[..., Header]
    ) -> None:
        old, again = (Cell("v5", "express", f"local-{name}") for name in ("old", "again"))
        matches = (
            Match(before=old, after=LOCAL, kind="version"),
            Match(before=old, after=again, kind="twin"),
        )
        heats = plan_heats(make_header(matches=matches))
        assert {frozenset(fork.cell for fork in heat) for heat in heats if len(heat) > 1} == {
            frozenset({old, again, LOCAL})
        }

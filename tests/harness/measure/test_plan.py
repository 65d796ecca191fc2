"""The plan: which cells and scenarios, in which order of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bench import BenchRequest, select
from harness.deployments.workers import serve_with
from harness.descriptions import Catalog, Cell, Mode
from harness.errors import UsageError
from harness.measure.plan import (
    Choice,
    Selection,
    choose,
    describe_profiles,
    find_profile,
    plan_forks,
    plan_heats,
)
from harness.measure.statistics import PERCENTILES
from harness.results.records import BenchHeader
from tests.conftest import CELLS


class TestOrderOfWork:
    @given(seed=st.integers(0, 2**31))
    def test_is_the_same_for_the_same_seed(
        self, make_header: Callable[..., BenchHeader], seed: int
    ) -> None:
        assert plan_forks(make_header(seed=seed)) == plan_forks(make_header(seed=seed))

    def test_differs_between_seeds(self, make_header: Callable[..., BenchHeader]) -> None:
        orders = {tuple(fork.id for fork in plan_forks(make_header(seed=n))) for n in range(20)}
        assert len(orders) > 1

    @given(seed=st.integers(0, 2**31), forks=st.integers(1, 6))
    def test_every_block_holds_every_cell_once(
        self, make_header: Callable[..., BenchHeader], seed: int, forks: int
    ) -> None:
        plan = plan_forks(make_header(seed=seed, forks=forks))
        timing = [fork for fork in plan if fork.kind == "timing"]
        blocks = [timing[at : at + len(CELLS)] for at in range(0, len(timing), len(CELLS))]
        assert len(blocks) == forks
        for block in blocks:
            assert {fork.cell for fork in block} == set(CELLS)
            assert len({fork.block for fork in block}) == 1

    def test_is_shuffled_inside_the_blocks(self, make_header: Callable[..., BenchHeader]) -> None:
        firsts = Counter(plan_forks(make_header(seed=seed))[0].cell for seed in range(60))
        assert set(firsts) == set(CELLS)

    def test_the_cells_of_a_block_run_their_scenarios_in_one_order(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        by_block: dict[int, set[tuple[str, ...]]] = {}
        for fork in plan_forks(make_header()):
            by_block.setdefault(fork.block, set()).add(fork.scenarios)
        assert all(len(orders) == 1 for orders in by_block.values())

    def test_counting_forks_come_last_one_a_cell(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        plan = plan_forks(make_header())
        assert [fork.kind for fork in plan] == ["timing"] * 9 + ["counting"] * 3
        assert {fork.cell for fork in plan[9:]} == set(CELLS)

    def test_a_remote_app_is_not_counted(
        self, make_header: Callable[..., BenchHeader], catalog: Catalog
    ) -> None:
        header = make_header(
            cells=(Cell("v5", "express", "remote"),), worlds=(catalog.worlds["remote"],)
        )
        assert {fork.kind for fork in plan_forks(header)} == {"timing"}

    def test_what_several_processes_do_is_not_counted(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        assert {fork.kind for fork in plan_forks(make_header(workers=2))} == {"timing"}

    def test_every_fork_has_data_of_its_own(self, make_header: Callable[..., BenchHeader]) -> None:
        plan = plan_forks(make_header())
        assert len({fork.seed for fork in plan}) == len(plan)
        assert len({fork.id for fork in plan}) == len(plan)


class TestChoice:
    def test_quick_is_three_frameworks_on_two_worlds_and_every_everyday_scenario(
        self, catalog: Catalog
    ) -> None:
        selection = choose(catalog, find_profile("quick"), Choice())
        assert {cell.id for cell in selection.cells} == {
            f"v5/{framework}/{world}"
            for framework in ("nitro", "express", "next")
            for world in ("local", "postgres")
        }
        everyday = [name for name, item in catalog.scenarios.items() if not item.extended]
        assert [scenario.id for scenario in selection.scenarios] == everyday

    def test_smoke_is_two_cells_and_five_scenarios(self, catalog: Catalog) -> None:
        selection = choose(catalog, find_profile("smoke"), Choice())
        assert (len(selection.cells), len(selection.scenarios)) == (2, 5)

    def test_full_is_everything_that_can_exist_on_the_worlds_that_anybody_can_run(
        self, catalog: Catalog
    ) -> None:
        selection = choose(catalog, find_profile("full"), Choice())
        named = {name for name, item in catalog.scenarios.items() if item.by_name}
        assert {item.id for item in selection.scenarios} == {*catalog.scenarios} - named
        assert len(selection.cells) == 6 * (2 + 2 + 1) + 5 * 3
        assert len(selection.impossible) == 6
        assert Cell("v5-latest", "express", "postgres") not in selection.cells

    def test_quick_in_python_is_three_frameworks_on_the_worlds_that_there_are(
        self, catalog: Catalog
    ) -> None:
        selection = choose(catalog, find_profile("quick"), Choice(lines=("py",)))
        assert {cell.id for cell in selection.cells} == {
            f"py/{framework}/{world}"
            for framework in ("fastapi", "flask", "django")
            for world in ("local", "sqlite", "postgres")
        }
        assert not selection.impossible

    def test_several_workers_are_refused_with_the_part_that_cannot_have_them(
        self, catalog: Catalog
    ) -> None:
        choice = Choice(
            lines=("v5", "py"), frameworks=("hono", "aiohttp", "flask"), worlds=("local", "sqlite")
        )
        selection = choose(serve_with(catalog, 2), find_profile("quick"), choice)
        assert [cell.id for cell in selection.cells] == ["py/flask/sqlite"]
        assert "World for one process" in selection.impossible["py/flask/local"]
        assert "one process" in selection.impossible["py/aiohttp/sqlite"]
        assert "one process" in selection.impossible["v5/hono/local"]

    def test_two_languages_go_each_with_its_own(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v5", "py"), frameworks=("hono", "flask"), worlds=("local",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert [cell.id for cell in selection.cells] == ["py/flask/local", "v5/hono/local"]
        assert not selection.impossible

    def test_a_part_that_was_named_and_goes_with_nothing_is_told_of(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v5",), frameworks=("hono", "flask"), worlds=("local",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert [cell.id for cell in selection.cells] == ["v5/hono/local"]
        assert list(selection.impossible) == ["v5/flask/local"]

    def test_patterns_find_only_what_a_framework_can_load(self, catalog: Catalog) -> None:
        choice = Choice(lines=("*",), frameworks=("hono",), worlds=("*",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert "starter" in {cell.world for cell in selection.cells}
        assert "py" not in {cell.line for cell in selection.cells}
        named = {cell.world for cell in selection.cells} | {
            cell.split("/")[2] for cell in selection.impossible
        }
        assert all(catalog.is_served(catalog.worlds[name]) for name in named)

    @pytest.mark.parametrize(
        "choice",
        [Choice(lines=("py",)), Choice(worlds=("reference",)), Choice(worlds=("python-local",))],
    )
    def test_what_no_framework_can_load_is_explained_when_it_is_named(
        self, catalog: Catalog, choice: Choice
    ) -> None:
        with pytest.raises(UsageError, match="none of the chosen cells can exist") as caught:
            choose(catalog, find_profile("smoke"), choice)
        assert "which is in python" in caught.value.cause

    def test_an_option_replaces_the_profiles_own_choice(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v4",), frameworks=("hono", "vite"), worlds=("local",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert [cell.id for cell in selection.cells] == ["v4/hono/local", "v4/vite/local"]

    def test_patterns_find_several(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v5*",), worlds=("local",), scenarios=("racing-*", "no-steps"))
        selection = choose(catalog, find_profile("quick"), choice)
        assert {cell.line for cell in selection.cells} == {"v5", "v5-latest"}
        assert [item.id for item in selection.scenarios] == [
            "no-steps",
            "racing-10",
            "racing-25",
            "racing-50",
        ]

    def test_an_extended_scenario_is_found_by_its_name(self, catalog: Catalog) -> None:
        choice = Choice(scenarios=("sequential-1000",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert [item.id for item in selection.scenarios] == ["sequential-1000"]

    def test_no_pattern_finds_a_scenario_that_is_chosen_by_its_name_only(
        self, catalog: Catalog
    ) -> None:
        patterns, name = Choice(scenarios=("sequential-*",)), Choice(scenarios=("sequential-3333",))
        found = choose(catalog, find_profile("full"), patterns).scenarios
        assert "sequential-1000" in {item.id for item in found}
        assert "sequential-3333" not in {item.id for item in found}
        (item,) = choose(catalog, find_profile("full"), name).scenarios
        assert item.id == "sequential-3333"

    def test_latency_is_every_scenario_with_measures_in_both_languages(
        self, catalog: Catalog
    ) -> None:
        selection = choose(catalog, find_profile("latency"), Choice())
        measured = {item.id for item in catalog.scenarios.values() if item.measures}
        assert {item.id for item in selection.scenarios} == measured
        assert {cell.id for cell in selection.cells} == {
            "v5/express/local",
            "v5/express/postgres",
            "py/fastapi/local",
            "py/fastapi/sqlite",
            "py/fastapi/postgres",
        }

    @pytest.mark.parametrize(("name", "values"), [("hook-resume", 20), ("sleep-1s", 10)])
    def test_latency_takes_the_hundred_values_of_a_p99(
        self, catalog: Catalog, name: str, values: int
    ) -> None:
        forks = find_profile("latency").forks
        assert values * catalog.scenarios[name].samples * forks >= PERCENTILES[99.0]

    def test_full_has_the_latencies_that_kill_no_app(self, catalog: Catalog) -> None:
        found = {item.id for item in choose(catalog, find_profile("full"), Choice()).scenarios}
        latencies = [item for item in catalog.scenarios.values() if item.measures]
        assert {item.id for item in latencies if not item.killed_runs} <= found
        assert not {item.id for item in latencies if item.killed_runs} & found

    def test_scale_is_long_runs_wide_fan_outs_and_a_log_of_10_000_events(
        self, catalog: Catalog
    ) -> None:
        scenarios = choose(catalog, find_profile("scale"), Choice()).scenarios
        sizes = {family: set[int]() for family in ("sequential", "concurrent", "racing")}
        for item in scenarios:
            sizes[item.family].add(item.size)
        assert sizes["sequential"] == {100, 500, 1_000, 3_333}
        assert sizes["concurrent"] == sizes["racing"] == {10, 64, 256}
        # A step leaves three events, and a run three of its own.
        assert 3 * max(sizes["sequential"]) + 3 >= 10_000

    @pytest.mark.parametrize(
        ("choice", "closest"),
        [
            (Choice(lines=("v55",)), "v5"),
            (Choice(frameworks=("expres",)), "express"),
            (Choice(worlds=("postgresql",)), "postgres"),
            (Choice(scenarios=("sequental-10",)), "sequential-10"),
        ],
    )
    def test_an_unknown_name_is_an_error_with_the_closest(
        self, catalog: Catalog, choice: Choice, closest: str
    ) -> None:
        with pytest.raises(UsageError, match=f"did you mean.*{closest}"):
            choose(catalog, find_profile("quick"), choice)

    def test_an_unknown_profile_is_an_error_with_the_closest(self) -> None:
        with pytest.raises(UsageError, match="did you mean quick"):
            find_profile("quik")

    def test_what_cannot_exist_is_left_out_with_the_reason(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v5", "v5-latest"), frameworks=("hono",), worlds=("postgres",))
        selection = choose(catalog, find_profile("quick"), choice)
        assert [cell.id for cell in selection.cells] == ["v5/hono/postgres"]
        assert "spec version" in selection.impossible["v5-latest/hono/postgres"]

    def test_nothing_that_can_exist_is_an_error_with_the_reason(self, catalog: Catalog) -> None:
        choice = Choice(lines=("v5-latest",), worlds=("postgres",))
        with pytest.raises(UsageError, match="spec version 6 or 7"):
            choose(catalog, find_profile("quick"), choice)

    def test_a_remote_world_needs_a_url(self, catalog: Catalog) -> None:
        request = BenchRequest(choice=Choice(worlds=("remote",)))
        with pytest.raises(UsageError, match="--url"):
            select(request, catalog)

    def test_every_profile_can_be_chosen(self, catalog: Catalog) -> None:
        for profile in describe_profiles().values():
            assert choose(catalog, profile, Choice()).cells


class TestModes:
    """An app is built and served, or run by its framework's dev server."""

    def choose(self, catalog: Catalog, *frameworks: str, modes: tuple[Mode, ...]) -> Selection:
        choice = Choice(lines=("v5",), frameworks=frameworks, worlds=("local",), modes=modes)
        return choose(catalog, find_profile("quick"), choice)

    def test_production_alone_is_measured_by_default(self, catalog: Catalog) -> None:
        assert {cell.mode for cell in self.choose(catalog, "hono", modes=()).cells} == {
            "production"
        }

    def test_each_mode_makes_a_cell_of_its_own(self, catalog: Catalog) -> None:
        found = self.choose(catalog, "hono", modes=("production", "development"))
        assert [cell.id for cell in found.cells] == [
            "v5/hono/local",
            "v5/hono/local/development",
        ]
        assert not found.impossible

    def test_framework_without_a_dev_server_cannot_be_run_in_development(
        self, catalog: Catalog
    ) -> None:
        bare = msgspec.structs.replace(catalog.frameworks["hono"], id="bare", dev=())
        with_bare = msgspec.structs.replace(
            catalog, frameworks={**catalog.frameworks, "bare": bare}
        )
        found = self.choose(with_bare, "hono", "bare", modes=("production", "development"))
        assert "v5/bare/local" in {cell.id for cell in found.cells}
        assert found.impossible == {"v5/bare/local/development": "bare has no dev server"}

    def test_dev_server_has_one_process(self, catalog: Catalog) -> None:
        several = msgspec.structs.replace(catalog, workers=2)
        cell = Cell("v5", "hono", "local", "development")
        assert catalog.explain_impossible(cell) == ""
        assert "no dev server of several processes" in several.explain_impossible(cell)

    def test_modes_are_measured_in_the_same_blocks(
        self, make_header: Callable[..., BenchHeader]
    ) -> None:
        cells = tuple(msgspec.structs.replace(CELLS[0], mode=mode) for mode in get_args(Mode))
        heats = plan_heats(make_header(cells=cells))
        first = [fork.cell for heat in heats for fork in heat if fork.id.startswith("timing-1/")]
        assert sorted(first) == sorted(cells)
        assert len({fork.id for heat in heats for fork in heat}) == 2 * (3 + 1)

"""Crashes: what a process left behind that was killed or cut off amid its calls."""

from __future__ import annotations

import pytest

from harness.adapters.world import WorldClient
from suites.conformance.aftermath import expect_agreement, expect_repeatable
from suites.conformance.arena import Arena
from suites.conformance.crashing import Life, cut_and_look, kill_and_look
from suites.conformance.forms import CRASH, decides
from suites.conformance.streaming import make_random


@decides("CRASH-ENTITY-EVENT", CRASH, cost=20)
def test_entities_and_log_agree_after_a_kill(arena: Arena, request: pytest.FixtureRequest) -> None:
    def look(world: WorldClient, life: Life) -> None:
        expect_agreement(arena, world, life)

    kill_and_look(arena, make_random(request), look)


@decides("CRASH-ENTITY-EVENT", CRASH, cost=12)
def test_entities_and_log_agree_after_a_cut(arena: Arena, request: pytest.FixtureRequest) -> None:
    def look(world: WorldClient, life: Life) -> None:
        expect_agreement(arena, world, life)

    cut_and_look(arena, make_random(request), look)


@decides("CRASH-RETRY-WORKS", CRASH, cost=20)
def test_what_a_kill_left_half_done_is_finished_by_repeating_it(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    def look(world: WorldClient, life: Life) -> None:
        expect_repeatable(arena, world, life)

    kill_and_look(arena, make_random(request), look)


@decides("CRASH-RETRY-WORKS", CRASH, cost=12)
def test_what_a_cut_left_half_done_is_finished_by_repeating_it(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    def look(world: WorldClient, life: Life) -> None:
        expect_repeatable(arena, world, life)

    cut_and_look(arena, make_random(request), look)

"""Waiting for a server ends with its answer, its death or the time limit."""

from __future__ import annotations

from harness.services.readiness import await_answer


def test_ends_with_the_first_answer() -> None:
    replies = iter([False, False, True])
    assert await_answer(lambda: next(replies), within_s=60)


def test_ends_with_the_death_of_the_server() -> None:
    lives = iter([False, False, True])
    assert not await_answer(lambda: False, within_s=60, dead=lambda: next(lives))


def test_ends_with_the_time_limit() -> None:
    assert not await_answer(lambda: False, within_s=0.05)


def test_the_answer_of_a_stranger_is_not_the_dead_servers() -> None:
    lives = iter([False, True])
    assert not await_answer(lambda: True, within_s=60, dead=lambda: next(lives))

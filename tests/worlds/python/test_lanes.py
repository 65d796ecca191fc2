"""The threads of a store: closing ends them, and a fork does not break them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.python.running import Place

pytestmark = pytest.mark.slow


def test_writes_of_a_forked_child_survive_closing_the_world_in_the_parent(place: Place) -> None:
    assert place.run("fork_and_write", "python") == [1, 2]


def test_the_world_refuses_calls_after_a_fork_that_bypasses_python(place: Place) -> None:
    assert "open the World after forking" in place.run("fork_and_write", "system")


def test_a_message_queued_by_a_forked_child_is_not_leased_to_the_parents_worker(
    place: Place,
) -> None:
    assert place.run("fork_and_queue") == [None]


def test_a_closed_lane_accepts_no_job_and_a_stuck_lane_is_not_waited_for(
    place: Place,
) -> None:
    found = place.run("close_lanes")
    assert (found["begun"], found["answered"]) == (True, True)
    assert found["ended"] == [True, False]
    assert found["late"] == [False, False]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system lists no threads")
def test_closing_a_lane_waits_until_the_system_has_ended_its_threads(
    place: Place,
) -> None:
    # A fork that catches such a lock leaves it locked in the child for ever.
    assert place.run("end_slowly") == {"before": 3, "ended": True, "after": 0}

"""The threads of a store: they end when told to, and no fork takes them along unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.python.running import Place

pytestmark = pytest.mark.slow


def test_what_a_child_writes_is_there_when_its_parent_has_closed_the_world(place: Place) -> None:
    assert place.run("fork_and_write", "python") == [1, 2]


def test_after_a_fork_that_python_does_not_know_of_the_world_is_refused(place: Place) -> None:
    assert "open the World after forking" in place.run("fork_and_write", "system")


def test_what_a_child_queues_is_not_in_the_hands_of_its_parents_worker(place: Place) -> None:
    assert place.run("fork_and_queue") == [None]


def test_a_lane_that_is_closed_takes_nothing_and_one_that_is_stuck_is_not_waited_for(
    place: Place,
) -> None:
    found = place.run("close_lanes")
    assert (found["begun"], found["answered"]) == (True, True)
    assert found["ended"] == [True, False]
    assert found["late"] == [False, False]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system lists no threads")
def test_a_closed_lane_leaves_no_thread_that_is_still_letting_go_of_a_librarys_locks(
    place: Place,
) -> None:
    # A fork that catches such a lock leaves it locked in the child for ever.
    assert place.run("end_slowly") == {"before": 3, "ended": True, "after": 0}

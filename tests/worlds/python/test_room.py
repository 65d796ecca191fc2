"""Who gets a place for a delivery: counted for all threads, and fair to those that wait."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from worlds import FOLDER

# Its package needs the SDK, and it does not.
_MODULE = Path(FOLDER, "python", "world_harness_worlds", "queue", "room.py")


@pytest.fixture
def room() -> Any:
    made = runpy.run_path(str(_MODULE))["Room"](3, 2)
    made.open()
    return made


def test_before_its_owner_is_known_and_after_the_end_nobody_keeps_a_place(room: Any) -> None:
    room.close()
    assert not room.reserve()
    room.open()
    assert room.reserve()


def test_with_enough_in_hand_new_messages_are_left_to_others(room: Any) -> None:
    assert [room.reserve() for _ in range(3)] == [True, True, False]
    assert room.reserve_all(8) == 1


def test_a_new_message_does_not_come_before_those_that_wait(room: Any) -> None:
    room.note_waiting(True)
    assert not room.reserve()
    assert room.reserve_all(8) == 3
    assert room.reserve_all(8) == 0
    # A waiting caller is told of a place that is free again.
    assert room.release()
    room.note_waiting(False)
    assert not room.release()

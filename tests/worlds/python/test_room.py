"""The places for deliveries: shared by all threads, and fair to waiting messages."""

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


def test_no_place_can_be_reserved_before_open_and_after_close(room: Any) -> None:
    room.close()
    assert not room.reserve()
    room.open()
    assert room.reserve()


def test_a_busy_worker_leaves_new_messages_to_others(room: Any) -> None:
    assert [room.reserve() for _ in range(3)] == [True, True, False]
    assert room.reserve_all(8) == 1


def test_a_new_message_does_not_overtake_waiting_ones(room: Any) -> None:
    room.note_waiting(True)
    assert not room.reserve()
    assert room.reserve_all(8) == 3
    assert room.reserve_all(8) == 0
    # A waiting caller is told of a place that is free again.
    assert room.release()
    room.note_waiting(False)
    assert not room.release()

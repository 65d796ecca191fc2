"""Interrupts wait for a block that cleans up, and are not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from harness.programs.interruption import hold_signals


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    done: list[str] = []

    def clean_up() -> None:
        with hold_signals():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("everything")

    with pytest.raises(KeyboardInterrupt):
        clean_up()
    assert done == ["everything"]


def test_whatever_handles_a_signal_handles_it_afterwards() -> None:
    seen: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append("handled"))
    try:
        with hold_signals():
            signal.raise_signal(signal.SIGTERM)
            seen.append("block ended")
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["block ended", "handled", "handled"]


def test_nothing_changes_where_nothing_happens() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with hold_signals():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_other_threads_can_clean_up_as_well() -> None:
    done: list[str] = []

    def clean_up() -> None:
        with hold_signals():
            done.append("everything")

    thread = threading.Thread(target=clean_up)
    thread.start()
    thread.join()
    assert done == ["everything"]


@pytest.fixture(scope="class")
def handler_before() -> Iterator[None]:
    """Look at a handler before a test's own fixtures begin, and after they have ended."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    assert signal.getsignal(signal.SIGHUP) is before


@pytest.mark.usefixtures("handler_before")
class TestTests:
    def test_give_back_the_handlers_that_they_set(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

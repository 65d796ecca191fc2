"""What most tests need: the real catalog, and a small header to plan with."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import settings

from harness.descriptions import Catalog, Cell
from harness.machine import Machine
from harness.programs.interruption import SIGNALS
from harness.results.records import METHODOLOGY, BenchHeader
from suites.catalog import read_catalog

CELLS = (
    Cell("v5", "express", "local"),
    Cell("v5", "nitro", "local"),
    Cell("v5", "express", "postgres"),
)


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where a shell's `&` started pytest.

    Such a shell has its children ignore SIGINT, and a process that ignores a signal hands that on.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says something of the machine only; how to play it again is printed.
    settings.register_profile("world-harness", deadline=None, print_blob=True)
    settings.load_profile("world-harness")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes long, so that no worker is left with it at the end."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("sdk", "slow"))))


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    """Restore the handlers of signals: programs that are called here set theirs and keep them.

    One that was left makes a later test's signal the last that its process, and all that it
    starts, ever sees.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return read_catalog()


@pytest.fixture(scope="session")
def make_header(catalog: Catalog) -> Callable[..., BenchHeader]:
    """Return a function that makes a header; what a test cares about, it says."""

    def make(**changes: object) -> BenchHeader:
        names = ("no-steps", "one-step", "sequential-10")
        header = BenchHeader(
            methodology=METHODOLOGY,
            started_at="2026-01-02T03:04:05+00:00",
            harness_version="0.1.0",
            harness_commit="abc1234",
            command="world-harness bench --profile smoke --seed 7",
            profile="smoke",
            seed=7,
            forks=3,
            machine=Machine(
                system="Linux",
                processor="a processor",
                cores=2,
                memory_bytes=2**34,
                python="3.11.0",
                node="24.0.0",
            ),
            cells=CELLS,
            scenarios=tuple(catalog.scenarios[name] for name in names),
            frameworks=tuple(catalog.frameworks[name] for name in ("express", "nitro")),
            worlds=tuple(catalog.worlds[name] for name in ("local", "postgres")),
            pins={"v5": {"workflow": "5.0.0"}},
        )
        return msgspec.structs.replace(header, **changes)

    return make

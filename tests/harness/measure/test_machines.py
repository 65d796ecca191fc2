"""What earlier sessions showed of a machine is kept, and says how far sessions lie apart."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from harness.machine import Machine, describe_machine
from harness.measure.machines import (
    Memory,
    identify_subject,
    measure_drift,
    recall,
    recall_inflations,
    remember,
)
from harness.results.records import METHODOLOGY, BenchHeader


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path))
    return describe_machine("v24")


def session(number: int, centers: Sequence[float] = (1.0,), subject: str = "it") -> Memory:
    return Memory(
        started_at=f"2026-01-{number:02}",
        subject=subject,
        inflation=1.5,
        centers={f"cell {place}": center for place, center in enumerate(centers)},
    )


def test_sessions_are_recalled_in_order(machine: Machine) -> None:
    for number in (1, 2, 3):
        remember(machine, session(number))
    assert [item.started_at[-2:] for item in recall(machine)] == ["01", "02", "03"]


def test_another_machine_knows_nothing(machine: Machine) -> None:
    remember(machine, session(1))
    assert recall(msgspec.structs.replace(machine, cores=99)) == ()


def test_session_that_is_told_twice_is_kept_once(machine: Machine) -> None:
    remember(machine, session(1))
    remember(machine, session(1))
    assert len(recall(machine)) == 1


def test_line_that_was_cut_is_passed_over(machine: Machine, tmp_path: Path) -> None:
    remember(machine, session(1))
    (path,) = (tmp_path / "machines").iterdir()
    path.write_bytes(path.read_bytes() + b'{"started_at": "2026')
    assert len(recall(machine)) == 1
    remember(machine, session(2))
    assert len(recall(machine)) == 2


def test_what_another_methodology_showed_is_not_recalled(
    machine: Machine,
) -> None:
    for number, methodology in enumerate((METHODOLOGY, METHODOLOGY - 1, METHODOLOGY), start=1):
        told = msgspec.structs.replace(
            session(number), methodology=methodology, inflation=float(number), whole_inflation=2.0
        )
        remember(machine, told)
    found = recall_inflations(machine, METHODOLOGY)
    assert found.rows == (1.0, 3.0)
    assert found.wholes == (2.0, 2.0)


def test_drift_is_how_whole_sessions_lie_apart() -> None:
    """Scenarios that go up and down against each other are noise; together they are drift."""
    moved = [session(1, (1.0, 2.0)), session(2, (1.1, 2.1)), session(3, (0.9, 1.9))]
    found = measure_drift(moved, "it")
    assert found is not None
    assert found > 0.1
    noisy = [session(1, (1.0, 2.0)), session(2, (1.1, 1.9)), session(3, (0.9, 2.1))]
    assert measure_drift(noisy, "it") == pytest.approx(0.0, abs=1e-9)


def test_drift_of_a_few_sessions_is_no_smaller_than_it_may_well_be() -> None:
    random_ = random.Random(1)
    for number in (3, 12):
        found = []
        for _ in range(300):
            drawn = [session(place, (random_.gauss(1, 0.1),)) for place in range(1, number + 1)]
            found.append(measure_drift(drawn, "it") or 0.0)
        assert 0.85 < sum(drift >= 0.1 for drift in found) / 300 < 0.95


def test_two_sessions_do_not_say_how_a_machine_drifts() -> None:
    assert measure_drift([session(1), session(2, (math.log(3),))], "it") is None


def test_sessions_of_something_else_say_nothing() -> None:
    others = [session(number, subject="other") for number in range(1, 9)]
    assert measure_drift([*others, session(9)], "it") is None


def test_commits_on_the_way_to_one_release_measure_one_subject(
    make_header: Callable[..., BenchHeader],
) -> None:
    subjects = {
        identify_subject(make_header(harness_version=version))
        for version in ("1.2.4", "1.2.4.dev7+g053d0d2", "1.2.4.dev8+gb245b81.d20260101")
    }
    assert len(subjects) == 1
    assert identify_subject(make_header(harness_version="1.2.3")) not in subjects
